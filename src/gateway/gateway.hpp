#pragma once

#include <memory>
#include <vector>

#include "gateway/gatekeeper.hpp"
#include "gateway/host_sign_in.hpp"
#include "gateway/passage.hpp"
#include "gateway/route_table.hpp"
#include "gateway/waker.hpp"
#include "net/http_server.hpp"

namespace berth::gateway {

/// What the gateway needs of the world: each may be the real thing or a stand-in, so that a bench runs
/// without any of it.
struct World {
    RouteTable& routes;
    /// Finds a label that the table does not have; null when there is none. Any loop.
    std::function<Task<std::shared_ptr<const Route>>(std::string label)> look_up;
    Dial dial;
    Gatekeeper& gatekeeper;
    HostSignIn* sign_in = nullptr;  ///< Absent: nobody is sent to sign in.
    Waker* waker = nullptr;         ///< Absent: nothing wakes.
    Clock& clock;
    auth::Origin origin;
    UseOfFrozen thaw = {};  ///< Absent: what is frozen stays so.
};

/// Serves the sessions' own hosts: who may come in, what wakes, where it goes.
///
/// A request is judged in this order: who it is, whether there is such a session of theirs, whether the page
/// that sent it may do so, whether it runs. So another's session, one that is gone and one that never was are
/// answered alike.
class Gateway {
  public:
    Gateway(World world, GatewayConfig config);

    /// Makes a state for each loop of the server; before `server.start()`. The gateway outlives the server.
    void attach(net::Server& server);

    /// Whether a Host belongs to a session by its form; known or not.
    bool owns(std::string_view host) const { return auth::host_label(world_.origin, host).has_value(); }

    /// Answers one request. The raw handler of `net::Dispatch`.
    net::Work<net::After> serve(net::Connection& connection);

    /// Closes every open request and tunnel that `wanted` names, each on its own loop. Any thread.
    void close(std::function<bool(const Visitor&, const Route&)> wanted);

  private:
    struct Place {
        std::shared_ptr<const Route> route;
        std::shared_ptr<const Way> way;
    };

    Place find_here(std::string_view label) const;
    std::shared_ptr<const Visitor> remembered(const net::Connection& connection, const Proof& proof) const;
    bool sent_by_own_page(const net::Connection& connection, const Visitor& visitor) const;
    net::Work<net::After> pass(net::Connection& connection, Place place,
                               std::shared_ptr<const Visitor> visitor);

    net::Work<net::After> serve_slowly(net::Connection& connection, Proof proof);
    net::Work<net::After> serve_own_path(net::Connection& connection, Place place);
    net::Work<net::After> take_ticket(net::Connection& connection);
    net::Work<net::After> sign_in_and_go_on(net::Connection& connection, bool signed_in);
    net::Work<net::After> ask_to_sign_in(net::Connection& connection, Proof proof);
    net::Work<net::After> answer_stopped(net::Connection& connection, Place place);
    net::Work<net::After> hold(net::Connection& connection, Place place, RouteTable::Watch& watch);
    net::Work<std::optional<WakeView>> wake(net::Connection& connection, const Route& route,
                                            Waker::Failed failed);
    net::Work<std::shared_ptr<const Visitor>> admit(net::Connection& connection, Proof proof);
    net::Work<Place> find_place(net::Connection& connection, std::string label);

    World world_;
    GatewayConfig config_;
    OwnCookies cookies_;
    std::string scheme_;
    std::vector<std::unique_ptr<LoopState>> loops_;
};

}  // namespace berth::gateway
