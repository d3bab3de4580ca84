#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"
#include "crypto/random.hpp"
#include "plan/name.hpp"

namespace berth::api {
namespace {

constexpr std::size_t tokens_max = 100;
constexpr Duration longest_lifetime = std::chrono::hours(24 * 366);

acts::Happening about(const Caller& caller, std::string kind, const TokenId& id, const std::string& name,
                      Time now) {
    return {.at = now,
            .actor = caller.name,
            .kind = std::move(kind),
            .subject_kind = "user",
            .subject = caller.user.text,
            .owner = caller.user,
            .data = {{"token", id.text}, {"name", name}}};
}

void check_lifetime(const std::optional<Duration>& length) {
    if (length && (*length <= Duration(0) || *length > longest_lifetime))
        json::refuse_type("expiresIn", "expected more than 0s and at most 366d");
}

}  // namespace

Task<view::List<view::Token>> list_tokens(Call call) {
    auto read = [user = call.who().caller.user](store::Rows& rows) { return rows.list_tokens(user); };
    const auto rows = co_await call.services->store.read(std::move(read));
    view::List<view::Token> list{.total = std::ssize(rows)};
    for (const auto& row : rows)
        list.items.push_back({.id = row.id,
                              .name = row.name,
                              .scope = json::parse_enum<auth::Scope>(row.scope, "scope"),
                              .created_at = row.created_at,
                              .expires_at = row.expires_at,
                              .last_used_at = row.last_used_at});
    co_return list;
}

Task<Created<view::IssuedToken>> add_token(Call call, view::TokenRequest body) {
    auto& services = *call.services;
    const auto now = services.now();
    plan::check_name("token", body.name);
    check_lifetime(body.expires_in);
    if (body.scope == auth::Scope::admin && !call.who().caller.admin())
        throw Error(Kind::forbidden, "forbidden", "a token of scope admin is an administrator's",
                    "use scope sessions");
    store::Token row{.id = {crypto::new_id("tok")},
                     .user = call.who().caller.user,
                     .name = body.name,
                     .scope = json::enum_name(body.scope),
                     .created_at = now};
    if (body.expires_in) row.expires_at = now + *body.expires_in;
    const auto secret = auth::issue_token(row);
    auto write = [caller = call.caller(), row, now](store::Tx& tx) {
        if (tx.list_tokens(caller.user).size() >= tokens_max)
            throw Error(Kind::too_many, "quota_exceeded", "you have 100 tokens, which is the limit",
                        "revoke one that is not used any more");
        tx.insert_token(row);
        acts::append_audit(tx, about(caller, "user.tokenIssued", row.id, row.name, now));
    };
    co_await services.store.write(std::move(write));
    const view::IssuedToken issued{.id = row.id,
                                   .name = row.name,
                                   .scope = body.scope,
                                   .created_at = row.created_at,
                                   .expires_at = row.expires_at,
                                   .token = secret.reveal()};
    co_return Created<view::IssuedToken>{.text = json::write(json::to_json(issued)),
                                         .location = "/api/v1/users/me/tokens/" + row.id.text};
}

/// A token may always end itself: that is how a program signs out.
Task<Nothing> delete_token(Call call, TokenId id) {
    const auto& who = call.who();
    if (!who.by_cookie() && who.scope < auth::Scope::admin && who.token != id)
        throw Error(Kind::forbidden, "forbidden",
                    "this token's scope is " + json::enum_name(who.scope) + ", and only itself can it revoke",
                    "revoke others where you sign in by name");
    auto write = [caller = call.caller(), id, now = call.services->now()](store::Tx& tx) {
        if (!tx.delete_token(caller.user, id)) throw acts::no_such("token");
        acts::append_audit(tx, about(caller, "user.tokenRevoked", id, "", now));
    };
    co_await call.services->store.write(std::move(write));
    co_return Nothing{};
}

}  // namespace berth::api
