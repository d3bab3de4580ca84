#include "net/http_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <list>
#include <set>
#include <thread>

#include "base/error.hpp"
#include "base/log.hpp"
#include "net/answer.hpp"

namespace berth::net {
namespace {

using Tcp = asio::ip::tcp;
using Unix = asio::local::stream_protocol;
template <class Protocol>
using Acceptor = asio::basic_socket_acceptor<Protocol, Executor>;

constexpr int backlog = 1024;
// What was cut ends by itself in its next turn; what does not is destroyed with its loop.
constexpr std::chrono::seconds cut_limit{2};
constexpr std::string_view full_answer =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

Tcp::endpoint endpoint_of(const ServerConfig& config) {
    const std::string host = config.host == "localhost" ? "127.0.0.1"
                             : config.host == "*"       ? "0.0.0.0"
                                                        : config.host;
    ErrorCode failure;
    const auto address = asio::ip::make_address(host, failure);
    if (failure)
        throw Error(Kind::invalid, "invalid_field",
                    "listen address " + quoted(config.host) + " is not an IP address",
                    "use 127.0.0.1, ::1, localhost or *");
    return {address, static_cast<std::uint16_t>(config.port)};
}

Error port_taken(const ServerConfig& config, const std::string& why) {
    return Error(Kind::conflict, "port_taken",
                 "port " + std::to_string(config.port) + " on " + config.host + " is taken",
                 "stop what listens there, or choose another with --port N or --listen ADDRESS:PORT", why);
}

Acceptor<Tcp> shared_listener(Executor executor, const ServerConfig& config, const Tcp::endpoint& endpoint) {
    Acceptor<Tcp> acceptor(executor);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(Tcp::acceptor::reuse_address(true));
    const int on = 1;
    ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    ErrorCode failure;
    acceptor.bind(endpoint, failure);
    if (failure) throw port_taken(config, failure.message());
    acceptor.listen(backlog);
    return acceptor;
}

/// Whether somebody answers on that socket; a file that a dead server left does not.
bool answers(const std::string& path) {
    asio::io_context context;
    asio::basic_stream_socket<Unix, Executor> socket(context.get_executor());
    ErrorCode failure;
    socket.connect(Unix::endpoint(path), failure);
    return !failure;
}

std::string address_of(const Tcp::endpoint& peer) {
    return peer.address().to_string();
}
std::string address_of(const Unix::endpoint&) {
    return {};
}

}  // namespace

void require_free(const ServerConfig& config) {
    const auto endpoint = endpoint_of(config);
    if (endpoint.port() == 0) return;
    // With SO_REUSEPORT two Berths would share a port without a word. A bind without it shows who was first.
    asio::io_context context;
    Acceptor<Tcp> probe(context.get_executor());
    ErrorCode failure;
    probe.open(endpoint.protocol(), failure);
    if (!failure) probe.set_option(Tcp::acceptor::reuse_address(true), failure);
    if (!failure) probe.bind(endpoint, failure);
    if (!failure) probe.listen(1, failure);
    if (failure == asio::error::address_in_use) throw port_taken(config, failure.message());
    if (failure)
        throw Error(
            Kind::unavailable, "cannot_listen",
            "cannot listen on " + config.host + ":" + std::to_string(config.port) + ": " + failure.message(),
            "choose another with --listen ADDRESS:PORT");
}

struct Server::Shared {
    ServerConfig config;
    Dispatch dispatch;
    std::atomic<int> connections{0};
};

/// One loop with its thread, its acceptors and its connections.
struct Server::Runner {
    Runner(int index, Shared& its_shared) : shared(its_shared), loop(index) {}

    void open(std::shared_ptr<Connection> connection) {
        shared.connections.fetch_add(1, std::memory_order_relaxed);
        open_connections.insert(connection.get());
        if (leaving) connection->leave();
        auto ended = [this, connection](const std::exception_ptr& failure) {
            open_connections.erase(connection.get());
            shared.connections.fetch_sub(1, std::memory_order_relaxed);
            try {
                if (failure) std::rethrow_exception(failure);
            } catch (const std::exception& error) {
                log::error("connection failed", {{"error", error.what()}});
            }
        };
        asio::co_spawn(loop.executor(), serve_connection(connection, shared.dispatch), std::move(ended));
    }

    /// Makes room by ending the connection that asks for nothing since longest. False when there is none.
    bool cut_longest_waiting() {
        Connection* longest = nullptr;
        for (auto* connection : open_connections) {
            const bool waits = connection->waiting_since > 0 && connection->client.open();
            if (waits && (longest == nullptr || connection->waiting_since < longest->waiting_since))
                longest = connection;
        }
        if (longest != nullptr) longest->cut();
        return longest != nullptr;
    }

    template <class Protocol>
    Work<> accept(Acceptor<Protocol>& acceptor, bool local) {
        while (acceptor.is_open()) {
            asio::basic_stream_socket<Protocol, Executor> socket(loop.executor());
            typename Protocol::endpoint peer;
            ErrorCode failure;
            co_await acceptor.async_accept(socket, peer, asio::redirect_error(await, failure));
            if (failure == asio::error::operation_aborted) co_return;
            if (failure) {
                // Mostly out of descriptors: those who are served now will free some.
                asio::steady_timer pause(loop.executor(), std::chrono::milliseconds(100));
                co_await pause.async_wait(asio::redirect_error(await, failure));
                continue;
            }
            Socket client(std::move(socket));
            const bool full =
                shared.connections.load(std::memory_order_relaxed) >= shared.config.connections_max;
            if (full && !cut_longest_waiting()) {
                Channel refused(std::move(client));
                Slices slices{full_answer};
                refused.try_write(slices);
                continue;
            }
            open(std::make_shared<Connection>(loop, shared.config, std::move(client), address_of(peer),
                                              local));
        }
    }

