#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

/// WebSocket messages of 64 KiB (RFC 6455) to an echo and back: both ends of what a proxy carries.
///
/// The mask is zero, which the RFC permits to occur, so that neither end spends its time on masking.
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using asio::ip::tcp;

constexpr std::size_t payload = 64 << 10;
// FIN and binary; a 64-bit length; of the client also the mask bit and the mask.
constexpr char from_client[14] = {'\x82', '\xff', 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
constexpr char from_server[10] = {'\x82', '\x7f', 0, 0, 0, 0, 0, 1, 0, 0};
// The example of RFC 6455, 1.3.
constexpr const char* key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* accepted = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

asio::awaitable<void> echo(tcp::socket client) {
    client.set_option(tcp::no_delay(true));
    std::string head;
    co_await asio::async_read_until(client, asio::dynamic_buffer(head, 16 << 10), "\r\n\r\n", use_awaitable);
    const auto answer = fmt::format(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: {}\r\n\r\n",
        accepted);
    co_await asio::async_write(client, asio::buffer(answer), use_awaitable);
    std::vector<char> message(sizeof from_client + payload);
    for (;;) {
        co_await asio::async_read(client, asio::buffer(message), use_awaitable);
        if (std::memcmp(message.data(), from_client, sizeof from_client) != 0) co_return;
        // The shorter header takes the place of the end of the longer one.
        char* const start = message.data() + sizeof from_client - sizeof from_server;
        std::memcpy(start, from_server, sizeof from_server);
        co_await asio::async_write(client, asio::buffer(start, sizeof from_server + payload), use_awaitable);
    }
}

asio::awaitable<void> accept_all(tcp::acceptor acceptor) {
    for (;;) {
        auto client = co_await acceptor.async_accept(use_awaitable);
        // Ends with its connection; what failed there is the client's to notice.
        asio::co_spawn(acceptor.get_executor(), echo(std::move(client)), asio::detached);
    }
}

struct Tally {
    std::uint64_t messages = 0;
    std::string failure;
};

asio::awaitable<void> talk(tcp::endpoint server, std::string host, std::string cookie, Tally& tally) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(server, use_awaitable);
    socket.set_option(tcp::no_delay(true));
    const auto request = fmt::format(
        "GET /socket HTTP/1.1\r\nHost: {0}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: "
        "http://{0}\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {1}\r\nCookie: {2}\r\n\r\n",
        host, key, cookie);
    co_await asio::async_write(socket, asio::buffer(request), use_awaitable);
    std::string head;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(head, 16 << 10), "\r\n\r\n", use_awaitable);
    if (!head.starts_with("HTTP/1.1 101")) throw std::runtime_error(head.substr(0, head.find('\r')));
    std::vector<char> sent(sizeof from_client + payload), got(sizeof from_server + payload);
    std::memcpy(sent.data(), from_client, sizeof from_client);
    for (;; ++tally.messages) {
        co_await asio::async_write(socket, asio::buffer(sent), use_awaitable);
        co_await asio::async_read(socket, asio::buffer(got), use_awaitable);
        if (std::memcmp(got.data(), from_server, sizeof from_server) != 0)
            throw std::runtime_error("not an echo");
    }
}

int serve_echo(int port) {
    asio::io_context loop(1);
    tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)});
    asio::co_spawn(loop, accept_all(std::move(acceptor)), asio::detached);
    std::puts("ready");
    std::fflush(stdout);
    loop.run_for(std::chrono::minutes(30));
    return 0;
}

int load(int port, int connections, int seconds, const std::string& cookie) {
    asio::io_context loop(1);
    Tally tally;
    const tcp::endpoint server(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port));
    for (int number = 0; number < connections; ++number) {
        auto failed = [&tally, &loop](std::exception_ptr failure) {
            try {
                if (failure) std::rethrow_exception(failure);
            } catch (const std::exception& error) {
                tally.failure = error.what();
                loop.stop();
            }
        };
        asio::co_spawn(loop, talk(server, fmt::format("app-{:05}.localhost:{}", number, port), cookie, tally),
                       failed);
    }
    const auto start = std::chrono::steady_clock::now();
    loop.run_for(std::chrono::seconds(seconds));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (!tally.failure.empty()) {
        fmt::print(stderr, "ws_load: {}\n", tally.failure);
        return 1;
    }
    fmt::print("{{\"messages\": {}, \"bytes\": {}, \"seconds\": {:.3f}}}\n", tally.messages,
               2 * payload * tally.messages, took.count());
    return 0;
}

}  // namespace

/// `ws_load echo PORT` or `ws_load client PORT CONNECTIONS SECONDS COOKIE`; either ends by itself.
int main(int count, char** words) {
    const std::vector<std::string> given(words + 1, words + count);
    if (given.size() == 2 && given[0] == "echo") return serve_echo(std::atoi(given[1].c_str()));
    if (given.size() == 5 && given[0] == "client")
        return load(std::atoi(given[1].c_str()), std::atoi(given[2].c_str()), std::atoi(given[3].c_str()),
                    given[4]);
    return 2;
}
