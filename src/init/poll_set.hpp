#pragma once

#include <poll.h>

#include <array>
#include <cstddef>

#include "init/limits.hpp"

namespace berth::init {

/// What one round of the loop waits for.
///
/// Interest is computed anew each round and never remembered: no registration can be stale. At this size
/// that costs less than the system calls which keeping a kernel's list up to date would take.
class PollSet {
  public:
    void clear(Time wake) {
        count_ = 0;
        wake_ = wake;
    }

    /// Waits for `events` (as poll(2) has them, errors always included) and gives the place to ask later.
    int add(int fd, int events) {
        entries_[count_] = {.fd = fd, .events = static_cast<short>(events), .revents = 0};
        return static_cast<int>(count_++);
    }

    /// The round ends at `time` at the latest.
    void wake_at(Time time) {
        if (time < wake_) wake_ = time;
    }

    /// What happened at a place; nothing at -1, which is the place of what was not waited for.
    int events(int place) const { return place < 0 ? 0 : entries_[static_cast<std::size_t>(place)].revents; }

    void wait();

  private:
    // The signals and the listeners; a socket each, and one more or a port; a master each; three pipes each.
    static constexpr std::size_t entries_max =
        3 + guests_max + 2 * (connections_max + forwards_max) + terminals_max + 3 * execs_max;

    std::array<pollfd, entries_max> entries_;
    std::size_t count_ = 0;
    Time wake_;
};

}  // namespace berth::init
