#pragma once

#include "api/call.hpp"
#include "store/store.hpp"

/// One create for one key, however often and however parallel it is asked for: the answer is remembered in
/// the very transaction that makes the thing.
namespace berth::api {

/// What a create is remembered by.
struct IdempotencyKey {
    UserId user;
    std::string route;
    std::string key;
    std::string body_hash;
};

/// The header of the call, or nothing. Throws `invalid` for a key that is empty or longer than 255
/// characters.
std::optional<IdempotencyKey> idempotency_key(const Call& call);

/// The body that was answered to this key before. Throws `invalid` (`idempotency_mismatch`) when it came with
/// another request body.
std::optional<std::string> find_answer(store::Tx& tx, const std::optional<IdempotencyKey>& key);
/// Keeps the answer for `remembered_for`.
void remember_answer(store::Tx& tx, const std::optional<IdempotencyKey>& key, const std::string& body,
                     Time now);

inline constexpr Duration remembered_for = std::chrono::hours(24);

/// Runs `make` (a view out of `Tx&`) unless the key was answered before. `collection` is the path that the
/// new thing's `id` (or `name`, when it has no id) is added to for its Location.
template <class F, class View = std::invoke_result_t<F, store::Tx&>>
Created<View> create_once(store::Tx& tx, const std::optional<IdempotencyKey>& key,
                          const std::string& collection, Time now, F make) {
    Created<View> created;
    if (auto answer = find_answer(tx, key)) {
        created.text = std::move(*answer);
        created.replayed = true;
    } else {
        created.text = json::write(json::to_json(make(tx)));
        remember_answer(tx, key, created.text, now);
    }
    const auto tree = json::parse(created.text);
    const auto& thing = tree.as_object();
    const auto& name = thing.contains("id") ? thing.at("id") : thing.at("name");
    created.location = collection + "/" + net::percent_encode(std::string_view(name.as_string()));
    return created;
}

}  // namespace berth::api
