#include "net/http_server.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <future>

#include "base/error.hpp"
#include "net/test_peer.hpp"

namespace berth::net {
namespace {

using test::eventually;
using test::Peer;

/// A handler that says what it was asked, and a few special paths.
Task<Response> echo(Request request) {
    Response response;
    if (request.path == "/fail") throw std::runtime_error("secret detail");
    if (request.path == "/empty") {
        response.status = 204;
        co_return response;
    }
    if (request.path == "/bad-header") response.headers.emplace_back("X", "a\r\nY: b");
    response.headers.emplace_back("Content-Type", "text/plain");
    response.body = request.method + " " + request.path;
    for (const auto& [name, value] : request.query) response.body += " " + name + "=" + value;
    response.body += " [" + request.body + "]";
    if (request.local) response.body += " local";
    co_return response;
}

Destination everything_here(std::string_view host) {
    if (host.starts_with("nowhere")) return Destination::unknown;
    return Destination::platform;
}

Task<Response> answer_late(Request) {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(300));
    co_await timer.async_wait(asio::use_awaitable);
    Response response;
    response.body = "late";
    co_return response;
}

class Running {
  public:
    explicit Running(Handler handler = echo, ServerConfig config = {}, RawHandler session = {})
        : server(with_free_port(std::move(config)), Dispatch{.decide = everything_here,
                                                             .platform = std::move(handler),
                                                             .session = std::move(session),
                                                             .anywhere = {"/healthz"}}) {
        server.start();
    }
    static ServerConfig with_free_port(ServerConfig config) {
        config.port = 0;
        if (config.loops == 0) config.loops = 2;
        return config;
    }
    Peer connect() const { return Peer::connect(server.port()); }
    std::string ask(std::string_view bytes) const {
        auto peer = connect();
        peer.send(bytes);
        return peer.receive_all();
    }

