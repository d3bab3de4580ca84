#pragma once

#include <map>
#include <string>

#include "base/clock.hpp"
#include "engine/engine.hpp"

namespace berth::engine {

/// Speaks to the process 1 of one component over its Unix socket on this machine.
///
/// Any loop may call. What cannot be reached is `unavailable` (`not_running`). The other side is not trusted:
/// a descriptor that is not a connected TCP socket is refused and closed.
class InitClient {
  public:
    InitClient(std::string socket_path, Clock& clock) : path_(std::move(socket_path)), clock_(&clock) {}

    /// A connection to `port` inside: `unavailable` (`port_closed`) when nobody accepts there within `limit`.
    ///
    /// The component may keep a copy of the descriptor and change its blocking mode: read and write it with
    /// MSG_DONTWAIT, or through operations that never block.
    Task<Stream> dial(int port, Duration limit = std::chrono::seconds(10)) const;
    /// Its version; proves that it lives.
    Task<std::string> ping(Duration limit = std::chrono::seconds(5)) const;
    /// Attaches to a terminal, making it when there is none of that id. The first event is its offset.
    Task<std::unique_ptr<Process>> terminal(TerminalRequest request) const;
    Task<std::unique_ptr<Process>> exec(ExecRequest request,
                                        std::map<std::string, std::string> env = {}) const;

  private:
    std::string path_;
    Clock* clock_;
};

}  // namespace berth::engine
