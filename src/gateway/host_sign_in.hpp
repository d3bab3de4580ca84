#pragma once

#include "gateway/gatekeeper.hpp"
#include "net/http.hpp"

namespace berth::gateway {

/// Where `?to=` of a target leads; `/` when that is no path of this host.
std::string next_path(std::string_view target);

/// The gateway's half of signing in to a session host (see auth/host_cookie.hpp).
class HostSignIn {
  public:
    HostSignIn(store::Store& store, Clock& clock, auth::Origin origin, const StoreGatekeeper& gatekeeper)
        : store_(store), clock_(clock), origin_(std::move(origin)), gatekeeper_(gatekeeper) {}

    /// Sends a browser without our cookie to the platform for a ticket. `nonce` is the cookie it has already,
    /// if any.
    net::Response send_for_ticket(std::string_view host, std::string_view target,
                                  std::string_view nonce) const;

    /// Takes the ticket of `target` (`/.berth/ticket?ticket=…&to=…`): a redirect with our cookie, or 403 for
    /// a ticket that was used, is late, or is of another user, host or browser.
    Task<net::Response> take_ticket(std::string host, std::string target, std::string nonce);

  private:
    std::string cookie(std::string_view name, std::string_view value, Duration max_age) const;

    store::Store& store_;
    Clock& clock_;
    auth::Origin origin_;
    const StoreGatekeeper& gatekeeper_;
};

}  // namespace berth::gateway
