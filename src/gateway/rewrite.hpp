#pragma once

#include <string>

#include "gateway/gatekeeper.hpp"
#include "net/head.hpp"

/// What changes in a head on its way through. Pure: text in, text out.
namespace berth::gateway {

struct RequestChanges {
    const OwnCookies& cookies;
    std::string_view remote;  ///< Address of the client; empty on a Unix socket.
    std::string_view user;    ///< Name of who sent it.
    bool https = false;
    bool upgrade = false;  ///< Pass the Upgrade on.
};

/// Appends the head as the application gets it: HTTP/1.1, without hop-by-hop fields, without our cookies and
/// token, without whatever claims to come from a proxy, and with what we say of the client. Host,
/// Authorization and all else pass.
void rewrite_request(std::string& out, const net::RequestHead& head, const RequestChanges& changes);

struct ResponseChanges {
    const OwnCookies& cookies;
    bool chunked = false;  ///< The body goes out in chunks.
    bool keep = true;      ///< The client's connection goes on.
    bool old = false;      ///< The client speaks HTTP/1.0.
};

/// Appends the head as the client gets it: without hop-by-hop fields, cookies for a whole domain or of our
/// names, and Service-Worker-Allowed. An answer 101 keeps its Upgrade.
void rewrite_response(std::string& out, const net::ResponseHead& head, const ResponseChanges& changes);

/// Whether a Set-Cookie field of an application may pass.
bool may_set(std::string_view set_cookie, const OwnCookies& cookies);

}  // namespace berth::gateway
