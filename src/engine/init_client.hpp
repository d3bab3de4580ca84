#pragma once

#include <map>
#include <string>

#include "base/clock.hpp"
#include "engine/engine.hpp"
#include "engine/init_door.hpp"

namespace berth::engine {

/// What a component has used, all of its processes together.
struct InitUsage {
    std::uint64_t cpu_nanoseconds = 0;  ///< Since it began.
    Bytes memory;                       ///< Now.
};

/// Speaks to the process 1 of one component through its door.
///
/// Any loop may call. What cannot be reached is `unavailable` (`not_running`). The other side is not trusted:
/// a descriptor that is not a connected TCP socket is refused and closed.
class InitClient {
  public:
    InitClient(InitDoor door, Clock& clock) : door_(std::move(door)), clock_(&clock) {}
    const InitDoor& door() const { return door_; }

    /// A connection to `port` inside: `unavailable` (`port_closed`) when nobody accepts there within `limit`.
    Task<Stream> dial(int port, Duration limit = std::chrono::seconds(10)) const;
    /// Its version; proves that it lives.
    Task<std::string> ping(Duration limit = std::chrono::seconds(5)) const;
    /// Whether a connection from inside to an address is accepted; nothing when it is, else why not: `port
    /// 80: connection refused`.
    Task<std::optional<std::string>> reach(std::string address, int port, Duration limit) const;
    /// What its component has used; throws `unavailable` (`usage_unknown`) where that cannot be read.
    Task<InitUsage> usage() const;
    /// Attaches to a terminal, making it when there is none of that id. The first event is its offset.
    Task<std::unique_ptr<Process>> terminal(TerminalRequest request) const;
    Task<std::unique_ptr<Process>> exec(ExecRequest request,
                                        std::map<std::string, std::string> env = {}) const;

  private:
    InitDoor door_;
    Clock* clock_;
};

}  // namespace berth::engine
