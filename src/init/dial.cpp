#include "init/dial.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace berth::init {

namespace {

Endpoint loopback(int family, std::uint16_t port) {
    Endpoint endpoint;
    read_endpoint(family == AF_INET ? "127.0.0.1" : "::1", port, endpoint);
    return endpoint;
}

// When nobody listens on a port from the ephemeral range, the kernel may pick that very port as the source:
// the socket then connects to itself (TCP's simultaneous open) and would count as an application that
// answers.
bool connected_to_itself(int socket) {
    Endpoint own;
    Endpoint peer;
    if (::getsockname(socket, &own.any, &own.size) != 0) return false;
    if (::getpeername(socket, &peer.any, &peer.size) != 0) return false;
    return own.size == peer.size && std::memcmp(&own.v6, &peer.v6, own.size) == 0;
}

}  // namespace

bool read_endpoint(const char* address, std::uint16_t port, Endpoint& endpoint) {
    endpoint = {};
    if (::inet_pton(AF_INET, address, &endpoint.v4.sin_addr) == 1) {
        endpoint.v4.sin_family = AF_INET;
        endpoint.v4.sin_port = htons(port);
        endpoint.size = sizeof(sockaddr_in);
        return true;
    }
    if (::inet_pton(AF_INET6, address, &endpoint.v6.sin6_addr) != 1) return false;
    endpoint.v6.sin6_family = AF_INET6;
    endpoint.v6.sin6_port = htons(port);
    return true;
}

Dial::State Dial::start(std::uint16_t port) {
    port_ = port;
    error_ = 0;
    second_ = true;
    return attempt(loopback(AF_INET, port));
}

Dial::State Dial::start(const Endpoint& to) {
    error_ = 0;
    second_ = false;
    return attempt(to);
}

Dial::State Dial::attempt(const Endpoint& to) {
    socket_ = Fd(::socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_) return fail(errno);
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
    if (connected_to_itself(socket_.get())) return fail(ECONNREFUSED);
    // The flag belongs to the open socket, not to a descriptor of it: the other side would inherit it.
    ::fcntl(socket_.get(), F_SETFL, 0);
    return State::connected;
}

Dial::State Dial::fail(int error) {
    if (error_ == 0) error_ = error;
    socket_.reset();
    if (!second_) return State::failed;
    second_ = false;
    return attempt(loopback(AF_INET6, port_));
}

}  // namespace berth::init
