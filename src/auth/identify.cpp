#include "auth/auth.hpp"
#include "base/log.hpp"
#include "crypto/random.hpp"
#include "net/text.hpp"

namespace berth::auth {
namespace {

constexpr std::string_view token_prefix = "brt_";
/// Longer proofs are none of ours and are not worth hashing.
constexpr std::size_t secret_max = 256;
constexpr Duration touch_every = std::chrono::minutes(1);

Error wrong_proof(std::string what) {
    return Error(Kind::unauthenticated, "unauthenticated", std::move(what), "sign in again");
}

Error wrong_token() {
    return Error(Kind::unauthenticated, "unauthenticated", "the token is not valid or has expired",
                 "make a new token and use that");
}

/// The token that the request's headers carry: Berth-Token before Authorization, whose other schemes are not
/// ours.
std::optional<SecretText> token_secret(const net::Request& request) {
    if (const auto token = request.header("berth-token")) return SecretText(std::string(net::trim(*token)));
    const auto header = request.header("authorization");
    if (!header) return std::nullopt;
    auto rest = net::trim(*header);
    if (!net::same_word(net::cut_front(rest, ' '), "bearer")) return std::nullopt;
    return SecretText(std::string(net::trim(rest)));
}

Identity identity_of(const User& user) {
    return {.caller = {.user = user.id, .name = user.name, .role = user.role}};
}

struct TokenFacts {
    store::Token token;
    User user;
};

/// The token with its user, when both are good now.
std::optional<TokenFacts> find_token(store::Rows& rows, const std::string& hash, Time now) {
    auto token = rows.find_token(hash);
    if (!token || (token->expires_at && *token->expires_at <= now)) return std::nullopt;
    auto user = rows.find_user(token->user);
    if (!user || !user->active) return std::nullopt;
    return TokenFacts{std::move(*token), std::move(*user)};
}

/// Last use is worth no failed request: a disk that is full must not lock programs out of what they may read.
Task<> touch(store::Store& store, TokenId id, Time now) {
    auto work = [id, now](store::Tx& tx) { tx.touch_token(id, now); };
    try {
        co_await store.write(std::move(work));
    } catch (const Error& error) {
        log::warning("last use of a token was not stored", {{"token", id.text}, {"error", error.what()}});
    }
}

Task<Identity> identify_token(store::Store& store, Time now, SecretText secret) {
    if (!secret.reveal().starts_with(token_prefix) || secret.reveal().size() > secret_max)
        throw wrong_token();
    auto work = [hash = crypto::sha256_hex(secret.reveal()), now](store::Rows& rows) {
        return find_token(rows, hash, now);
    };
    const auto facts = co_await store.read(std::move(work));
    if (!facts) throw wrong_token();
    const auto& token = facts->token;
    if (!token.last_used_at || *token.last_used_at + touch_every <= now) co_await touch(store, token.id, now);
    auto identity = identity_of(facts->user);
    identity.token = token.id;
    identity.scope = json::parse_enum<Scope>(token.scope, "scope");
    identity.expires_at = token.expires_at;
    co_return identity;
}

std::optional<Identity> find_login(store::Rows& rows, const std::string& hash, Time now) {
    const auto login = rows.find_login(hash);
    if (!login || login->expires_at <= now) return std::nullopt;
    const auto user = rows.find_user(login->user);
    if (!user || !user->active) return std::nullopt;
    auto identity = identity_of(*user);
    identity.login = login->id;
    identity.expires_at = login->expires_at;
    return identity;
}

Task<Identity> identify_login(store::Store& store, Time now, SecretText secret) {
    if (secret.reveal().size() > secret_max) throw wrong_proof("your sign-in is not valid any more");
    auto work = [hash = crypto::sha256_hex(secret.reveal()), now](store::Rows& rows) {
        return find_login(rows, hash, now);
    };
    auto identity = co_await store.read(std::move(work));
    if (!identity) throw wrong_proof("your sign-in is not valid any more");
    co_return std::move(*identity);
}

/// Whoever reaches the private socket owns the machine's account that Berth runs under.
std::optional<Identity> first_admin(store::Rows& rows) {
    store::Query query;
    query.equal = {{"role", "admin"}, {"active", "true"}};
    query.sort = "createdAt";
    query.limit = 1;
    const auto page = rows.list_users(query);
    if (page.items.empty()) return std::nullopt;
    return identity_of(page.items.front());
}

}  // namespace

Task<std::optional<Identity>> identify(store::Store& store, Clock& clock, const Origin& origin,
                                       const net::Request& request) {
    const auto now = clock.now();
    if (auto token = token_secret(request)) co_return co_await identify_token(store, now, std::move(*token));
    if (request.local) co_return co_await store.read(first_admin);
    if (auto secret = cookie_secret(request, origin.cookie_name))
        co_return co_await identify_login(store, now, std::move(*secret));
    co_return std::nullopt;
}

}  // namespace berth::auth