    Server server;
};

/// Without its Date line, which changes.
std::string undated(std::string text) {
    const auto at = text.find("Date: ");
    if (at != std::string::npos) text.erase(at, text.find("\r\n", at) + 2 - at);
    return text;
}

std::string get(std::string_view path, std::string_view more = "Connection: close\r\n") {
    return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n{}\r\n", path, more);
}

TEST(Server, answers_with_a_whole_response) {
    Running running;
    EXPECT_EQ(undated(running.ask(get("/a%20b?x=1+2&y&z=%3D"))),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 24\r\nConnection: close\r\n\r\n"
              "GET /a b x=1 2 y= z== []");
    EXPECT_EQ(undated(running.ask(get("/empty"))), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

TEST(Server, reads_bodies_by_length_and_in_chunks) {
    Running running;
    const auto post = [&](std::string_view rest) {
        const auto answer =
            running.ask(fmt::format("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}", rest));
        return answer.substr(answer.find("\r\n\r\n") + 4);
    };
    EXPECT_EQ(post("Content-Length: 5\r\n\r\nhello"), "POST / [hello]");
    EXPECT_EQ(post("Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nT: r\r\n\r\n"),
              "POST / [hello]");
}

TEST(Server, answers_pipelined_requests_in_order) {
    Running running;
    const auto answer =
        running.ask(get("/1", "") + "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy" + "\r\n" +
                    get("/3", "") + get("/4"));
    const auto first = answer.find("GET /1"), second = answer.find("POST /2 [xy]"),
               third = answer.find("GET /3");
    const auto fourth = answer.find("GET /4");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_LT(third, fourth);
    EXPECT_NE(fourth, std::string::npos);
}

TEST(Server, head_has_the_length_and_no_body) {
    Running running;
    EXPECT_EQ(
        undated(running.ask("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")),
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\nConnection: close\r\n\r\n");
}

TEST(Server, keeps_old_clients_only_when_they_ask) {
    Running running;
    EXPECT_EQ(undated(running.ask("GET /x HTTP/1.0\r\n\r\n")),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nConnection: "
              "close\r\n\r\nGET /x []");
    auto peer = running.connect();
    for (int i = 0; i < 2; ++i) {
        peer.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        EXPECT_NE(peer.receive_response().find("Connection: keep-alive"), std::string::npos);
    }
}

TEST(Server, invites_the_body_that_waits_for_it) {
    Running running;
    auto peer = running.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(peer.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("ok");
    EXPECT_TRUE(peer.receive_response().ends_with("POST / [ok]"));
}

TEST(Server, refuses_a_large_body_before_it_comes) {
    Running running(echo, {.body_max = 10});
    const auto answer =
        running.ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
    EXPECT_NE(answer.find("\"code\":\"too_large\""), std::string::npos);
    EXPECT_TRUE(running
                    .ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                         "chunked\r\n\r\n6\r\n123456\r\n6\r\n123456\r\n")
                    .starts_with("HTTP/1.1 413 "));
}

TEST(Server, refuses_what_is_malformed_and_closes) {
    Running running;
    EXPECT_TRUE(running.ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(running.ask(get("/%zz")).starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(running.ask(get("/?a=%ff")).starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(running.ask("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n")
                    .starts_with("HTTP/1.1 414 "));
    EXPECT_TRUE(running.ask("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70000, 'a'))
                    .starts_with("HTTP/1.1 431 "));
    const auto chunked =
        running.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    EXPECT_TRUE(chunked.starts_with("HTTP/1.1 400 ")) << chunked;
}

TEST(Server, an_unknown_host_is_misdirected) {
    Running running;
    const auto answer = running.ask("GET / HTTP/1.1\r\nHost: nowhere\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 421 Misdirected Request\r\n")) << answer;
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
}

TEST(Server, some_paths_are_answered_under_any_host) {
    Running running;
    const auto ask = [&](std::string_view path) {
        const auto head = "GET {} HTTP/1.1\r\nHost: nowhere.example\r\nConnection: close\r\n\r\n";
        return running.ask(fmt::format(fmt::runtime(head), path));
    };
    EXPECT_TRUE(ask("/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(ask("/healthz?x=1").starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(ask("/healthz/x").starts_with("HTTP/1.1 421 Misdirected Request\r\n"));
    EXPECT_TRUE(ask("/").starts_with("HTTP/1.1 421 Misdirected Request\r\n"));
}

TEST(Server, says_nothing_about_a_failure_inside) {
    Running running;
    for (const auto* path : {"/fail"}) {
        const auto answer = running.ask(get(path));
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
        EXPECT_EQ(answer.find("secret"), std::string::npos);
        EXPECT_NE(answer.find("requestId"), std::string::npos);
    }
    EXPECT_EQ(running.ask(get("/bad-header")).find("Y: b"), std::string::npos);
}

TEST(Server, closes_a_head_that_does_not_come_and_a_connection_that_asks_nothing) {
    Running running(echo, {.header_timeout = Duration(200), .idle_timeout = Duration(200)});
    EXPECT_EQ(running.ask("GET / HTTP/1.1\r\nHost"), "");
    EXPECT_EQ(running.ask(""), "");
    auto dripping = running.connect();
    const auto closed = [&] { return !dripping.send("a") || dripping.send_some("a") == 0; };
    EXPECT_TRUE(eventually(closed));
}

TEST(Server, a_connection_beyond_the_limit_is_told_so) {
    Running running(answer_late, {.connections_max = 1});
    auto first = running.connect();
    first.send(get("/", ""));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(running.connect().receive_all().starts_with("HTTP/1.1 503 "));
    first.close();
    EXPECT_TRUE(eventually([&] { return running.server.connections() == 0; }));
    EXPECT_TRUE(running.ask(get("/")).starts_with("HTTP/1.1 200 "));
}

TEST(Server, a_taken_port_is_named) {
    Running running;
    ServerConfig config;
    config.port = running.server.port();
    config.loops = 1;
    EXPECT_THROW(require_free(config), Error);
    Server second(config, Dispatch{.decide = everything_here, .platform = echo, .session = {}});
    try {
        second.start();
        FAIL() << "two servers on one port";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, Kind::conflict);
        EXPECT_EQ(error.code, "port_taken");
        EXPECT_EQ(error.user, fmt::format("port {} on 127.0.0.1 is taken", config.port));
        EXPECT_EQ(error.next,
                  "stop what listens there, or choose another with --port N or --listen ADDRESS:PORT");
    }
}

TEST(Server, the_private_socket_is_private_and_local) {
    const auto directory =
        std::filesystem::temp_directory_path() / fmt::format("berth-net-test-{}", ::getpid());
    std::filesystem::create_directories(directory);
    const auto path = (directory / "s").string();
    {
        Running running(echo, {.unix_path = path});
        struct stat file{};
        ASSERT_EQ(::stat(path.c_str(), &file), 0);
        EXPECT_EQ(file.st_mode & 0777, 0600u);
        auto peer = Peer::connect(path);
        peer.send("GET /x HTTP/1.1\r\nHost: nowhere\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(peer.receive_all().ends_with("GET /x [] local"));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    std::filesystem::remove_all(directory);
}

Task<> write_pieces(BodyWriter& writer) {
    co_await writer.write("one ");
    co_await writer.write("");
    co_await writer.write("two");
}

Task<Response> stream_pieces(Request) {
    Response response;
    response.stream = write_pieces;
    co_return response;
}

TEST(Server, streams_in_chunks_and_goes_on) {
    Running running(stream_pieces);
    auto peer = running.connect();
    peer.send(get("/", "") + "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get("/"));
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
    const std::string body = "\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n";
    EXPECT_EQ(undated(undated(undated(peer.receive_all()))),
              head + body + head + "\r\n" + head + "Connection: close\r\n" + body);
    EXPECT_EQ(undated(running.ask("GET / HTTP/1.0\r\n\r\n")),
              "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\none two");
}

std::atomic<std::size_t> written{0};
std::atomic<bool> ended{false};

struct Ending {
    ~Ending() { ended = true; }
};

Task<> write_endlessly(BodyWriter& writer) {
    const Ending ending;
    const std::string piece(64 << 10, 'x');
    while (true) {
        co_await writer.write(piece);
        written += piece.size();
    }
}

Task<Response> stream_endlessly(Request) {
    Response response;
    response.stream = write_endlessly;
    co_return response;
}

TEST(Server, a_slow_reader_stops_the_stream_and_a_gone_one_ends_it) {
    written = 0;
    ended = false;
    Running running(stream_endlessly);
    auto peer = Peer::connect(running.server.port(), 16 << 10);
    peer.send(get("/"));
    std::size_t before = 1;
    // What the kernel takes is bounded; then the count stands still.
    EXPECT_TRUE(eventually([&] {
        const auto was = std::exchange(before, written.load());
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return before == was && before > 0;
    }));
    EXPECT_LT(written.load(), 64u << 20);
    EXPECT_FALSE(ended);
    peer.close();
    EXPECT_TRUE(eventually([] { return ended.load(); }));
}

Task<> wait_for_ever(BodyWriter& writer) {
    const Ending ending;
    co_await writer.write("begun");
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
}

Task<Response> stream_silently(Request) {
    Response response;
    response.stream = wait_for_ever;
    co_return response;
}

TEST(Server, a_silent_stream_ends_with_its_client) {
    ended = false;
    Running running(stream_silently);
    auto peer = running.connect();
    peer.send(get("/"));
    peer.receive_until("begun");
    peer.close();
    EXPECT_TRUE(eventually([] { return ended.load(); }));
}

/// Stops the server as a control loop would.
/// The first half of a stop, on a thread of its own; `get` waits for its end.
std::future<void> leave(Server& server, Duration welcome, Duration limit) {
    return std::async(std::launch::async, [&server, welcome, limit] {
        asio::io_context loop;
        auto done = asio::co_spawn(loop, server.leave(welcome, limit), asio::use_future);
        loop.run();
        done.get();
    });
}

void stop(Server& server, Duration limit) {
    asio::io_context context;
    auto stopped = asio::co_spawn(context, server.stop(limit), asio::use_future);
    context.run();
    stopped.get();
}

TEST(Server, connections_that_ask_nothing_make_room_for_one_that_does) {
    Running running(answer_late, {.loops = 1, .connections_max = 3});
    auto busy = running.connect();
    busy.send(get("/", ""));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::vector<Peer> idle;
    for (int i = 0; i < 5; ++i) idle.push_back(running.connect());
    EXPECT_TRUE(running.ask(get("/")).ends_with("late"));
    EXPECT_TRUE(busy.receive_response().ends_with("late")) << "who is being answered stays";
    EXPECT_EQ(idle[0].receive_all(), "") << "who has waited longest goes first";
}

TEST(Server, large_bodies_have_a_limit_of_their_own) {
    Running running(echo, {.loops = 1});
    const auto begin = fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 100'000);
    std::vector<Peer> senders;
    for (int i = 0; i < Loop::large_bodies_max; ++i) {
        senders.push_back(running.connect());
        senders.back().send(begin + "x");
    }
    EXPECT_TRUE(eventually([&] { return running.server.connections() == Loop::large_bodies_max; }));
    EXPECT_TRUE(eventually([&] { return running.ask(begin).starts_with("HTTP/1.1 503 "); }));
    EXPECT_TRUE(running.ask(get("/small")).starts_with("HTTP/1.1 200 "));
    senders.pop_back();
    EXPECT_TRUE(eventually([&] {
        auto again = running.connect();
        again.send(begin + std::string(100'000, 'x'));
        return again.receive_response().starts_with("HTTP/1.1 200 ");
    }));
}

TEST(Server, stopping_lets_answers_finish_and_ends_idle_connections) {
    Running running(answer_late);
    auto busy = running.connect();
    busy.send(get("/", ""));
    auto idle = running.connect();
    EXPECT_TRUE(eventually([&] { return running.server.connections() == 2; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop(running.server, Duration(5000));
    EXPECT_TRUE(busy.receive_all().ends_with("late"));
    EXPECT_EQ(idle.receive_all(), "");
    EXPECT_EQ(running.server.connections(), 0);
    EXPECT_THROW(running.connect(), std::runtime_error);
}

TEST(Server, stopping_cuts_what_does_not_end) {
    Running running(stream_silently);
    auto peer = running.connect();
    peer.send(get("/"));
    peer.receive_until("begun");
    stop(running.server, Duration(100));
    EXPECT_FALSE(peer.receive_all().ends_with("0\r\n\r\n"));
}

TEST(Server, that_leaves_says_so_with_each_answer_and_ends_when_all_have_gone) {
    Running running(answer_late);
    auto busy = running.connect(), idle = running.connect();
    idle.send(get("/", ""));
    EXPECT_EQ(idle.receive_response().find("Connection: close"), std::string::npos);
    busy.send(get("/", ""));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    auto left = leave(running.server, Duration(400), Duration(10'000));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    auto late = running.connect();
    late.send(get("/", ""));
    idle.send(get("/", ""));
    for (auto* peer : {&busy, &idle, &late}) {
        const auto answer = peer->receive_all();
        EXPECT_NE(answer.find("Connection: close"), std::string::npos);
        EXPECT_TRUE(answer.ends_with("late")) << answer;
    }
    left.get();
    EXPECT_EQ(running.server.connections(), 0);
    EXPECT_TRUE(eventually([&] {
        try {
            running.connect();
            return false;
        } catch (const std::runtime_error&) {
            return true;
        }
    }));
}

TEST(Server, that_leaves_keeps_what_is_open_for_as_long_as_it_may) {
    Running running(stream_silently, {.last_idle_timeout = Duration(300)});
    auto open = running.connect(), idle = running.connect();
    open.send(get("/"));
    open.receive_until("begun");
    const auto begun = std::chrono::steady_clock::now();
    leave(running.server, Duration(0), Duration(1500)).get();
    EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(1500));
    EXPECT_EQ(running.server.connections(), 1) << "who asks nothing has gone";
    EXPECT_EQ(idle.receive_all(), "");
    stop(running.server, Duration(50));
    EXPECT_EQ(running.server.connections(), 0);
}

}  // namespace
}  // namespace berth::net
