#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "net/http_server.hpp"
#include "net/test_peer.hpp"

namespace berth::net {
namespace {

using test::Peer;

Destination here(std::string_view) {
    return Destination::platform;
}

/// Reads all of it, or as many pieces as the path says, and tells how it went.
Task<Response> count(Request request) {
    Response response;
    if (!request.stream) {
        response.body = "whole " + request.body;
        co_return response;
    }
    std::size_t bytes = 0, largest = 0;
    const bool stop_early = request.path == "/up/refused";
    std::string failure;
    while (!stop_early) {
        std::string piece;
        try {
            piece = co_await request.stream->read();
        } catch (const std::exception& error) {
            failure = error.what();
            break;
        }
        if (piece.empty()) break;
        bytes += piece.size();
        largest = std::max(largest, piece.size());
    }
    if (largest > (64u << 10)) failure = "a piece is too large";
    const auto size = request.stream->size();
    response.body = fmt::format("{} of {} {}", bytes, size ? std::to_string(*size) : "?", failure);
    co_return response;
}

class Streaming {
  public:
    Streaming()
        : server(config(), Dispatch{.decide = here,
                                    .platform = count,
                                    .session = {},
                                    .anywhere = {},
                                    .streams = [](std::string_view method, std::string_view path) {
                                        return method == "PUT" && path.starts_with("/up/");
                                    }}) {
        server.start();
    }
    static ServerConfig config() {
        ServerConfig config;
        config.port = 0;
        config.loops = 2;
        return config;
    }
    std::string ask(const std::string& bytes) const {
        auto peer = Peer::connect(server.port());
        peer.send(bytes);
        return peer.receive_all();
    }
    static std::string body_of(const std::string& answer) {
        return answer.substr(answer.find("\r\n\r\n") + 4);
    }
    Server server;
};

std::string put(const std::string& path, const std::string& framing, const std::string& body) {
    return "PUT " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + framing + "\r\n\r\n" + body;
}

TEST(StreamedBody, may_be_larger_than_what_a_handler_sees_whole) {
    Streaming running;
    const std::string large(3 << 20, 'x');
    const auto length = "Content-Length: " + std::to_string(large.size());
    EXPECT_EQ(Streaming::body_of(running.ask(put("/up/a", length, large))), "3145728 of 3145728 ");
    EXPECT_TRUE(running.ask(put("/other", length, large)).starts_with("HTTP/1.1 413"));
}

TEST(StreamedBody, comes_in_chunks_too_and_may_be_empty) {
    Streaming running;
    EXPECT_EQ(Streaming::body_of(running.ask(
                  put("/up/a", "Transfer-Encoding: chunked", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))),
              "5 of ? ");
    EXPECT_EQ(Streaming::body_of(running.ask(put("/up/a", "Content-Length: 0", ""))), "0 of 0 ");
}

TEST(StreamedBody, that_breaks_off_is_a_failure_and_no_end) {
    Streaming running;
    auto peer = Peer::connect(running.server.port());
    peer.send(put("/up/a", "Content-Length: 10", "half"));
    peer.shut_down_writing();
    EXPECT_NE(Streaming::body_of(peer.receive_all()), "4 of 10 ");
    EXPECT_NE(Streaming::body_of(running.ask(put("/up/a", "Transfer-Encoding: chunked", "zz\r\n"))),
              "0 of ? ");
}

TEST(StreamedBody, that_nobody_reads_closes_the_connection_after_the_answer) {
    Streaming running;
    const auto answer = running.ask(
        "PUT /up/refused HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nunwanted!"
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(Streaming::body_of(answer), "0 of 9 ");
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST(StreamedBody, that_was_read_leaves_the_connection_to_the_next_request) {
    Streaming running;
    const auto answer = running.ask(
        "PUT /up/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok"
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_NE(answer.find("2 of 2 "), std::string::npos);
    EXPECT_NE(answer.find("whole "), std::string::npos);
}

}  // namespace
}  // namespace berth::net
