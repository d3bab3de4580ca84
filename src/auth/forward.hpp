#pragma once

#include <optional>
#include <string>

#include "auth/auth.hpp"

/// Forward-auth: a proxy of ours asks whether a request that it has may go on, and whose it is.
///
/// What it may say is who asked it, in headers that it sets itself (nginx `auth_request`, HAProxy, Traefik
/// ForwardAuth, Caddy `forward_auth`); the proofs are the request's own cookies and tokens, as they came.
namespace berth::auth {

/// The request that a proxy has.
struct Original {
    std::string host;    ///< Lower case, with its port as it came.
    std::string target;  ///< Path and query; `/` when it is none that a redirect may go to.
    std::string method;  ///< Empty: not said.
};

/// Reads X-Forwarded-Host, -Uri and -Method, or instead X-Original-URL (a whole URL) or X-Original-URI and
/// X-Original-Method. Throws `invalid` (`invalid_field`) when the host is missing, comes twice, is none or is
/// two different ones: the proxy is set up wrongly, or its client lies in a header that it does not set.
Original read_original(const net::Request& request);

struct Verdict {
    enum class Word {
        yes,
        sign_in,  ///< Nobody has proved who they are: `sign_in` is where they can.
        no,       ///< Not for them, or not there: one answer for both.
    } word = Word::no;
    std::string sign_in;  ///< Absolute.
    std::string why;      ///< To show; for `no`.
    Caller caller;        ///< For `yes`.
    std::string cookie;   ///< For `yes`: the Cookie header without what is ours.
    SessionId session;    ///< For `yes` at a session's host.
};

/// Judges as the platform or the gateway would: on the platform's own host a sign-in or a token within its
/// scope; on a session's host that host's own cookie or a Berth-Token that may do more than read, of the
/// session's owner, and by cookie no change that another page sent. Any other host is nobody's. A token
/// counts in Berth-Token alone, which proxies take out; Authorization is the application's.
Task<Verdict> verify(store::Store& store, Clock& clock, Origin origin, const net::Request& request);

}  // namespace berth::auth
