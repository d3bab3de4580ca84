#include "net/http_client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <filesystem>

#include "net/http_client_connection.hpp"

namespace berth::net {
namespace {

using asio::ip::tcp;

/// A server on a loopback port that gives one connection after the other to a coroutine.
class Server {
  public:
    using Serve = Task<> (*)(tcp::socket);

    explicit Server(Serve serve) : acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}) {
        asio::co_spawn(loop_, accept(serve), [](const std::exception_ptr&) {});
    }
    Address address() const {
        return {.host = "app.localhost", .port = static_cast<int>(acceptor_.local_endpoint().port())};
    }
    template <class T>
    T run(Task<T> task) {
        auto result = asio::co_spawn(loop_, std::move(task), asio::use_future);
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        loop_.restart();
        while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
            if (std::chrono::steady_clock::now() > until) throw std::runtime_error("no end within 20 s");
            loop_.run_one_for(std::chrono::milliseconds(50));
        }
        return result.get();
    }
    int connections = 0;

  private:
    Task<> accept(Serve serve) {
        while (true) {
            auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
            ++connections;
            asio::co_spawn(loop_, serve(std::move(socket)), [](const std::exception_ptr&) {});
        }
    }
    asio::io_context loop_;
    tcp::acceptor acceptor_;
};

Task<std::string> read_head(tcp::socket& socket) {
    std::string bytes;
    const auto end =
        co_await asio::async_read_until(socket, asio::dynamic_buffer(bytes), "\r\n\r\n", asio::use_awaitable);
    co_return bytes.substr(0, end) + "|" + bytes.substr(end);
}

Task<> say(tcp::socket& socket, std::string bytes) {
    co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
}