    void leave() {
        leaving = true;
        for (auto* connection : open_connections) connection->leave();
    }

    void refuse() {
        ErrorCode ignored;
        if (tcp) tcp->close(ignored);
    }

    void drain() {
        ErrorCode ignored;
        if (tcp) tcp->close(ignored);
        if (unix_) unix_->close(ignored);
        for (auto* connection : open_connections) connection->drain();
    }

    void cut() {
        drain();
        const auto open_now = open_connections;
        for (auto* connection : open_now) connection->cut();
    }

    Shared& shared;
    std::set<Connection*> open_connections;
    bool leaving = false;
    Loop loop;
    // After the loop, so that they go before it.
    std::optional<Acceptor<Tcp>> tcp;
    std::optional<Acceptor<Unix>> unix_;
    std::optional<asio::executor_work_guard<Executor>> guard;
    std::thread thread;
};

Server::Server(ServerConfig config, Dispatch dispatch) : shared_(std::make_unique<Shared>()) {
    shared_->config = std::move(config);
    shared_->dispatch = std::move(dispatch);
    int loops = shared_->config.loops;
    if (loops <= 0) loops = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    for (int index = 0; index < loops; ++index) runners_.push_back(std::make_unique<Runner>(index, *shared_));
}

Server::~Server() {
    if (!running_) return;
    cut();
    const auto last = std::chrono::steady_clock::now() + cut_limit;
    while (connections() > 0 && std::chrono::steady_clock::now() < last)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    join();
}

int Server::loop_count() const {
    return static_cast<int>(runners_.size());
}
Loop& Server::loop(int index) {
    return runners_.at(static_cast<std::size_t>(index))->loop;
}
int Server::port() const {
    return port_;
}
int Server::connections() const {
    return shared_->connections.load(std::memory_order_relaxed);
}

void Server::listen_tcp() {
    auto endpoint = endpoint_of(shared_->config);
    require_free(shared_->config);
    for (auto& runner : runners_) {
        runner->tcp.emplace(shared_listener(runner->loop.executor(), shared_->config, endpoint));
        endpoint.port(runner->tcp->local_endpoint().port());
    }
    port_ = endpoint.port();
}

void Server::listen_unix() {
    const auto& path = shared_->config.unix_path;
    if (path.empty()) return;
    if (answers(path))
        throw Error(Kind::conflict, "socket_taken", "another program listens on " + quoted(path),
                    "stop it first");
    ::unlink(path.c_str());
    Acceptor<Unix> acceptor(runners_.front()->loop.executor());
    acceptor.open();
    ErrorCode failure;
    acceptor.bind(Unix::endpoint(path), failure);
    // Before `listen` nobody can connect, whatever the umask made of the file.
    if (!failure && ::chmod(path.c_str(), 0600) != 0) failure.assign(errno, boost::system::system_category());
    if (!failure) acceptor.listen(backlog, failure);
    if (failure)
        throw Error(Kind::unavailable, "cannot_listen",
                    "cannot listen on " + quoted(path) + ": " + failure.message());
    runners_.front()->unix_.emplace(std::move(acceptor));
}

void Server::start() {
    listen_tcp();
    listen_unix();
    for (auto& runner : runners_) {
        auto executor = runner->loop.executor();
        asio::co_spawn(executor, runner->accept<Tcp>(*runner->tcp, false), asio::detached);
        if (runner->unix_)
            asio::co_spawn(executor, runner->accept<Unix>(*runner->unix_, true), asio::detached);
        runner->guard.emplace(asio::make_work_guard(executor));
    }
    running_ = true;
    for (auto& runner : runners_)
        runner->thread = std::thread([raw = runner.get()] { raw->loop.context().run(); });
}

Task<> Server::leave(Duration welcome, Duration limit) {
    if (!running_) co_return;
    welcome = std::min(welcome, limit);
    on_each_loop([](Runner& runner) { runner.leave(); });
    asio::steady_timer pause(co_await asio::this_coro::executor, welcome);
    co_await pause.async_wait(asio::use_awaitable);
    on_each_loop([](Runner& runner) { runner.refuse(); });
    co_await wait_until_left(limit - welcome);
}

Task<> Server::stop(Duration limit) {
    if (!running_) co_return;
    on_each_loop([](Runner& runner) { runner.drain(); });
    co_await wait_until_left(limit);
    cut();
    co_await wait_until_left(cut_limit);
    join();
}

Task<> Server::wait_until_left(Duration limit) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer pause(executor);
    const auto last = std::chrono::steady_clock::now() + limit;
    while (connections() > 0 && std::chrono::steady_clock::now() < last) {
        pause.expires_after(std::chrono::milliseconds(20));
        co_await pause.async_wait(asio::use_awaitable);
    }
}

void Server::on_each_loop(void (*what)(Runner&)) {
    for (auto& runner : runners_)
        asio::post(runner->loop.executor(), [raw = runner.get(), what] { what(*raw); });
}

void Server::cut() {
    on_each_loop([](Runner& runner) { runner.cut(); });
}

void Server::join() {
    if (!std::exchange(running_, false)) return;
    for (auto& runner : runners_) runner->loop.context().stop();
    for (auto& runner : runners_) runner->thread.join();
    if (!shared_->config.unix_path.empty()) ::unlink(shared_->config.unix_path.c_str());
}

}  // namespace berth::net
