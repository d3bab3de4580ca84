#pragma once

#include <netinet/in.h>

#include <cstdint>

#include "init/fd.hpp"
#include "init/limits.hpp"

namespace berth::init {

/// An address and a port, of either family.
struct Endpoint {
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6 = {};
    };
    socklen_t size = sizeof(sockaddr_in6);
};

/// Reads `198.18.0.7` or `fd00::7`. False when it is neither.
bool read_endpoint(const char* address, std::uint16_t port, Endpoint& endpoint);

/// A TCP connection in the making.
class Dial {
  public:
    enum class State { connected, waiting, failed };

    /// To a port of this component: 127.0.0.1 first, then [::1].
    State start(std::uint16_t port);
    /// To somebody else.
    State start(const Endpoint& to);

    /// After the socket became writable.
    State resume();

    /// What to wait for, and what to hand over once connected: an ordinary socket, which blocks.
    Fd& socket() { return socket_; }

    /// Why it failed: of a port of ours what 127.0.0.1 said, since most services listen there.
    int error() const { return error_; }

  private:
    State attempt(const Endpoint& to);
    State finish();
    State fail(int error);

    Fd socket_;
    std::uint16_t port_ = 0;
    bool second_ = false;  ///< There is a second address to try.
    int error_ = 0;
};

}  // namespace berth::init
