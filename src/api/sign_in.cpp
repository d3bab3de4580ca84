#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"
#include "api/static_files.hpp"
#include "auth/host_cookie.hpp"
#include "crypto/random.hpp"

namespace berth::api {
namespace {

constexpr std::size_t user_agent_max = 256;

std::string user_agent(const Call& call) {
    std::string text(call.request->header("User-Agent").value_or(""));
    return text.substr(0, user_agent_max);
}

/// Signing in by a page of somebody else's would sign a person in as that somebody.
void require_own_page(const Call& call) {
    const auto origin = call.request->header("Origin");
    if (!origin || *origin == call.services->origin.url) return;
    throw Error(Kind::forbidden, "origin_refused", "this came from a page of " + quoted(*origin),
                "open " + call.services->origin.url);
}

Nothing with_cookie(const Services& services, const auth::SignedIn& signed_in) {
    return {.cookie = auth::make_cookie(services.origin, signed_in.secret, auth::login_lifetime)};
}

}  // namespace

Task<view::AuthState> auth_state(Call call) {
    auto read = [identity = call.identity, url = call.services->origin.url](store::Rows& rows) {
        view::AuthState state{.methods = {"password"}, .first_run = rows.count_admins() == 0, .url = url};
        if (!identity) return state;
        const auto user = rows.find_user(identity->caller.user);
        if (!user) return state;
        state.signed_in = true;
        state.user = view::SignedInUser{
            .id = user->id, .name = user->name, .display_name = user->display_name, .role = user->role};
        return state;
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<Nothing> sign_in(Call call, view::PasswordSignIn body) {
    require_own_page(call);
    auto& services = *call.services;
    SecretText password(std::move(body.password));
    const auto signed_in = co_await auth::sign_in(
        services.store, services.clock, services.passwords, services.attempts, std::move(body.name),
        std::move(password), user_agent(call), call.request->remote);
    co_return with_cookie(services, signed_in);
}

Task<Nothing> sign_in_by_ticket(Call call, view::TicketSignIn body) {
    require_own_page(call);
    auto& services = *call.services;
    SecretText ticket(std::move(body.ticket));
    std::optional<SecretText> password;
    if (body.password) password.emplace(std::move(*body.password));
    const auto signed_in =
        co_await auth::redeem_ticket(services.store, services.clock, services.passwords, std::move(ticket),
                                     std::move(body.name), std::move(password), user_agent(call));
    co_return with_cookie(services, signed_in);
}

Task<view::TicketState> look_at_ticket(Call call, std::string ticket) {
    auto read = [hash = crypto::sha256_hex(ticket), now = call.services->now()](store::Rows& rows) {
        view::TicketState state{.kind = "sign_in"};
        const auto found = rows.find_ticket(hash, now);
        if (!found || found->kind == store::TicketKind::session_host) return state;
        state.valid = true;
        if (found->kind == store::TicketKind::first_admin) state.kind = "first_admin";
        if (const auto user = rows.find_user(found->user)) state.name = user->name;
        return state;
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::SignInLink> make_first_link(Call call) {
    auto& services = *call.services;
    if (!call.request->local)
        throw Error(Kind::forbidden, "forbidden",
                    "only who may open this Berth's private socket may ask this",
                    "run berth up on its machine, with its data directory");
    auto write = [now = services.now()](store::Tx& tx) { return auth::issue_first_ticket(tx, now); };
    const auto secret = co_await services.store.write(std::move(write));
    if (!secret)
        throw Error(Kind::conflict, "administered", "this Berth has an administrator already",
                    "ask an administrator for a sign-in link");
    co_return view::SignInLink{.sign_in_link = services.origin.url + "/sign-in/" + secret->reveal()};
}

Task<Nothing> sign_out(Call call) {
    require_own_page(call);
    auto& services = *call.services;
    Nothing done{.cookie = auth::clear_cookie(services.origin)};
    if (!call.identity || !call.identity->by_cookie()) co_return done;
    auto write = [identity = *call.identity, now = services.now()](store::Tx& tx) {
        tx.delete_login(identity.login);
        const acts::Happening happening{.at = now,
                                        .actor = identity.caller.name,
                                        .kind = "user.logout",
                                        .subject_kind = "user",
                                        .subject = identity.caller.user.text,
                                        .owner = identity.caller.user,
                                        .data = {{"login", identity.login.text}}};
        acts::append_audit(tx, happening);
    };
    co_await services.store.write(std::move(write));
    co_return done;
}

Task<Redirect> issue_host_ticket(Call call, Params<view::HostTicketQuery> query) {
    auto& services = *call.services;
    if (!call.identity || !call.identity->by_cookie())
        co_return Redirect{"/sign-in?to=" + net::percent_encode(call.request->target)};
    auto to = query.to.value_or("/");
    try {
        auto location =
            co_await auth::issue_host_ticket(services.store, services.clock, services.origin, *call.identity,
                                             query.host, query.nonce, std::move(to));
        co_return Redirect{std::move(location)};
    } catch (const Error& error) {
        // A bookmark of a session that is gone: the web interface says so in its own words.
        if (!wants_page(*call.request) || error.kind != Kind::not_found) throw;
    }
    co_return Redirect{"/no-such-session"};
}

}  // namespace berth::api
