#include "operator/clock_watch.hpp"

#include <time.h>

namespace berth::control {
namespace {

constexpr Duration correction = std::chrono::seconds(10);

}  // namespace

Duration time_passed() {
#ifdef CLOCK_BOOTTIME
    constexpr auto clock = CLOCK_BOOTTIME;
#else
    constexpr auto clock = CLOCK_MONOTONIC;
#endif
    timespec at{};
    ::clock_gettime(clock, &at);
    return std::chrono::duration_cast<Duration>(std::chrono::seconds(at.tv_sec) +
                                                std::chrono::nanoseconds(at.tv_nsec));
}

ClockWatch::ClockWatch(const Clock& clock, std::function<Duration()> passed)
    : clock_(clock), passed_(std::move(passed)), seen_(clock_.now()), passed_then_(passed_()) {}

ClockWatch::Found ClockWatch::look() {
    const auto now = clock_.now();
    const auto passed = passed_();
    Found found{.within = passed - passed_then_};
    const auto set = (now - seen_) - found.within;
    if (set > correction || set < -correction) found.set = set;
    seen_ = now;
    passed_then_ = passed;
    return found;
}

}  // namespace berth::control
