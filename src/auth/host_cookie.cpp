#include "auth/host_cookie.hpp"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "crypto/random.hpp"
#include "net/text.hpp"

namespace berth::auth {
namespace {

std::string mac_hex(const SecretText& key, std::string_view host, std::string_view claims) {
    const std::string text = net::lower(host) + "\n" + std::string(claims);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    const auto* secret = reinterpret_cast<const unsigned char*>(key.reveal().data());
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, secret, key.reveal().size());
    crypto_auth_hmacsha256_update(&state, bytes, text.size());
    crypto_auth_hmacsha256_final(&state, mac);
    static constexpr char digits[] = "0123456789abcdef";
    std::string hex;
    for (const auto byte : mac) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

bool id_text(std::string_view text) {
    const auto fits = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), fits);
}

bool hash_text(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Error no_session(std::string_view host) {
    return Error(Kind::not_found, "not_found", "no session at " + quoted(host.substr(0, 128)));
}

}  // namespace

Task<std::string> issue_host_ticket(store::Store& store, Clock& clock, Origin origin, Identity identity,
                                    std::string host, std::string nonce, std::string to) {
    if (!identity.by_cookie())
        throw Error(Kind::forbidden, "browser_needed",
                    "only a signed-in browser can open a session's own host this way",
                    "send the token to the session host in the Berth-Token header");
    if (!hash_text(nonce)) throw Error(Kind::invalid, "invalid_field", "nonce: expected 64 hex digits");
    if (!own_path(to))
        throw Error(Kind::invalid, "invalid_field", "to: expected a path that starts with one slash");
    const std::string wanted = net::lower(host);
    const auto label = host_label(origin, wanted);
    if (!label) throw no_session(host);
    store::Ticket ticket{.secret_hash = {},
                         .kind = store::TicketKind::session_host,
                         .user = identity.caller.user,
                         .login = identity.login,
                         .host = wanted,
                         .nonce = nonce,
                         .expires_at = clock.now() + host_ticket_lifetime};
    auto issue = [ticket = std::move(ticket), label = std::string(*label)](store::Tx& tx) {
        const auto session = find_session_by_label(tx, label);
        if (!session || session->user != ticket.user || session->status.phase == Phase::gone)
            throw no_session(ticket.host);
        return issue_ticket(tx, ticket);
    };
    const SecretText secret = co_await store.write(std::move(issue));
    co_return (origin.https ? "https://" : "http://") + wanted +
        "/.berth/ticket?ticket=" + net::percent_encode(secret.reveal()) + "&to=" + net::percent_encode(to);
}

std::string host_cookie_name(const Origin& origin) {
    return origin.cookie_name + "-session";
}

std::string host_nonce_name(const Origin& origin) {
    return origin.cookie_name + "-nonce";
}

std::string seal_host_cookie(const SecretText& key, std::string_view host, const HostPass& pass) {
    const std::string claims = pass.user.text + "." + pass.login.text + "." +
                               std::to_string(pass.expires_at.time_since_epoch().count());
    return claims + "." + mac_hex(key, host, claims);
}

std::optional<HostPass> open_host_cookie(const SecretText& key, std::string_view host, std::string_view text,
                                         Time now) {
    if (text.size() > 512) return std::nullopt;
    const auto last = text.rfind('.');
    if (last == std::string_view::npos) return std::nullopt;
    const auto claims = text.substr(0, last);
    if (!crypto::equal_in_constant_time(mac_hex(key, host, claims), text.substr(last + 1)))
        return std::nullopt;
    auto rest = claims;
    const auto user = net::cut_front(rest, '.');
    const auto login = net::cut_front(rest, '.');
    std::int64_t milliseconds = 0;
    const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), milliseconds);
    if (failure != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
    if (!id_text(user) || !id_text(login)) return std::nullopt;
    const Time expires_at{Duration(milliseconds)};
    if (expires_at <= now) return std::nullopt;
    return HostPass{.user = {std::string(user)}, .login = {std::string(login)}, .expires_at = expires_at};
}

SecretText host_cookie_key(store::Tx& tx) {
    if (auto kept = tx.find_setting(host_cookie_key_setting)) return SecretText(*kept);
    const auto made = crypto::random_secret();
    tx.set_setting(host_cookie_key_setting, made.reveal());
    return made;
}

std::optional<std::string_view> host_label(const Origin& origin, std::string_view host) {
    const std::string_view domain = origin.apps_domain;
    if (host.size() <= domain.size() + 1) return std::nullopt;
    const auto at = host.size() - domain.size();
    if (host[at - 1] != '.' || !net::same_word(host.substr(at), domain)) return std::nullopt;
    const auto label = host.substr(0, at - 1);
    const auto fits = [](char c) {
        return (net::lower(c) >= 'a' && net::lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (label.size() > 63 || !std::all_of(label.begin(), label.end(), fits)) return std::nullopt;
    return label;
}

std::optional<Session> find_session_by_label(store::Rows& rows, std::string_view label) {
    if (auto session = rows.find_session_by_host(label)) return session;
    const auto inner = session_label(label);
    if (inner == label) return std::nullopt;
    return rows.find_session_by_host(inner);
}

std::string_view session_label(std::string_view label) {
    const auto at = label.find("--");
    return at == std::string_view::npos ? label : label.substr(at + 2);
}

bool own_path(std::string_view to) {
    if (to.empty() || to.front() != '/' || to.size() > 8192) return false;
    if (to.size() > 1 && to[1] == '/') return false;
    return std::none_of(to.begin(), to.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x21 || c == 0x7F || c == '\\';
    });
}

}  // namespace berth::auth
