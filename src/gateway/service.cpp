#include "gateway/service.hpp"

#include "base/timeout.hpp"

namespace berth::gateway {
namespace {

Task<std::unique_ptr<engine::Stream>> dial_engine(engine::Engine& engine, WorkloadId id,
                                                  std::string component, int port) {
    auto stream = co_await engine.dial(std::move(id), std::move(component), port);
    co_return std::make_unique<engine::Stream>(std::move(stream));
}

Dial dial_within(engine::Engine& engine, Clock& clock, Duration limit) {
    return [&engine, &clock, limit](WorkloadId id, std::string component, int port) {
        auto dialling = dial_engine(engine, std::move(id), std::move(component), port);
        return finish_within(clock, limit, "connecting", std::move(dialling));
    };
}

}  // namespace

GatewayService::GatewayService(store::Store& store, engine::Engine& engine, Clock& clock, auth::Origin origin,
                               asio::any_io_executor control, GatewayConfig config)
    : config_(config),
      table_(config.forget_missing),
      feed_(store, table_, control),
      gatekeeper_(store, clock, origin),
      sign_in_(store, clock, origin, gatekeeper_),
      waker_(store, clock, origin),
      gateway_(world(engine, clock, origin), config),
      tasks_(control) {}

World GatewayService::world(engine::Engine& engine, Clock& clock, const auth::Origin& origin) {
    return {.routes = table_,
            .look_up = [this](std::string label) { return feed_.look_up(std::move(label)); },
            .dial = dial_within(engine, clock, config_.dial_timeout),
            .gatekeeper = gatekeeper_,
            .sign_in = &sign_in_,
            .waker = &waker_,
            .clock = clock,
            .origin = origin,
            .thaw =
                [this, &clock](const Route& route, const char* source) {
                    if (use_of_frozen) use_of_frozen(route.session, clock.now(), source);
                }};
}

net::RawHandler GatewayService::handler() {
    return [this](net::Connection& connection) { return gateway_.serve(connection); };
}

Task<> GatewayService::start() {
    feed_.user_changed = [this](UserId user) { tasks_.start("sign-outs", close_ended(std::move(user))); };
    co_await gatekeeper_.start();
    co_await feed_.start();
}

void GatewayService::collect(acts::Activity& activity) {
    std::map<SessionId, std::int64_t> now_known;
    table_.each([&](const Route& route) {
        for (auto& seen : route.meter->take_uncounted())
            activity.note_uncounted(route.session, std::move(seen));
        const auto at = route.meter->active_at.load(std::memory_order_relaxed);
        if (at == 0) return;
        now_known[route.session] = at;
        const auto before = collected_.find(route.session);
        if (before != collected_.end() && before->second == at) return;
        activity.note(route.session, Time(Duration(at)),
                      route.meter->active_source.load(std::memory_order_relaxed));
    });
    collected_ = std::move(now_known);
}

Task<> GatewayService::close_ended(UserId user) {
    const auto standing = co_await gatekeeper_.reconsider(user);
    gateway_.close([user, standing](const Visitor& visitor, const Route&) {
        return visitor.user == user && !standing.covers(visitor);
    });
}

}  // namespace berth::gateway
