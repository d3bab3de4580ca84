#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#include "net/http_server.hpp"
#include "net/test_peer.hpp"

namespace berth::net {
namespace {

using test::eventually;
using test::Peer;

std::atomic<int> open_sockets{0};

Task<> echo_messages(WebSocket& socket) {
    ++open_sockets;
    while (auto message = co_await socket.read()) {
        if (message->bytes == "leave") {
            co_await socket.close(4401, "signed out");
            break;
        }
        co_await socket.write(std::move(*message));
    }
    --open_sockets;
}

Task<Response> open_echo(Request request) {
    Response response;
    if (request.path == "/refuse") {
        response.status = 403;
        response.body = "no";
        co_return response;
    }
    response.headers.emplace_back("X-Id", "1");
    response.websocket = echo_messages;
    co_return response;
}

Destination here(std::string_view) {
    return Destination::platform;
}

ServerConfig small_config() {
    ServerConfig config;
    config.port = 0;
    config.loops = 1;
    config.message_max = 1000;
    config.ping_every = Duration(300);
    return config;
}

/// A masked client frame (RFC 6455, 5.2); short payloads only.
std::string frame(int opcode, std::string_view payload, bool last = true) {
    std::string bytes{static_cast<char>((last ? 0x80 : 0) | opcode)};
    if (payload.size() < 126) {
        bytes += static_cast<char>(0x80 | payload.size());
    } else {
        bytes += static_cast<char>(0x80 | 126);
        bytes += static_cast<char>(payload.size() >> 8);
        bytes += static_cast<char>(payload.size() & 255);
    }
    const char mask[] = {1, 2, 3, 4};
    bytes.append(mask, 4);
    for (std::size_t i = 0; i < payload.size(); ++i) bytes += static_cast<char>(payload[i] ^ mask[i % 4]);
    return bytes;
}

const std::string handshake =
    "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
    "13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

class WebSocketServer : public testing::Test {
  protected:
    WebSocketServer()
        : server(small_config(), Dispatch{.decide = here, .platform = open_echo, .session = {}}) {
        open_sockets = 0;
        server.start();
    }
    Server server;
};

TEST_F(WebSocketServer, opens_echoes_and_closes_with_the_handlers_code) {
    auto peer = Peer::connect(server.port());
    // Frames that come with the handshake are not lost.
    peer.send(handshake + frame(1, "hello"));
    const auto head = peer.receive_until("\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
    EXPECT_NE(head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
    EXPECT_NE(head.find("X-Id: 1"), std::string::npos);
    EXPECT_EQ(head.find("permessage-deflate"), std::string::npos);
    EXPECT_EQ(peer.receive_exactly(7), "\x81\x05hello");
    peer.send(frame(2, "by", false) + frame(9, "p") + frame(0, "tes"));
    EXPECT_EQ(peer.receive_exactly(3), "\x8A\x01p");
    EXPECT_EQ(peer.receive_exactly(7),
              "\x82\x05"
              "bytes");
    peer.send(frame(1, "leave"));
    EXPECT_EQ(peer.receive_exactly(14), "\x88\x0C\x11\x31signed out");
}

TEST_F(WebSocketServer, refuses_messages_above_the_limit) {
    auto peer = Peer::connect(server.port());
    peer.send(handshake);
    peer.receive_until("\r\n\r\n");
    peer.send(frame(2, std::string(1001, 'x')));
    const auto close = peer.receive_exactly(4);
    EXPECT_EQ(close.substr(2), "\x03\xF1") << "1009, message too big";
}

TEST_F(WebSocketServer, pings_a_silent_client_and_drops_a_dead_one) {
    auto peer = Peer::connect(server.port());
    peer.send(handshake);
    peer.receive_until("\r\n\r\n");
    const auto ping = peer.receive_exactly(2);
    EXPECT_EQ(ping[0], '\x89');
    EXPECT_TRUE(eventually([] { return open_sockets == 0; }));
}

TEST_F(WebSocketServer, a_handler_may_refuse_and_others_need_the_upgrade) {
    auto peer = Peer::connect(server.port());
    std::string refused = handshake;
    refused.replace(5, 4, "refuse");
    peer.send(refused);
    EXPECT_TRUE(peer.receive_response().starts_with("HTTP/1.1 403 "));
    peer.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(peer.receive_response().starts_with("HTTP/1.1 426 "));
}

TEST_F(WebSocketServer, a_client_that_resets_ends_the_handler) {
    auto peer = Peer::connect(server.port());
    peer.send(handshake + frame(1, "hello"));
    peer.receive_until("hello");
    EXPECT_EQ(open_sockets, 1);
    peer.reset();
    EXPECT_TRUE(eventually([] { return open_sockets == 0; }));
    EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
}

TEST_F(WebSocketServer, goes_on_while_the_server_leaves_and_hears_when_it_stops) {
    auto peer = Peer::connect(server.port());
    peer.send(handshake);
    peer.receive_until("\r\n\r\n");
    const auto run = [](Task<> task) {
        asio::io_context loop;
        auto done = asio::co_spawn(loop, std::move(task), asio::use_future);
        loop.run();
        done.get();
    };
    auto left = std::async(std::launch::async, [&] { run(server.leave(Duration(50), Duration(700))); });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    peer.send(frame(1, "still"));
    EXPECT_TRUE(peer.receive_until("\x81\x05still").ends_with("\x81\x05still"));
    left.get();
    auto stopped = std::async(std::launch::async, [&] { run(server.stop(Duration(3000))); });
    // Pings may come before.
    EXPECT_TRUE(peer.receive_until("\x88\x02\x03\xE9").ends_with("\x88\x02\x03\xE9")) << "1001, going away";
    peer.send(frame(8, "\x03\xE9"));
    EXPECT_EQ(peer.receive(), "");
    stopped.get();
}

}  // namespace
}  // namespace berth::net
