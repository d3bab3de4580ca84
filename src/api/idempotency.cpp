#include "api/idempotency.hpp"

#include "api/routes.hpp"
#include "crypto/random.hpp"

namespace berth::api {

std::optional<IdempotencyKey> idempotency_key(const Call& call) {
    const auto text = call.request->header("Idempotency-Key");
    if (!text) return std::nullopt;
    if (text->empty() || text->size() > 255)
        throw Error(Kind::invalid, "invalid_field", "Idempotency-Key: expected 1 to 255 characters");
    return IdempotencyKey{.user = call.who().caller.user,
                          .route = method_name(call.route->method) + " " + std::string(call.route->pattern),
                          .key = std::string(*text),
                          .body_hash = crypto::sha256_hex(call.request->body)};
}

std::optional<std::string> find_answer(store::Tx& tx, const std::optional<IdempotencyKey>& key) {
    if (!key) return std::nullopt;
    const auto found = tx.find_remembered(key->user, key->route, key->key);
    if (!found) return std::nullopt;
    if (found->body_hash != key->body_hash)
        throw Error(Kind::invalid, "idempotency_mismatch",
                    "Idempotency-Key " + quoted(key->key) + " was used for another request",
                    "send a new key");
    return found->body;
}

void remember_answer(store::Tx& tx, const std::optional<IdempotencyKey>& key, const std::string& body,
                     Time now) {
    if (!key) return;
    const store::Remembered answer{.body_hash = key->body_hash, .status = 201, .body = body};
    tx.remember(key->user, key->route, key->key, answer, now + remembered_for);
}

}  // namespace berth::api
