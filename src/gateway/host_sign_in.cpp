#include "gateway/host_sign_in.hpp"

#include <algorithm>

#include "crypto/random.hpp"
#include "gateway/pages.hpp"
#include "net/text.hpp"

namespace berth::gateway {
namespace {

constexpr Duration nonce_lifetime = std::chrono::minutes(10);

bool nonce_text(std::string_view text) {
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return text.size() >= 26 && text.size() <= 64 && std::all_of(text.begin(), text.end(), fits);
}

net::Response redirect(std::string to) {
    net::Response response;
    response.status = 302;
    response.headers = {
        {"Location", std::move(to)}, {"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}};
    return response;
}

std::string parameter(std::string_view target, std::string_view name) {
    net::cut_front(target, '?');
    while (!target.empty()) {
        auto pair = net::cut_front(target, '&');
        if (net::cut_front(pair, '=') == name) return net::percent_decode(pair, true).value_or("");
    }
    return {};
}

}  // namespace

std::string next_path(std::string_view target) {
    auto to = parameter(target, "to");
    return auth::own_path(to) ? to : "/";
}

namespace {

net::Response expired() {
    return refusal_page(
        {.status = 403,
         .code = "ticket_invalid",
         .title = "This link is used up",
         .detail = "A link from the platform to a session works once, for 30 seconds, in the browser "
                   "that asked for it.",
         .next = "Open the session again from the platform, or reload its address."});
}

}  // namespace

std::string HostSignIn::cookie(std::string_view name, std::string_view value, Duration max_age) const {
    std::string text(name);
    text.append("=").append(value).append("; Path=/; HttpOnly; SameSite=Lax");
    if (origin_.https) text += "; Secure";
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(max_age).count();
    return text + "; Max-Age=" + std::to_string(seconds);
}

net::Response HostSignIn::send_for_ticket(std::string_view host, std::string_view target,
                                          std::string_view nonce) const {
    // One that is there stays: several tabs of one browser may be on their way at once.
    const bool fresh = !nonce_text(nonce);
    const std::string secret = fresh ? crypto::random_text(32) : std::string(nonce);
    const std::string to = auth::own_path(target) ? std::string(target) : "/";
    auto response =
        redirect(origin_.url + "/auth/session-ticket?host=" + net::percent_encode(net::lower(host)) +
                 "&nonce=" + crypto::sha256_hex(secret) + "&to=" + net::percent_encode(to));
    if (fresh)
        response.headers.emplace_back("Set-Cookie",
                                      cookie(auth::host_nonce_name(origin_), secret, nonce_lifetime));
    return response;
}

Task<net::Response> HostSignIn::take_ticket(std::string host, std::string target, std::string nonce) {
    const std::string secret = parameter(target, "ticket");
    std::string to = next_path(target);
    if (secret.empty() || !nonce_text(nonce)) co_return expired();
    const Time now = clock_.now();
    const std::string here = net::lower(host);
    auto take = [hash = crypto::sha256_hex(secret), nonce_hash = crypto::sha256_hex(nonce), here,
                 now](store::Tx& tx) -> std::optional<auth::HostPass> {
        const auto ticket = tx.take_ticket(hash, store::TicketKind::session_host, now);
        if (!ticket || ticket->host != here || ticket->nonce != nonce_hash) return std::nullopt;
        const auto login = tx.find_login(ticket->login);
        if (!login || login->user != ticket->user || login->expires_at <= now) return std::nullopt;
        return auth::HostPass{.user = ticket->user, .login = ticket->login, .expires_at = login->expires_at};
    };
    const auto pass = co_await store_.write(std::move(take));
    if (!pass) co_return expired();
    auto response = redirect(std::move(to));
    const auto sealed = auth::seal_host_cookie(gatekeeper_.key(), here, *pass);
    response.headers.emplace_back("Set-Cookie",
                                  cookie(auth::host_cookie_name(origin_), sealed, pass->expires_at - now));
    response.headers.emplace_back("Set-Cookie", cookie(auth::host_nonce_name(origin_), "", Duration(0)));
    co_return response;
}

}  // namespace berth::gateway
