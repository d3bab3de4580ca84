#include "init/tcp.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "init/limits.hpp"

namespace berth::init {

namespace {

void set(int socket, int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);
}

Fd listen_on(int family, const sockaddr* address, socklen_t size) {
    Fd listener(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener) return {};
    set(listener.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (family == AF_INET6) set(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
    const bool listens =
        ::bind(listener.get(), address, size) == 0 && ::listen(listener.get(), connections_max) == 0;
    return listens ? std::move(listener) : Fd();
}

}  // namespace

Fd listen_tcp(std::uint16_t port) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    six.sin6_addr = in6addr_any;
    auto listener = listen_on(AF_INET6, reinterpret_cast<sockaddr*>(&six), sizeof six);
    if (listener || errno == EADDRINUSE || errno == EACCES) return listener;
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    return listen_on(AF_INET, reinterpret_cast<sockaddr*>(&four), sizeof four);
}

void send_at_once(int socket) {
    set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
}

void expect_life(int socket) {
    set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 30);
    set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

bool vanished(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
    return info.tcpi_unacked > 0 && milliseconds(info.tcpi_last_ack_recv) > life_time;
}

}  // namespace berth::init
