#include "gateway/bench_gateway.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace berth::gateway {
namespace {

Task<std::unique_ptr<engine::Stream>> dial_loopback(int port) {
    asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
    const asio::ip::tcp::endpoint to(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port));
    co_await socket.async_connect(to, asio::use_awaitable);
    co_return std::make_unique<engine::Stream>(std::move(socket));
}

Route bench_route(int number) {
    const std::string name = "s" + std::to_string(number);
    Route route{
        .session = {name}, .workload = {name}, .user = {"usr_bench"}, .user_name = "bench", .label = name};
    route.live = true;
    route.first = std::make_shared<const Way>(
        Way{.name = "web", .kind = AccessKind::web, .component = "main", .port = 80, .key = name});
    route.ways = {route.first};
    return route;
}

}  // namespace

class BenchGateway::Anybody final : public Gatekeeper {
  public:
    explicit Anybody(Clock& clock) : clock_(clock) {}
    std::uint64_t revision() const override { return 1; }
    Task<std::shared_ptr<const Visitor>> admit(Proof::Kind kind, std::string, std::string) override {
        Visitor visitor{
            .user = {"usr_bench"}, .name = "bench", .until = clock_.now() + std::chrono::hours(1)};
        if (kind == Proof::Kind::cookie) visitor.login = {"log_bench"};
        co_return std::make_shared<const Visitor>(std::move(visitor));
    }

  private:
    Clock& clock_;
};

BenchGateway::BenchGateway(BenchConfig config) : anybody_(std::make_unique<Anybody>(clock_)) {
    for (int number = 0; number < config.routes; ++number) table_.put(bench_route(number));
    const auto origin = auth::make_origin("http://apps.test", "apps.test", "bench");
    GatewayConfig limits;
    limits.session_open_max = limits.user_open_max = 1'000'000;
    gateway_ = std::make_unique<Gateway>(
        World{.routes = table_,
              .look_up = {},
              .dial = [port = config.upstream_port](WorkloadId, std::string,
                                                    int) { return dial_loopback(port); },
              .gatekeeper = *anybody_,
              .clock = clock_,
              .origin = origin},
        limits);
    net::ServerConfig listen;
    listen.port = config.port;
    listen.loops = config.loops;
    net::Dispatch dispatch{
        .decide =
            [gateway = gateway_.get()](std::string_view host) {
                return gateway->owns(host) ? net::Destination::session : net::Destination::unknown;
            },
        .platform = {},
        .session = [gateway =
                        gateway_.get()](net::Connection& connection) { return gateway->serve(connection); }};
    server_ = std::make_unique<net::Server>(listen, std::move(dispatch));
    gateway_->attach(*server_);
}

BenchGateway::~BenchGateway() = default;

}  // namespace berth::gateway
