#include "engine/kubernetes/forward.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

namespace berth::engine::kubernetes {
namespace {

constexpr Duration patience{std::chrono::seconds(8)};
constexpr Duration pause{std::chrono::milliseconds(200)};
constexpr std::size_t piece = 32u << 10;
using Socket = asio::local::stream_protocol::socket;

Task<> send_all(Socket& from, kube::PortForward& to) {
    std::string bytes;
    while (true) {
        bytes.resize(piece);
        boost::system::error_code ec;
        const auto count =
            co_await from.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
        if (ec) break;
        co_await to.write(bytes.substr(0, count));
    }
    // It knows no half-close: the other side would never hear that no more comes.
    co_await to.close();
}

Task<> receive_all(kube::PortForward& from, Socket& to) {
    try {
        while (true) {
            const auto bytes = co_await from.read();
            if (bytes.empty()) break;
            co_await asio::async_write(to, asio::buffer(bytes), asio::use_awaitable);
        }
    } catch (const Error&) {
        // Nobody listens at that port: whoever asked is told at once, by the end of the connection.
    }
    boost::system::error_code ignored;
    to.shutdown(Socket::shutdown_both, ignored);
}

}  // namespace

Task<net::ClientSocket> Forwards::connect(kube::Key pod, int port) {
    const int descriptor =
        co_await asio::co_spawn(executor_, begin(std::move(pod), port), asio::use_awaitable);
    net::ClientSocket socket(co_await asio::this_coro::executor);
    socket.assign(asio::generic::stream_protocol(AF_UNIX, 0), descriptor);
    co_return socket;
}

/// An API server that is away for a moment holds up whoever comes, and turns nobody away.
Task<std::shared_ptr<kube::PortForward>> Forwards::open(kube::Key pod, int port) {
    for (const auto give_up = clock_.now() + patience;;) {
        std::optional<Error> failure;
        try {
            co_return co_await kube::PortForward::open(client_, pod, port);
        } catch (const Error& error) {
            failure = error;
        }
        if (failure->kind != Kind::unavailable || clock_.now() > give_up) throw *failure;
        co_await clock_.sleep(pause);
    }
}

Task<int> Forwards::begin(kube::Key pod, int port) {
    const auto forward = co_await open(std::move(pod), port);
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        throw Error(Kind::unavailable, "too_many_files", "no more connections can be opened");
    tasks_.start("carry a connection", carry(forward, pair[1]));
    co_return pair[0];
}

Task<> Forwards::carry(std::shared_ptr<kube::PortForward> forward, int descriptor) {
    using namespace asio::experimental::awaitable_operators;
    Socket socket(executor_);
    socket.assign(asio::local::stream_protocol(), descriptor);
    try {
        co_await (send_all(socket, *forward) || receive_all(*forward, socket));
    } catch (const Error&) {
        // The other end hears of it by the end of the connection.
    }
}

Task<> Forwards::stop() {
    tasks_.cancel();
    co_await tasks_.join();
}

}  // namespace berth::engine::kubernetes
