#pragma once

#include <map>
#include <memory>
#include <optional>

#include "base/quantity.hpp"
#include "base/task.hpp"

namespace berth {

/// Where time comes from. Everything that waits or stamps asks a clock, so that a simulation runs hours of
/// faults in milliseconds.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
    /// Returns at `when` or later, at once when it has passed. Throws `operation_aborted` when cancelled.
    virtual Task<> sleep_until(Time when) = 0;
    Task<> sleep(Duration length) { return sleep_until(now() + length); }
};

/// The machine's clock: wall time to stamp, monotonic time to wait.
class SystemClock final : public Clock {
  public:
    Time now() const override;
    Task<> sleep_until(Time when) override;
};

/// Time that stands still until `advance` is called. One thread.
class VirtualClock final : public Clock {
  public:
    explicit VirtualClock(Time start) : now_(start) {}
    Time now() const override { return now_; }
    Task<> sleep_until(Time when) override;

    /// The earliest time that somebody sleeps until, or nothing.
    std::optional<Time> next() const;
    /// Moves time forward to `when` and wakes whoever slept until then, earliest first.
    void advance(Time when);

  private:
    struct Sleeper;
    Time now_;
    std::multimap<Time, Sleeper*> sleepers_;
};

}  // namespace berth
