#pragma once

#include <optional>
#include <string>

#include "auth/auth.hpp"

/// How a sign-in on the platform's origin reaches a session's own host.
///
/// 1. A navigation without our cookie arrives at the session host. The gateway sets a nonce cookie there and
///    redirects to `PLATFORM/auth/session-ticket?host=HOST&nonce=HASH&to=/path` (HASH of the nonce).
/// 2. The platform knows the person by its own cookie and calls `issue_host_ticket`, which gives the address
/// to
///    redirect to: `http://HOST/.berth/ticket?ticket=…&to=…`.
/// 3. The gateway takes the ticket, compares user, host and nonce, and sets the session host's own cookie,
/// which is
///    `seal_host_cookie`: no row of its own, valid while the sign-in is.
namespace berth::auth {

/// Makes a ticket for the session host that `identity` may open, and gives the absolute address that takes
/// it.
///
/// `host` is the Host of the session as the browser named it (with its port); `nonce` the hash from the
/// query; `to` the path and query to end at. Throws `not_found` for a host that is not of this Berth or whose
/// session is not the caller's (one wording for both), `forbidden` (`browser_needed`) for an identity without
/// a browser's sign-in, `invalid` for a malformed nonce or path.
Task<std::string> issue_host_ticket(store::Store& store, Clock& clock, Origin origin, Identity identity,
                                    std::string host, std::string nonce, std::string to);

/// What a session host's cookie says.
struct HostPass {
    UserId user;
    LoginId login;
    Time expires_at{};
    bool operator==(const HostPass&) const = default;
};

/// The name of a session host's cookie and of the nonce that a ticket is bound to.
std::string host_cookie_name(const Origin& origin);
std::string host_nonce_name(const Origin& origin);

/// `USER.LOGIN.EXPIRY.MAC`: the MAC (HMAC-SHA-256, hex) covers the host too, so no host's cookie opens
/// another.
std::string seal_host_cookie(const SecretText& key, std::string_view host, const HostPass& pass);

/// What `seal_host_cookie` sealed for this host; nothing when it is malformed, forged, of another host or
/// expired.
std::optional<HostPass> open_host_cookie(const SecretText& key, std::string_view host, std::string_view text,
                                         Time now);

/// The key that seals them: this setting, made once for the installation.
SecretText host_cookie_key(store::Tx& tx);
inline constexpr std::string_view host_cookie_key_setting = "gateway.key";

/// The session at a label, also behind `access--`.
std::optional<Session> find_session_by_label(store::Rows& rows, std::string_view label);

/// Where on a session's host one signs in and goes on to `?to=/path`: the gateway's.
inline constexpr std::string_view host_sign_in_path = "/.berth/sign-in";

/// Splits `label.apps-domain`; nothing for any other host. The label is at most 63 characters of a-z, 0-9 and
/// `-`.
std::optional<std::string_view> host_label(const Origin& origin, std::string_view host);

/// The label of the session itself within `[access--]name-random`: without what stands before the first `--`.
std::string_view session_label(std::string_view label);

/// Whether a redirect may go to it: starts with one `/`, and holds no backslash and no control character.
bool own_path(std::string_view to);

}  // namespace berth::auth
