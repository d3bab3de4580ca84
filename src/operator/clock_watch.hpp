#pragma once

#include <functional>

#include "base/clock.hpp"

namespace berth::control {

/// The time that has passed since some moment, whatever the clock was set to; it goes on while the machine
/// sleeps.
Duration time_passed();

/// Notices that the clock was set: it then went another way than time did.
class ClockWatch {
  public:
    /// `passed` tells what `time_passed` does.
    ClockWatch(const Clock& clock, std::function<Duration()> passed);

    /// What was found since the last call.
    struct Found {
        Duration set{};  ///< How far the clock was set, forward or back; 0: no more than it is kept right by.
        Duration within{};  ///< How much time has passed meanwhile: in it, it happened.
        bool operator==(const Found&) const = default;
    };
    Found look();

  private:
    const Clock& clock_;
    std::function<Duration()> passed_;
    Time seen_;
    Duration passed_then_;
};

}  // namespace berth::control
