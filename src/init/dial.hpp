#pragma once

#include <cstdint>

#include "init/fd.hpp"
#include "init/limits.hpp"

namespace berth::init {

/// A TCP connection in the making to a port of this component: 127.0.0.1 first, then [::1].
class Dial {
  public:
    enum class State { connected, waiting, failed };

    State start(std::uint16_t port);

    /// After the socket became writable.
    State resume();

    /// What to wait for, and what to hand over once connected: an ordinary socket, which blocks.
    Fd& socket() { return socket_; }

    /// Why it failed: what 127.0.0.1 said, since most services listen there.
    int error() const { return error_; }

  private:
    State attempt(int family);
    State finish();
    State fail(int error);

    Fd socket_;
    std::uint16_t port_ = 0;
    int family_ = 0;
    int error_ = 0;
};

}  // namespace berth::init