/// Answers each request with its own head and body.
Task<> echo(tcp::socket socket) {
    while (true) {
        const auto head = co_await read_head(socket);
        co_await say(socket,
                     "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(head.size()) + "\r\n\r\n" + head);
    }
}

Task<> silent(tcp::socket socket) {
    co_await read_head(socket);
    asio::steady_timer never(socket.get_executor(), asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
}

Task<> upgrading(tcp::socket socket) {
    co_await read_head(socket);
    co_await say(socket, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\n\r\nfirst");
    std::string bytes(100, '\0');
    const auto count = co_await socket.async_read_some(asio::buffer(bytes), asio::use_awaitable);
    co_await say(socket, "<" + bytes.substr(0, count) + ">");
}

Task<> refusing(tcp::socket socket) {
    co_await read_head(socket);
    const std::string body = R"({"code":"quota_exceeded","detail":"too many","next":"stop one"})";
    co_await say(socket,
                 "HTTP/1.1 429 X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

Task<> mirror(tcp::socket socket) {
    boost::beast::websocket::stream<tcp::socket> stream(std::move(socket));
    co_await stream.async_accept(asio::use_awaitable);
    while (true) {
        boost::beast::flat_buffer buffer;
        co_await stream.async_read(buffer, asio::use_awaitable);
        stream.text(stream.got_text());
        co_await stream.async_write(buffer.data(), asio::use_awaitable);
    }
}

TEST(HttpClient, a_localhost_name_is_this_machine_and_connections_are_kept) {
    SystemClock clock;
    Server server(echo);
    HttpClient client(server.address(), clock);
    CallRequest request{.method = "POST", .target = "/a?b=c", .headers = {{"X-One", "1"}}, .body = "hello"};
    const auto first = server.run(client.call(request, std::chrono::seconds(5)));
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.body, "POST /a?b=c HTTP/1.1\r\nX-One: 1\r\nHost: app.localhost:" +
                              std::to_string(server.address().port) + "\r\nContent-Length: 5\r\n\r\n|hello");
    server.run(client.call(request, std::chrono::seconds(5)));
    EXPECT_EQ(server.connections, 1);
}

TEST(HttpClient, a_server_that_says_nothing_is_unavailable_in_time) {
    SystemClock clock;
    Server server(silent);
    HttpClient client(server.address(), clock);
    const auto before = std::chrono::steady_clock::now();
    try {
        server.run(client.call({}, std::chrono::milliseconds(100)));
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, Kind::unavailable);
        EXPECT_EQ(error.code, "timed_out");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
}

TEST(HttpClient, a_body_above_its_limit_is_refused) {
    SystemClock clock;
    Server server(echo);
    HttpClient client(server.address(), clock);
    EXPECT_THROW(server.run(client.call({}, std::chrono::seconds(5), 10)), Error);
}

Task<> breaking_off(tcp::socket socket) {
    co_await read_head(socket);
    co_await say(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
}

TEST(HttpClient, an_answer_that_breaks_off_says_so) {
    SystemClock clock;
    Server server(breaking_off);
    HttpClient client(server.address(), clock);
    const auto opened = server.run(client.open({}, std::chrono::seconds(5)));
    EXPECT_EQ(server.run(opened.stream->read()), "hello");
    try {
        server.run(opened.stream->read());
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, Kind::unavailable);
        EXPECT_EQ(error.code, "connection_lost");
    }
}

TEST(HttpClient, line_breaks_never_reach_the_wire) {
    SystemClock clock;
    Server server(echo);
    HttpClient client(server.address(), clock);
    const CallRequest header{.headers = {{"A", "b\r\nC: d"}}};
    EXPECT_THROW(server.run(client.call(header, std::chrono::seconds(5))), Error);
    const CallRequest target{.target = "/ HTTP/1.1\r\nA: b"};
    EXPECT_THROW(server.run(client.call(target, std::chrono::seconds(5))), Error);
}

TEST(HttpClient, an_upgraded_connection_is_bytes_both_ways) {
    SystemClock clock;
    Server server(upgrading);
    HttpClient client(server.address(), clock);
    auto opened = server.run(client.open({}, std::chrono::seconds(5)));
    EXPECT_EQ(opened.status, 101);
    EXPECT_EQ(server.run(opened.stream->read()), "first");
    server.run(opened.stream->write("ping"));
    EXPECT_EQ(server.run(opened.stream->read()), "<ping>");
    EXPECT_EQ(server.run(opened.stream->read()), "");
}

TEST(HttpClient, a_refused_stream_brings_the_whole_refusal) {
    SystemClock clock;
    Server server(refusing);
    HttpClient client(server.address(), clock);
    const auto opened = server.run(client.open({}, std::chrono::seconds(5)));
    EXPECT_EQ(opened.status, 429);
    EXPECT_EQ(opened.stream, nullptr);
    EXPECT_NE(opened.error_body.find("too many"), std::string::npos);
}

TEST(HttpClient, a_websocket_carries_text_and_bytes) {
    SystemClock clock;
    Server server(mirror);
    HttpClient client(server.address(), clock);
    const auto socket = server.run(client.websocket({}, std::chrono::seconds(5)));
    server.run(socket->write({.text = true, .bytes = "hello"}));
    const auto text = server.run(socket->read());
    EXPECT_TRUE(text->text);
    EXPECT_EQ(text->bytes, "hello");
    server.run(socket->write({.text = false, .bytes = std::string("\0\1", 2)}));
    EXPECT_EQ(server.run(socket->read())->bytes, std::string("\0\1", 2));
}

TEST(HttpClient, a_refused_websocket_throws_the_problems_own_words) {
    SystemClock clock;
    Server server(refusing);
    HttpClient client(server.address(), clock);
    try {
        server.run(client.websocket({}, std::chrono::seconds(5)));
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, Kind::too_many);
        EXPECT_EQ(error.code, "quota_exceeded");
        EXPECT_EQ(error.user, "too many");
        EXPECT_EQ(error.next, "stop one");
    }
}

TEST(HttpClient, a_link_where_a_socket_should_be_is_not_followed) {
    namespace fs = std::filesystem;
    std::string folder = fs::temp_directory_path() / "berth-client-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string long_folder = folder + "/" + std::string(120, 'x');
    fs::create_directory(long_folder);
    asio::io_context loop;
    asio::local::stream_protocol::acceptor acceptor(loop,
                                                    asio::local::stream_protocol::endpoint(folder + "/real"));
    fs::create_symlink(folder + "/real", folder + "/link");
    fs::rename(folder + "/real", long_folder + "/real");
    fs::create_symlink(long_folder + "/real", long_folder + "/link");
    const auto connect = [&](const std::string& path) {
        auto done = asio::co_spawn(
            loop,
            [](std::string to) -> Task<bool> {
                co_await connect_unix(std::move(to));
                co_return true;
            }(path),
            asio::use_future);
        loop.restart();
        loop.run();
        return done.get();
    };
    EXPECT_TRUE(connect(long_folder + "/real")) << "longer than a socket address";
    EXPECT_THROW(connect(long_folder + "/link"), Error);
    EXPECT_THROW(connect(folder + "/nothing"), Error);
    fs::remove_all(folder);
}

TEST(Url, an_absolute_url_is_taken_apart) {
    const auto [address, target] = parse_url("https://berth.example:8443/a/b?c=d");
    EXPECT_EQ(address.host, "berth.example");
    EXPECT_EQ(address.port, 8443);
    EXPECT_TRUE(address.tls);
    EXPECT_EQ(target, "/a/b?c=d");
    EXPECT_EQ(parse_url("http://localhost").first.port, 80);
    EXPECT_EQ(parse_url("http://localhost").second, "/");
    EXPECT_EQ(parse_url("http://[::1]:8080/").first.host, "::1");
    for (const auto* wrong : {"localhost:8080", "ftp://x/", "http://", "http://u:p@x/", "http://x:99999/"})
        EXPECT_THROW(parse_url(wrong), Error) << wrong;
}

}  // namespace
}  // namespace berth::net
