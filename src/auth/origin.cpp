#include <algorithm>

#include "auth/auth.hpp"
#include "crypto/random.hpp"
#include "net/text.hpp"

namespace berth::auth {
namespace {

/// Characters that a cookie's name may hold (a conservative part of RFC 6265's token).
bool plain_word(std::string_view text) {
    const auto plain = [](char c) {
        return (net::lower(c) >= 'a' && net::lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
    };
    return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, plain);
}

std::string cookie_name_of(bool https, std::string_view instance) {
    if (https) return "__Host-berth";
    if (instance.empty()) return "berth";
    return "berth_" +
           (plain_word(instance) ? std::string(instance) : crypto::sha256_hex(instance).substr(0, 12));
}

std::string cookie(const Origin& origin, std::string_view text, Duration max_age) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(max_age).count();
    std::string header = origin.cookie_name + "=" + std::string(text) +
                         "; Path=/; Max-Age=" + std::to_string(seconds) + "; HttpOnly; SameSite=Strict";
    if (origin.https) header += "; Secure";
    return header;
}

Error refused(std::string detail) {
    return Error(Kind::forbidden, "origin_refused", "this request did not come from a page of this Berth",
                 "reload the page and try again", std::move(detail));
}

}  // namespace

Origin make_origin(std::string_view url, std::string_view apps_domain, std::string_view instance) {
    auto text = net::lower(url);
    if (text.ends_with('/')) text.pop_back();
    const bool https = text.starts_with("https://");
    const auto scheme = https ? std::string_view("https://") : std::string_view("http://");
    auto authority = text.starts_with(scheme) ? text.substr(scheme.size()) : std::string();
    if (authority.empty() || authority.find_first_of("/?#@ ") != std::string::npos)
        throw Error(
            Kind::invalid, "invalid_field",
            "url: expected http://HOST[:PORT] or https://HOST[:PORT], not " + quoted(url.substr(0, 128)));
    // Browsers leave the port of the scheme out of what they send as Origin.
    const auto usual = https ? std::string_view(":443") : std::string_view(":80");
    if (authority.ends_with(usual)) authority.resize(authority.size() - usual.size());
    return {.url = std::string(scheme) + authority,
            .apps_domain = apps_domain.empty() ? authority : net::lower(apps_domain),
            .cookie_name = cookie_name_of(https, instance),
            .https = https};
}

std::string make_cookie(const Origin& origin, const SecretText& secret, Duration max_age) {
    return cookie(origin, secret.reveal(), max_age);
}

std::string clear_cookie(const Origin& origin) {
    return cookie(origin, "", Duration(0));
}

std::optional<SecretText> cookie_secret(const net::Request& request, std::string_view cookie_name) {
    std::optional<std::string_view> found;
    for (std::string_view rest : net::all_headers(request.headers, "cookie")) {
        while (!rest.empty()) {
            auto text = net::trim(net::cut_front(rest, ';'));
            if (net::trim(net::cut_front(text, '=')) != cookie_name) continue;
            if (found)
                throw Error(Kind::invalid, "duplicate_cookie",
                            "the request carries the cookie " + quoted(cookie_name) + " twice",
                            "clear the cookies of this site, then sign in again");
            found = net::trim(text);
        }
    }
    if (!found || found->empty()) return std::nullopt;
    return SecretText(std::string(*found));
}

void require_own_origin(const Origin& origin, const Identity& identity, const net::Request& request) {
    if (!identity.by_cookie()) return;
    const bool reads = request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
    if (reads && !request.header("upgrade")) return;
    const auto origins = net::all_headers(request.headers, "origin");
    if (origins.size() > 1) throw refused("two Origin headers");
    if (origins.size() == 1) {
        if (net::same_word(origins.front(), origin.url)) return;
        throw refused("its Origin is " + quoted(origins.front().substr(0, 128)) + ", ours is " +
                      quoted(origin.url));
    }
    const auto sites = net::all_headers(request.headers, "sec-fetch-site");
    if (sites.size() == 1 && sites.front() == "same-origin") return;
    throw refused("no Origin header");
}

}  // namespace berth::auth
