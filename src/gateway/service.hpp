#pragma once

#include "acts/activity.hpp"
#include "gateway/gateway.hpp"
#include "gateway/route_feed.hpp"

namespace berth::gateway {

/// The gateway of a whole Berth: routes from the store, streams from the engine, people from the auth layer.
///
///     GatewayService service(store, engine, clock, origin, control_executor);
///     net::Server server(config, {.decide = …, .platform = …, .session = service.handler()});
///     service.attach(server);
///     co_await service.start();
///     server.start();
///
/// `start` and the destructor belong to the control executor. Destroy the server first.
class GatewayService {
  public:
    GatewayService(store::Store& store, engine::Engine& engine, Clock& clock, auth::Origin origin,
                   asio::any_io_executor control, GatewayConfig config = {});

    void attach(net::Server& server) { gateway_.attach(server); }
    /// Loads the routes and begins to follow the store.
    Task<> start();

    net::RawHandler handler();
    /// What `net::Dispatch::decide` answers for hosts that are a session's by their form.
    bool owns(std::string_view host) const { return gateway_.owns(host); }

    RouteTable& routes() { return table_; }
    /// Hears of each use of a frozen session, at once, on any loop. Set before the server starts.
    std::function<void(const SessionId&, Time, std::string_view source)> use_of_frozen;
    /// Notes what was counted since the last call. One executor.
    void collect(acts::Activity& activity);

  private:
    World world(engine::Engine& engine, Clock& clock, const auth::Origin& origin);
    Task<> close_ended(UserId user);

    GatewayConfig config_;
    RouteTable table_;
    RouteFeed feed_;
    StoreGatekeeper gatekeeper_;
    HostSignIn sign_in_;
    Waker waker_;
    std::map<SessionId, std::int64_t> collected_;
    Gateway gateway_;
    TaskGroup tasks_;
};

}  // namespace berth::gateway
