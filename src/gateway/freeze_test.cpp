#include <gtest/gtest.h>

#include "gateway/test_world.hpp"

namespace berth::gateway {
namespace {

using test::eventually;
using test::Listener;
using test::Peer;
using test::World;

const std::string upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nOrigin: "
    "http://lab-7f3k.apps.test\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A session that is frozen, and what its gateway tells of its use.
class Frozen : public testing::Test {
  protected:
    Frozen() {
        world.engine.ports = {{3000, application.port()}};
        world.service->use_of_frozen = [this](const SessionId& session, Time, std::string_view source) {
            const std::lock_guard lock(mutex_);
            told_.push_back(session.text + " " + std::string(source));
        };
    }
    void freeze() {
        world.change([](Session& row) {
            row.asks.freeze = *row.asks.wake + Duration(1);
            row.status.phase = Phase::frozen;
        });
        ASSERT_TRUE(eventually([&] { return world.service->routes().find("lab-7f3k")->frozen; }));
    }
    void thaw() {
        world.change([](Session& row) { row.asks.wake = *row.asks.freeze + Duration(1); });
        ASSERT_TRUE(eventually([&] { return !world.service->routes().find("lab-7f3k")->frozen; }));
    }
    std::vector<std::string> told() {
        const std::lock_guard lock(mutex_);
        return told_;
    }

    Listener application;
    World world;

  private:
    std::mutex mutex_;
    std::vector<std::string> told_;
};

TEST_F(Frozen, is_used_by_a_request_that_waits_in_its_sockets) {
    freeze();
    auto client = world.connect();
    client.send(world.request("GET /"));
    ASSERT_TRUE(eventually([&] { return told().size() == 1; }));
    EXPECT_EQ(told()[0], "ses_lab request");
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    app.send(ok);
    EXPECT_EQ(client.receive_response(), ok);
    thaw();
    client.send(world.request("GET /"));
    app.receive_until("\r\n\r\n");
    app.send(ok);
    EXPECT_EQ(client.receive_response(), ok);
    EXPECT_EQ(told().size(), 1u) << "what runs is told of with the next report";
}

TEST_F(Frozen, is_used_by_nobody_but_its_owner) {
    freeze();
    const auto bob = "GET / HTTP/1.1\r\nHost: lab-7f3k.apps.test\r\n" + world.cookie("bob") + "\r\n";
    EXPECT_TRUE(world.ask(bob).starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(world.ask("GET / HTTP/1.1\r\nHost: lab-7f3k.apps.test\r\n\r\n").starts_with("HTTP/1.1 401 "));
    EXPECT_TRUE(told().empty());
}

TEST_F(Frozen, is_used_by_bytes_on_a_socket_that_was_open_before_and_stays_so) {
    auto client = world.connect();
    client.send(world.request("GET /ws", upgrade));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    app.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    client.receive_until("\r\n\r\n");
    freeze();
    const std::string ping("\x89\x80\0\0\0\0", 6), text("\x81\x81\0\0\0\0a", 7);
    client.send(ping);
    EXPECT_EQ(app.receive_exactly(6), ping);
    EXPECT_TRUE(told().empty()) << "that is the browser's, not a person's";
    client.send(text);
    EXPECT_EQ(app.receive_exactly(7), text);
    ASSERT_TRUE(eventually([&] { return told().size() == 1; }));
    EXPECT_EQ(told()[0], "ses_lab websocket");
}

TEST_F(Frozen, is_used_by_nothing_that_the_template_says_is_no_use) {
    world.rule({.ignore = {"/poll"}});
    freeze();
    EXPECT_TRUE(world.ask(world.request("GET /poll")).starts_with("HTTP/1.1 503 "));
    EXPECT_TRUE(told().empty());
}

TEST_F(Frozen, is_used_by_whoever_opens_it_where_its_application_cannot_be_asked) {
    world.rule({.ignore = {}, .probe = ActivityProbe{.path = "/status", .json_pointer = ""}});
    freeze();
    const auto poll = world.request("GET /", "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n");
    EXPECT_TRUE(world.ask(poll).starts_with("HTTP/1.1 503 "));
    EXPECT_TRUE(told().empty());
    auto client = world.connect();
    client.send(world.request("GET /", "Sec-Fetch-Mode: navigate\r\n"));
    ASSERT_TRUE(eventually([&] { return told().size() == 1; }));
    EXPECT_EQ(told()[0], "ses_lab request");
}

TEST(WakingLimits, a_thousand_at_once_are_one_wake_and_a_thousand_answers) {
    constexpr int count = 1000;
    Listener application;
    World world({.hold_limit = Duration(30'000)});
    world.engine.ports = {{3000, application.port()}};
    world.hibernate();
    const auto request = world.request("GET /");
    std::vector<Peer> clients;
    for (int i = 0; i < count; ++i) {
        clients.push_back(world.connect());
        clients.back().send(request);
    }
    ASSERT_TRUE(eventually([&] { return world.session().incarnation == 2; }));
    std::thread serving([&] {
        for (int i = 0; i < count; ++i) {
            auto app = application.accept();
            if (!app.receive_until("\r\n\r\n").ends_with("\r\n\r\n")) break;
            app.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    world.run();
    int right = 0;
    for (auto& client : clients) right += client.receive_response().ends_with("\r\n\r\nok") ? 1 : 0;
    EXPECT_EQ(right, count);
    serving.join();
    EXPECT_EQ(world.session().incarnation, 2);
    EXPECT_EQ(world.events("session.woken").size(), 1u);
}

}  // namespace
}  // namespace berth::gateway
