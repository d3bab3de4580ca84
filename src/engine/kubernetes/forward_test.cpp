#include "engine/kubernetes/forward.hpp"

#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "imposters/kubernetes/harness.hpp"

namespace berth::engine::kubernetes {
namespace {

using namespace std::chrono_literals;

/// Says back what it hears.
class Echo final : public imposter::PortHandler {
  public:
    std::optional<std::string> hear(const std::string& bytes) override { return bytes; }
};

class KubernetesForward : public ::testing::Test {
  protected:
    KubernetesForward()
        : client({.address = harness.server.address()}, {}, harness.clock, harness.io.get_executor()),
          forwards(client, harness.clock, harness.io.get_executor()) {
        auto& objects = harness.server.objects;
        objects.create("namespaces", {{"metadata", json::object{{"name", "a"}}}});
        const json::object about{{"name", "x"}, {"namespace", "a"}};
        const json::object spec{{"volumes", json::array()}, {"containers", json::array()}};
        objects.create("pods", {{"metadata", about}, {"spec", spec}});
        harness.server.listener = [](const json::value&, int port) -> std::unique_ptr<imposter::PortHandler> {
            if (port != 80) throw std::string("connection refused");
            return std::make_unique<Echo>();
        };
    }
    ~KubernetesForward() override { harness.run(forwards.stop()); }

    static Task<std::string> exchange(net::ClientSocket& socket, std::string bytes) {
        boost::system::error_code ec;
        co_await asio::async_write(socket, asio::buffer(bytes),
                                   asio::redirect_error(asio::use_awaitable, ec));
        co_await asio::async_read(socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
        co_return ec ? ec.message() : bytes;
    }
    Task<std::string> ask(int port, std::string bytes) {
        auto socket = co_await forwards.connect({"a", "x"}, port);
        co_return co_await exchange(socket, std::move(bytes));
    }

    imposter::Harness harness;
    kube::Client client;
    Forwards forwards;
};

TEST_F(KubernetesForward, carries_what_is_said_and_answered) {
    EXPECT_EQ(harness.run(ask(80, "hello")), "hello");
    const std::string much(500'000, 'x');
    EXPECT_EQ(harness.run(ask(80, much)), much);
}

TEST_F(KubernetesForward, a_closed_port_ends_the_connection_at_once) {
    const auto before = harness.clock.now();
    EXPECT_NE(harness.run(ask(81, "hello")), "hello");
    EXPECT_LT(harness.clock.now() - before, 1s);
}

TEST_F(KubernetesForward, an_api_server_that_is_away_for_a_moment_holds_up_and_turns_nobody_away) {
    harness.server.vanish();
    const auto come_back = [&]() -> Task<> {
        co_await harness.clock.sleep(3s);
        harness.server.appear();
    };
    harness.tasks.start("come back", come_back());
    EXPECT_EQ(harness.run(ask(80, "hello")), "hello");
    harness.server.vanish();
    const auto before = harness.clock.now();
    EXPECT_EQ(harness.failure_of(ask(80, "hello")).kind, Kind::unavailable);
    EXPECT_LT(harness.clock.now() - before, 10s);
}

}  // namespace
}  // namespace berth::engine::kubernetes
