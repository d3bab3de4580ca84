#include "gateway/rewrite.hpp"

#include <algorithm>

#include "net/answer.hpp"
#include "net/text.hpp"

namespace berth::gateway {
namespace {

using net::Name;

void add(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

bool hop_by_hop(Name id) {
    switch (id) {
        case Name::connection:
        case Name::http2_settings:
        case Name::keep_alive:
        case Name::proxy_authenticate:
        case Name::proxy_authorization:
        case Name::proxy_connection:
        case Name::te:
        case Name::trailer:
        case Name::transfer_encoding:
        case Name::upgrade:
            return true;
        default:
            return false;
    }
}

/// What only we may say to an application.
bool ours_to_say(Name id) {
    return id == Name::berth_token || id == Name::forwarded || id == Name::x_berth || id == Name::x_forwarded;
}

/// A token of ours in the header that is the application's own: sent by mistake, and not for its eyes.
bool is_our_token(std::string_view value) {
    return net::same_word(net::cut_front(value, ' '), "bearer") && net::trim(value).starts_with("brt_");
}

/// Every pair but ours, as they came; the whole field goes when nothing is left.
void add_cookies(std::string& out, std::string_view value, const OwnCookies& cookies) {
    const auto start = out.size();
    bool any = false;
    out.append("Cookie: ");
    while (!value.empty()) {
        const auto pair = net::trim(net::cut_front(value, ';'));
        auto rest = pair;
        if (pair.empty() || cookies.holds(net::trim(net::cut_front(rest, '=')))) continue;
        if (any) out.append("; ");
        out.append(pair);
        any = true;
    }
    if (any)
        out.append("\r\n");
    else
        out.resize(start);
}

/// A name may hold any character that a person's name has: what is no visible ASCII goes percent-encoded.
void add_user(std::string& out, std::string_view user) {
    const auto plain = [](char c) { return c > 0x20 && c < 0x7F && c != '%'; };
    add(out, "X-Berth-User",
        std::all_of(user.begin(), user.end(), plain) ? std::string(user) : net::percent_encode(user));
}

}  // namespace

void rewrite_request(std::string& out, const net::RequestHead& head, const RequestChanges& changes) {
    out.append(head.method).append(" ").append(head.path).append(" HTTP/1.1\r\n");
    add(out, "Host", head.host);
    for (const auto& field : head.fields) {
        if (field.id == Name::other || field.id == Name::accept) {
            if (!head.nominated.empty() && net::has_word(head.nominated, field.name)) continue;
        } else if (field.id == Name::cookie) {
            add_cookies(out, field.value, changes.cookies);
            continue;
        } else if (field.id == Name::authorization && is_our_token(field.value)) {
            continue;
        } else if (field.id == Name::host || hop_by_hop(field.id) || ours_to_say(field.id)) {
            continue;
        }
        add(out, field.name, field.value);
    }
    if (head.framing == net::Framing::chunked) out.append("Transfer-Encoding: chunked\r\n");
    if (!changes.remote.empty()) add(out, "X-Forwarded-For", changes.remote);
    add(out, "X-Forwarded-Proto", changes.https ? "https" : "http");
    add(out, "X-Forwarded-Host", head.host);
    add_user(out, changes.user);
    if (changes.upgrade) {
        add(out, "Connection", "Upgrade");
        add(out, "Upgrade", head.upgrade);
    }
    out.append("\r\n");
}

bool may_set(std::string_view set_cookie, const OwnCookies& cookies) {
    auto pair = net::cut_front(set_cookie, ';');
    const auto name = net::trim(net::cut_front(pair, '='));
    // A browser sends a cookie without a name as its value alone, which may look like one of ours.
    if (name.empty() || cookies.holds(name)) return false;
    while (!set_cookie.empty()) {
        auto attribute = net::cut_front(set_cookie, ';');
        if (net::same_word(net::trim(net::cut_front(attribute, '=')), "domain")) return false;
    }
    return true;
}

void rewrite_response(std::string& out, const net::ResponseHead& head, const ResponseChanges& changes) {
    out.append("HTTP/1.1 ");
    for (const int unit : {100, 10, 1}) out += static_cast<char>('0' + head.status / unit % 10);
    out.append(" ").append(head.reason).append("\r\n");
    for (const auto& field : head.fields) {
        if (hop_by_hop(field.id) || field.id == Name::service_worker_allowed) continue;
        if (field.id == Name::set_cookie && !may_set(field.value, changes.cookies)) continue;
        if (!head.nominated.empty() && field.id == Name::other && net::has_word(head.nominated, field.name))
            continue;
        add(out, field.name, field.value);
    }
    if (head.status == 101) {
        add(out, "Connection", "Upgrade");
        add(out, "Upgrade", head.upgrade);
    } else {
        if (changes.chunked) out.append("Transfer-Encoding: chunked\r\n");
        if (!changes.keep)
            out.append("Connection: close\r\n");
        else if (changes.old)
            out.append("Connection: keep-alive\r\n");
    }
    out.append("\r\n");
}

}  // namespace berth::gateway
