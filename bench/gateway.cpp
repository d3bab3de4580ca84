#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "auth/host_cookie.hpp"
#include "gateway/gateway.hpp"

/// Berth's own gateway and server with many routes to one application, without store and engine.
namespace berth::bench {
namespace {

using gateway::Proof;
using gateway::Visitor;

/// Knows one user, whose proof is whatever comes. A real verdict is remembered by the connection all the
/// same.
class OpenDoor final : public gateway::Gatekeeper {
  public:
    std::uint64_t revision() const override { return 1; }
    Task<std::shared_ptr<const Visitor>> admit(Proof::Kind, std::string, std::string) override {
        co_return std::make_shared<const Visitor>(Visitor{.user = {"usr_bench"},
                                                          .name = "bench",
                                                          .login = {"lgn_bench"},
                                                          .token = {},
                                                          .until = Time::max()});
    }
};

Task<std::unique_ptr<engine::Stream>> dial_loopback(int port) {
    asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port));
    auto stream = std::make_unique<engine::Stream>(co_await asio::this_coro::executor);
    asio::generic::stream_protocol::endpoint place(endpoint);
    co_await stream->async_connect(place, asio::use_awaitable);
    stream->set_option(asio::ip::tcp::no_delay(true));
    co_return stream;
}

void put_routes(gateway::RouteTable& table, int count) {
    for (int number = 0; number < count; ++number) {
        auto way = std::make_shared<gateway::Way>();
        way->name = "web";
        way->component = "main";
        way->port = 8080;
        way->key = fmt::format("ses_{:05}/main/8080/1", number);
        gateway::Route route;
        route.session = {fmt::format("ses_{:05}", number)};
        route.user = {"usr_bench"};
        route.user_name = "bench";
        route.label = fmt::format("app-{:05}", number);
        route.live = true;
        route.incarnation = 1;
        route.ways = {way};
        route.first = way;
        table.put(std::move(route));
    }
}

int run(int port, int routes, int upstream) {
    const std::string domain = fmt::format("localhost:{}", port);
    const auto origin = auth::make_origin("http://" + domain, domain, "bench");
    SystemClock clock;
    OpenDoor door;
    gateway::RouteTable table;
    put_routes(table, routes);
    gateway::Dial dial = [upstream](WorkloadId, std::string, int) { return dial_loopback(upstream); };
    gateway::World world{.routes = table,
                         .look_up = {},
                         .dial = std::move(dial),
                         .gatekeeper = door,
                         .clock = clock,
                         .origin = origin};
    gateway::Gateway gateway(std::move(world), {});
    net::Dispatch dispatch{.decide =
                               [&gateway](std::string_view host) {
                                   return gateway.owns(host) ? net::Destination::session
                                                             : net::Destination::unknown;
                               },
                           .platform = {},
                           .session = [&gateway](net::Connection& client) { return gateway.serve(client); }};
    net::Server server({.port = port, .loops = 1}, std::move(dispatch));
    gateway.attach(server);
    server.start();
    std::puts(auth::host_cookie_name(origin).c_str());
    std::fflush(stdout);
    // Whoever started it holds the other end.
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
    return 0;
}

}  // namespace
}  // namespace berth::bench

/// `gateway PORT ROUTES UPSTREAM_PORT`: prints the name of the cookie it wants when it listens, ends with its
/// input.
int main(int count, char** words) {
    if (count != 4) return 2;
    int numbers[3] = {};
    for (int place = 0; place < 3; ++place) {
        const char* word = words[place + 1];
        const char* end = word + std::strlen(word);
        if (std::from_chars(word, end, numbers[place]).ptr != end) return 2;
    }
    return berth::bench::run(numbers[0], numbers[1], numbers[2]);
}
