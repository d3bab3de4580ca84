#include "gateway/proxy.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "gateway/test_world.hpp"

namespace berth::gateway {
namespace {

using test::eventually;
using test::Listener;
using test::Peer;
using test::World;

class Proxy : public testing::Test {
  protected:
    Proxy() { world.engine.ports = {{3000, application.port()}}; }

    std::string get(const std::string& path, const std::string& more = {}) {
        return world.request("GET " + path, more);
    }

    World world;
    Listener application;
};

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::string line_of(const std::string& head) {
    return head.substr(0, head.find("\r\n"));
}

TEST_F(Proxy, carries_a_request_there_and_its_answer_back) {
    auto client = world.connect();
    client.send(get("/a?b", "Accept: */*\r\n"));
    auto app = application.accept();
    EXPECT_EQ(app.receive_until("\r\n\r\n"),
              "GET /a?b HTTP/1.1\r\nHost: lab-7f3k.apps.test\r\nAccept: */*\r\nX-Forwarded-For: 127.0.0.1\r\n"
              "X-Forwarded-Proto: http\r\nX-Forwarded-Host: lab-7f3k.apps.test\r\nX-Berth-User: ann\r\n\r\n");
    app.send("HTTP/1.1 201 Made\r\nContent-Length: 2\r\nX: y\r\nSet-Cookie: a=b; Domain=test\r\n\r\nok");
    EXPECT_EQ(client.receive_response(), "HTTP/1.1 201 Made\r\nContent-Length: 2\r\nX: y\r\n\r\nok");
}

TEST(TrustedProxy, is_believed_who_its_client_is) {
    Listener application;
    World world({}, {.proxies = net::AddressRanges({"127.0.0.1"})});
    world.engine.ports = {{3000, application.port()}};
    auto client = world.connect();
    client.send(world.request("GET /", "X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n"));
    auto app = application.accept();
    EXPECT_NE(app.receive_until("\r\n\r\n").find("\r\nX-Forwarded-For: 203.0.113.9\r\n"), std::string::npos);
    app.send(ok);
    EXPECT_EQ(client.receive_response(), ok);
}

TEST_F(Proxy, keeps_both_connections_for_the_next_requests_also_pipelined) {
    auto client = world.connect();
    client.send(get("/1") + world.request("POST /2", "Content-Length: 3\r\n") + "xyz" + get("/3"));
    auto app = application.accept();
    EXPECT_EQ(line_of(app.receive_until("\r\n\r\n")), "GET /1 HTTP/1.1");
    app.send(ok);
    EXPECT_EQ(line_of(app.receive_until("\r\n\r\n")), "POST /2 HTTP/1.1");
    EXPECT_EQ(app.receive_exactly(3), "xyz");
    app.send(ok);
    EXPECT_EQ(line_of(app.receive_until("\r\n\r\n")), "GET /3 HTTP/1.1");
    app.send(ok);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.receive_response(), ok);
    EXPECT_EQ(world.engine.dials, 1);
}

TEST_F(Proxy, passes_chunks_both_ways_without_trailers) {
    auto client = world.connect();
    client.send(world.request("POST /", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n");
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    EXPECT_EQ(app.receive_exactly(8), "3\r\nabc\r\n");
    client.send("2;x=y\r\nde\r\n0\r\nX-Berth-User: root\r\n\r\n" + get("/next"));
    EXPECT_EQ(app.receive_until("0\r\n\r\n"), "2;x=y\r\nde\r\n0\r\n\r\n");
    app.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n");
    EXPECT_EQ(client.receive_until("four\r\n"),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n");
    app.send("0\r\nTrailer: 1\r\n\r\n");
    EXPECT_EQ(client.receive_until("0\r\n\r\n"), "0\r\n\r\n");
    // What was pipelined behind the body is served, on the same connection.
    EXPECT_EQ(line_of(app.receive_until("\r\n\r\n")), "GET /next HTTP/1.1");
}

TEST_F(Proxy, takes_chunks_apart_for_an_old_client) {
    auto client = world.connect();
    client.send("GET / HTTP/1.0\r\nHost: lab-7f3k.apps.test\r\n" + world.cookie() + "\r\n");
    auto app = application.accept();
    EXPECT_EQ(line_of(app.receive_until("\r\n\r\n")), "GET / HTTP/1.1");
    app.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    EXPECT_EQ(client.receive_all(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetwo");
}

TEST_F(Proxy, an_answer_without_a_length_ends_with_its_connection) {
    auto client = world.connect();
    client.send(get("/"));
    {
        auto app = application.accept();
        app.receive_until("\r\n\r\n");
        app.send("HTTP/1.1 200 OK\r\n\r\nall of it");
    }
    EXPECT_EQ(client.receive_all(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
}

TEST_F(Proxy, a_truncated_answer_closes_the_client_too) {
    auto client = world.connect();
    client.send(get("/"));
    {
        auto app = application.accept();
        app.receive_until("\r\n\r\n");
        app.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    }
    EXPECT_EQ(client.receive_all(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
}

TEST_F(Proxy, informational_answers_pass_and_the_body_follows_the_invitation) {
    auto client = world.connect();
    client.send(world.request("PUT /", "Expect: 100-continue\r\nContent-Length: 2\r\n"));
    auto app = application.accept();
    EXPECT_NE(app.receive_until("\r\n\r\n").find("Expect: 100-continue"), std::string::npos);
    app.send("HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hi");
    EXPECT_EQ(app.receive_exactly(2), "hi");
    app.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok);
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    // The body was not over when the first answer came, but it is now.
    EXPECT_TRUE(client.receive_response().ends_with("ok"));
}

TEST_F(Proxy, an_answer_before_the_end_of_the_body_reaches_the_client) {
    auto client = world.connect();
    client.send(world.request("POST /", "Content-Length: 100000000\r\n") + "begin");
    auto app = application.accept();
    app.receive_until("begin");
    app.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    EXPECT_EQ(client.receive_response(),
              "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    EXPECT_EQ(client.receive(), "") << "the rest of the body is not read as a request";
}

TEST_F(Proxy, a_dead_kept_connection_is_replaced_for_what_may_be_sent_twice) {
    auto client = world.connect();
    client.send(get("/1"));
    auto first = application.accept();
    first.receive_until("\r\n\r\n");
    first.send(ok);
    client.receive_response();
    client.send(get("/2"));
    first.receive_until("\r\n\r\n");
    first.close();
    auto second = application.accept();
    EXPECT_EQ(line_of(second.receive_until("\r\n\r\n")), "GET /2 HTTP/1.1");
    second.send(ok);
    EXPECT_EQ(client.receive_response(), ok);
}

TEST_F(Proxy, a_post_that_went_out_is_never_sent_twice) {
    auto client = world.connect();
    client.send(get("/1"));
    auto first = application.accept();
    first.receive_until("\r\n\r\n");
    first.send(ok);
    client.receive_response();
    client.send(world.request("POST /2", "Content-Length: 2\r\n") + "hi");
    first.receive_until("hi");
    first.close();
    EXPECT_TRUE(client.receive_response().starts_with("HTTP/1.1 502 "));
    EXPECT_EQ(world.engine.dials, 1);
}

TEST_F(Proxy, a_post_does_not_take_a_connection_that_is_known_to_be_dead) {
    auto client = world.connect();
    client.send(get("/1"));
    {
        auto first = application.accept();
        first.receive_until("\r\n\r\n");
        first.send(ok);
        client.receive_response();
    }
    client.send(world.request("POST /2", "Content-Length: 2\r\n") + "hi");
    auto second = application.accept();
    second.receive_until("hi");
    second.send(ok);
    EXPECT_EQ(client.receive_response(), ok);
}

TEST_F(Proxy, names_what_went_wrong_with_the_application) {
    world.engine.ports = {};
    EXPECT_NE(world.ask(get("/")).find("port 3000 of component \\\"main\\\": connection refused"),
              std::string::npos);
    const auto page = world.ask(get("/", "Accept: text/html\r\n"));
    EXPECT_TRUE(page.starts_with("HTTP/1.1 502 ")) << page;
    EXPECT_NE(page.find("<h1>The application does not answer</h1>"), std::string::npos);
    EXPECT_NE(page.find("port 3000 of component &quot;main&quot;"), std::string::npos);
}

TEST_F(Proxy, an_answer_that_is_no_http_is_a_502) {
    for (const std::string bytes :
         {"SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
          "HTTP/1.1 200 OK\nX: y\n\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
        auto client = world.connect();
        client.send(get("/"));
        {
            auto app = application.accept();
            app.receive_until("\r\n\r\n");
            app.send(bytes);
        }
        EXPECT_TRUE(client.receive_response().starts_with("HTTP/1.1 502 ")) << bytes;
    }
}

TEST_F(Proxy, a_malformed_body_is_refused_before_it_does_harm) {
    const auto answer = world.ask(world.request("POST /", "Transfer-Encoding: chunked\r\n") + "zz\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
    EXPECT_EQ(world.engine.dials, 0);
    auto client = world.connect();
    client.send(world.request("POST /", "Transfer-Encoding: chunked\r\n") + "1\r\na\r\n");
    auto app = application.accept();
    app.receive_until("1\r\na\r\n");
    client.send("zz\r\n");
    EXPECT_TRUE(client.receive_response().starts_with("HTTP/1.1 400 "));
}

std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t all = 0, resident = 0;
    file >> all >> resident;
    return resident * 4096;
}

constexpr std::size_t gibibyte = std::size_t{1} << 30;

TEST_F(Proxy, streams_a_gibibyte_each_way_in_constant_memory) {
    const std::string piece(1 << 20, 'x');
    auto client = world.connect();
    client.send(world.request("POST /", fmt::format("Content-Length: {}\r\n", gibibyte)));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    const auto before = resident_bytes();
    std::thread sender([&] {
        for (std::size_t sent = 0; sent < gibibyte; sent += piece.size()) client.send(piece);
    });
    std::size_t received = 0;
    while (received < gibibyte) {
        const auto bytes = app.receive(1 << 20).size();
        if (bytes == 0) break;
        received += bytes;
    }
    sender.join();
    EXPECT_EQ(received, gibibyte);
    app.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", gibibyte));
    std::thread answer([&] {
        for (std::size_t sent = 0; sent < gibibyte; sent += piece.size()) app.send(piece);
    });
    client.receive_until("\r\n\r\n");
    for (received = 0; received < gibibyte;) {
        const auto bytes = client.receive(1 << 20).size();
        if (bytes == 0) break;
        received += bytes;
    }
    answer.join();
    EXPECT_EQ(received, gibibyte);
    EXPECT_LT(resident_bytes(), before + (16 << 20));
}

/// How much the other side takes while nobody reads: until it stands still.
std::size_t fill(Peer& from) {
    const std::string piece(64 << 10, 'x');
    std::size_t sent = 0, before = 1;
    eventually([&] {
        while (const auto count = from.send_some(piece)) sent += count;
        const auto was = std::exchange(before, sent);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return sent == was;
    });
    return sent;
}

TEST_F(Proxy, a_slow_reader_holds_the_sender_back) {
    auto client = world.connect(16 << 10);
    client.send(get("/"));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    app.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", gibibyte));
    const auto before = resident_bytes();
    // The kernel's buffers take some megabytes; the gateway one buffer.
    EXPECT_LT(fill(app), 32u << 20);
    EXPECT_LT(resident_bytes(), before + (4 << 20));
    client.reset();
    EXPECT_TRUE(eventually([&] { return !app.send("x"); }))
        << "the application hears that its client has gone";
}

TEST_F(Proxy, a_client_that_gives_up_frees_the_application) {
    auto client = world.connect();
    client.send(get("/"));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    client.reset();
    EXPECT_EQ(app.receive(), "");
    EXPECT_TRUE(eventually([&] { return world.server->connections() == 0; }));
}

TEST_F(Proxy, a_client_that_shut_down_its_side_still_gets_its_answer) {
    auto client = world.connect();
    client.send(get("/"));
    client.shut_down_writing();
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    app.send(ok);
    EXPECT_EQ(client.receive_response(), ok);
}

TEST_F(Proxy, head_and_not_modified_have_no_body) {
    auto client = world.connect();
    client.send(world.request("HEAD /") + get("/2") + get("/3"));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    app.receive_until("\r\n\r\n");
    app.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n");
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n");
    app.receive_until("\r\n\r\n");
    app.send(ok);
    EXPECT_EQ(client.receive_response(), ok);
    EXPECT_EQ(world.engine.dials, 1);
}

TEST_F(Proxy, a_large_answer_head_passes_and_an_endless_one_does_not) {
    auto client = world.connect();
    client.send(get("/"));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    const std::string head =
        "HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'a') + "\r\nContent-Length: 2\r\n\r\n";
    app.send(head + "ok");
    EXPECT_EQ(client.receive_response(), head + "ok");
    client.send(get("/"));
    app.receive_until("\r\n\r\n");
    app.send("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'a'));
    EXPECT_TRUE(client.receive_response().starts_with("HTTP/1.1 502 "));
}

const std::string upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nOrigin: "
    "http://lab-7f3k.apps.test\r\n";
const std::string switched =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

TEST_F(Proxy, an_upgrade_becomes_a_tunnel_with_half_close) {
    auto client = world.connect();
    client.send(get("/ws", upgrade) + "early");
    auto app = application.accept();
    EXPECT_NE(app.receive_until("\r\n\r\n").find("Upgrade: websocket\r\n"), std::string::npos);
    app.send(switched + "hello");
    EXPECT_EQ(client.receive_until("\r\n\r\n"), switched);
    EXPECT_EQ(client.receive_exactly(5), "hello");
    EXPECT_EQ(app.receive_exactly(5), "early");
    client.send("\r\nraw\0bytes");
    EXPECT_EQ(app.receive_exactly(5), "\r\nraw");
    client.shut_down_writing();
    EXPECT_EQ(app.receive(), "");
    app.send("after your end");
    EXPECT_EQ(client.receive_exactly(14), "after your end");
    app.close();
    EXPECT_EQ(client.receive(), "");
    EXPECT_TRUE(eventually([&] { return world.server->connections() == 0; }));
}

TEST_F(Proxy, a_tunnel_holds_back_both_ways_and_ends_with_a_reset) {
    auto client = world.connect(16 << 10);
    client.send(get("/ws", upgrade));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    app.send(switched);
    client.receive_until("\r\n\r\n");
    EXPECT_LT(fill(app), 32u << 20);
    EXPECT_LT(fill(client), 32u << 20);
    app.reset();
    EXPECT_TRUE(eventually([&] { return world.server->connections() == 0; }));
}

/// A server's frame of bytes, unmasked.
std::string data_frame(std::string_view payload) {
    return "\x82" + std::string(1, static_cast<char>(payload.size())) + std::string(payload);
}

TEST_F(Proxy, a_websocket_hears_between_two_frames_that_the_gateway_goes_away) {
    auto client = world.connect();
    client.send(get("/ws", upgrade));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    const auto whole = data_frame("hello");
    app.send(switched + whole + whole.substr(0, 4));
    client.receive_until("\r\n\r\n");
    EXPECT_EQ(client.receive_exactly(whole.size() + 4), whole + whole.substr(0, 4));
    auto stopped = std::async(std::launch::async, [&] { test::wait(world.server->stop(Duration(8000))); });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    app.send(whole.substr(4));
    EXPECT_EQ(client.receive_exactly(whole.size() - 4), whole.substr(4));
    EXPECT_EQ(client.receive_exactly(4), "\x88\x02\x03\xE9") << "1001, going away";
    // Its answer is the application's goodbye.
    const std::string answer("\x88\x82mask\x6E\x88", 8);
    client.send(answer);
    EXPECT_EQ(app.receive_exactly(8), answer);
    app.close();
    EXPECT_EQ(client.receive(), "");
    stopped.get();
}

TEST_F(Proxy, a_tunnel_goes_on_while_the_server_leaves) {
    auto client = world.connect();
    client.send(get("/ws", upgrade));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    app.send(switched);
    client.receive_until("\r\n\r\n");
    auto left = std::async(std::launch::async,
                           [&] { test::wait(world.server->leave(Duration(50), Duration(20'000))); });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    app.send(data_frame("news"));
    EXPECT_EQ(client.receive_exactly(6), data_frame("news"));
    client.send("back");
    EXPECT_EQ(app.receive_exactly(4), "back");
    client.close();
    app.close();
    left.get();
    EXPECT_EQ(world.server->connections(), 0);
}

TEST_F(Proxy, a_refused_upgrade_is_an_ordinary_answer) {
    auto client = world.connect();
    client.send(get("/ws", upgrade));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    app.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
    EXPECT_EQ(client.receive_response(), "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
}

TEST(ProxyLimits, hold_per_session) {
    World world({.session_open_max = 1});
    Listener application;
    world.engine.ports = {{3000, application.port()}};
    auto first = world.connect();
    first.send(world.request("GET /"));
    auto app = application.accept();
    app.receive_until("\r\n\r\n");
    EXPECT_TRUE(world.ask(world.request("GET /")).starts_with("HTTP/1.1 429 "));
    app.send(ok);
    EXPECT_EQ(first.receive_response(), ok);
    first.send(world.request("GET /"));
    app.receive_until("\r\n\r\n");
    app.send(ok);
    EXPECT_EQ(first.receive_response(), ok);
}

TEST(ProxyLimits, an_application_that_does_not_begin_to_answer_is_a_504) {
    World world({.answer_timeout = Duration(300)});
    Listener application;
    world.engine.ports = {{3000, application.port()}};
    auto client = world.connect();
    client.send(world.request("GET /"));
    auto app = application.accept();
    const auto answer = client.receive_response();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
    EXPECT_NE(answer.find("did not begin to answer within 300ms"), std::string::npos);
}

TEST(FrameWalk, counts_data_frames_and_no_pings) {
    const std::string text("\x81\x85maskHELLO", 11), ping("\x89\x81maskp", 7), pong("\x8A\x80mask", 6);
    const std::string large = std::string("\x82\xFE\x01\x00mask", 8) + std::string(256, 'x');
    EXPECT_TRUE(FrameWalk().holds_data(text));
    EXPECT_FALSE(FrameWalk().holds_data(ping + pong + ping));
    EXPECT_TRUE(FrameWalk().holds_data(ping + text));
    for (std::size_t cut = 1; cut < large.size(); ++cut) {
        FrameWalk walk;
        const bool first = walk.holds_data(large.substr(0, cut));
        const bool second = walk.holds_data(large.substr(cut));
        EXPECT_TRUE(first || second) << cut;
        EXPECT_FALSE(walk.holds_data(ping)) << cut;
    }
}

}  // namespace
}  // namespace berth::gateway
