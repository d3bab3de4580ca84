#include "init/dial.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace berth::init {

namespace {

struct Address {
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
    };
    socklen_t size = sizeof(sockaddr_in6);
};

Address loopback(int family, std::uint16_t port) {
    Address address{.v6 = {}};
    if (family == AF_INET) {
        address.v4 = {.sin_family = AF_INET,
                      .sin_port = htons(port),
                      .sin_addr = {htonl(INADDR_LOOPBACK)},
                      .sin_zero = {}};
        address.size = sizeof(sockaddr_in);
    } else {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
        address.v6.sin6_addr = IN6ADDR_LOOPBACK_INIT;
    }
    return address;
}

// When nobody listens on a port from the ephemeral range, the kernel may pick that very port as the source:
// the socket then connects to itself (TCP's simultaneous open) and would count as an application that
// answers.
bool connected_to_itself(int socket, std::uint16_t port) {
    Address own{.v6 = {}};
    if (::getsockname(socket, &own.any, &own.size) != 0) return false;
    return ntohs(own.any.sa_family == AF_INET ? own.v4.sin_port : own.v6.sin6_port) == port;
}

}  // namespace

Dial::State Dial::start(std::uint16_t port) {
    port_ = port;
    error_ = 0;
    return attempt(AF_INET);
}

Dial::State Dial::attempt(int family) {
    family_ = family;
    socket_ = Fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_) return fail(errno);
    const auto to = loopback(family, port_);
    if (::connect(socket_.get(), &to.any, to.size) == 0) return finish();
    return errno == EINPROGRESS ? State::waiting : fail(errno);
}

Dial::State Dial::resume() {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    return error == 0 ? finish() : fail(error);
}

Dial::State Dial::finish() {
    if (connected_to_itself(socket_.get(), port_)) return fail(ECONNREFUSED);
    // The flag belongs to the open socket, not to a descriptor of it: the other side would inherit it.
    ::fcntl(socket_.get(), F_SETFL, 0);
    return State::connected;
}

Dial::State Dial::fail(int error) {
    if (error_ == 0) error_ = error;
    socket_.reset();
    return family_ == AF_INET ? attempt(AF_INET6) : State::failed;
}

}  // namespace berth::init
