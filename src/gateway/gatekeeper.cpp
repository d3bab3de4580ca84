#include "gateway/gatekeeper.hpp"

#include "net/text.hpp"

namespace berth::gateway {

bool OwnCookies::holds(std::string_view name) const {
    return net::same_word(name, platform) || net::same_word(name, session) || net::same_word(name, nonce);
}

OwnCookies own_cookies(const auth::Origin& origin) {
    return {.platform = origin.cookie_name,
            .session = auth::host_cookie_name(origin),
            .nonce = auth::host_nonce_name(origin)};
}

Proof find_cookie(const net::RequestHead& head, std::string_view name) {
    Proof proof;
    for (const auto& field : head.fields) {
        if (field.id != net::Name::cookie) continue;
        auto rest = field.value;
        while (!rest.empty()) {
            auto pair = net::trim(net::cut_front(rest, ';'));
            if (net::trim(net::cut_front(pair, '=')) != name) continue;
            if (proof.kind != Proof::Kind::none) return {.kind = Proof::Kind::twice, .text = {}};
            proof = {.kind = Proof::Kind::cookie, .text = net::trim(pair)};
        }
    }
    return proof;
}

Proof find_proof(const net::RequestHead& head, const OwnCookies& cookies) {
    Proof token;
    for (const auto& field : head.fields) {
        if (field.id != net::Name::berth_token) continue;
        if (token.kind != Proof::Kind::none) return {.kind = Proof::Kind::twice, .text = {}};
        token = {.kind = Proof::Kind::token, .text = field.value};
    }
    return token.kind != Proof::Kind::none ? token : find_cookie(head, cookies.session);
}

bool StoreGatekeeper::Standing::covers(const Visitor& visitor) const {
    if (!active) return false;
    return visitor.by_cookie() ? logins.contains(visitor.login) : tokens.contains(visitor.token);
}

StoreGatekeeper::StoreGatekeeper(store::Store& store, Clock& clock, auth::Origin origin)
    : store_(store), clock_(clock), origin_(std::move(origin)) {}

Task<> StoreGatekeeper::start() {
    auto make = [](store::Tx& tx) { return auth::host_cookie_key(tx); };
    key_ = co_await store_.write(std::move(make));
}

Task<std::shared_ptr<const Visitor>> StoreGatekeeper::admit(Proof::Kind kind, std::string text,
                                                            std::string host) {
    if (kind == Proof::Kind::cookie) return admit_cookie(std::move(text), std::move(host));
    return admit_token(std::move(text));
}

Task<std::shared_ptr<const Visitor>> StoreGatekeeper::admit_cookie(std::string text, std::string host) {
    const Time now = clock_.now();
    const auto pass = auth::open_host_cookie(key_, host, text, now);
    if (!pass) co_return nullptr;
    auto read = [pass = *pass, now](store::Rows& rows) -> std::optional<User> {
        const auto login = rows.find_login(pass.login);
        if (!login || login->user != pass.user || login->expires_at <= now) return std::nullopt;
        auto user = rows.find_user(pass.user);
        if (!user || !user->active) return std::nullopt;
        return user;
    };
    const auto user = co_await store_.read(std::move(read));
    if (!user) co_return nullptr;
    co_return std::make_shared<const Visitor>(
        Visitor{.user = user->id,
                .name = user->name,
                .login = pass->login,
                .token = {},
                .until = std::min(now + verdict_lifetime, pass->expires_at)});
}

Task<std::shared_ptr<const Visitor>> StoreGatekeeper::admit_token(std::string text) {
    const Time now = clock_.now();
    net::Request request;
    request.method = "GET";
    request.headers.emplace_back("Berth-Token", std::move(text));
    std::optional<auth::Identity> identity;
    try {
        identity = co_await auth::identify(store_, clock_, origin_, request);
    } catch (const Error& error) {
        if (error.kind != Kind::unauthenticated && error.kind != Kind::invalid) throw;
    }
    // A token that may only read cannot use a session: whatever goes in there may change something.
    if (!identity || identity->scope == auth::Scope::read) co_return nullptr;
    co_return std::make_shared<const Visitor>(Visitor{
        .user = identity->caller.user,
        .name = identity->caller.name,
        .login = {},
        .token = identity->token,
        .until = std::min(now + verdict_lifetime, identity->expires_at.value_or(now + verdict_lifetime))});
}

Task<StoreGatekeeper::Standing> StoreGatekeeper::reconsider(UserId user) {
    revision_.fetch_add(1, std::memory_order_acq_rel);
    auto read = [user, now = clock_.now()](store::Rows& rows) {
        Standing standing;
        const auto row = rows.find_user(user);
        standing.active = row && row->active;
        for (const auto& login : rows.list_logins(user))
            if (login.expires_at > now) standing.logins.insert(login.id);
        for (const auto& token : rows.list_tokens(user)) standing.tokens.insert(token.id);
        return standing;
    };
    co_return co_await store_.read(std::move(read));
}

}  // namespace berth::gateway
