#include "kube/stream.hpp"

#include <gtest/gtest.h>

#include "imposters/kubernetes/harness.hpp"

namespace berth::kube {
namespace {

/// Says back what it hears.
class Echo final : public imposter::PortHandler {
  public:
    std::optional<std::string> hear(const std::string& bytes) override {
        if (bytes == "bye") return std::nullopt;
        return "<" + bytes + ">";
    }
};

class Forward : public ::testing::Test {
  protected:
    Forward() : client({.address = harness.server.address()}, {}, harness.clock, harness.io.get_executor()) {
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
    std::unique_ptr<PortForward> open(int port) {
        return harness.run(PortForward::open(client, {"a", "x"}, port));
    }

    imposter::Harness harness;
    kube::Client client;
};

TEST_F(Forward, carries_bytes_both_ways_until_the_end) {
    const auto forward = open(80);
    harness.run(forward->write("hello"));
    EXPECT_EQ(harness.run(forward->read()), "<hello>");
    harness.run(forward->write(std::string(1, '\0')));
    EXPECT_EQ(harness.run(forward->read()), std::string("<") + '\0' + ">");
    harness.run(forward->write("bye"));
    EXPECT_EQ(harness.run(forward->read()), "");
}

TEST_F(Forward, a_port_where_nobody_listens_is_closed_in_the_nodes_words) {
    const auto forward = open(81);
    const auto error = harness.failure_of(forward->read());
    EXPECT_EQ(error.kind, Kind::unavailable);
    EXPECT_EQ(error.code, "port_closed");
    EXPECT_EQ(error.user, "the port does not answer: connection refused");
}

TEST_F(Forward, a_pod_that_is_not_there_is_not_found) {
    EXPECT_EQ(harness.failure_of(PortForward::open(client, {"a", "y"}, 80)).kind, Kind::not_found);
}

}  // namespace
}  // namespace berth::kube
