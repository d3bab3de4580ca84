#pragma once

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "init/fd.hpp"
#include "init/limits.hpp"
#include "init/poll_set.hpp"

namespace berth::init {

/// Where connections come in.
class Listener {
  public:
    /// Makes a Unix socket, in the place of one that an earlier process left behind. Gives an errno, 0 for
    /// done.
    int open(const char* path);
    /// Listens on a TCP port of all addresses.
    int open(std::uint16_t port);

    void watch(PollSet& poll);
    /// `take` gets each connection that has come.
    template <class Take>
    void handle(const PollSet& poll, Time now, Take&& take);

    /// No more connections; the Unix socket is removed.
    void close();

    explicit operator bool() const { return static_cast<bool>(socket_); }

  private:
    Fd socket_;
    std::array<char, 108> path_{};
    Time again_{};
    int place_ = -1;
};

template <class Take>
void Listener::handle(const PollSet& poll, Time now, Take&& take) {
    if (again_ != Time{} && now >= again_) again_ = Time{};
    if (poll.events(place_) == 0) return;
    for (;;) {
        Fd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (connection) {
            take(std::move(connection));
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        // Out of descriptors or memory: the client stays in the queue, and the loop must not spin on it.
        if (errno != EAGAIN) again_ = now + accept_pause;
        return;
    }
}

}  // namespace berth::init
