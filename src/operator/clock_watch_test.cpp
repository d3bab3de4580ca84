#include "operator/clock_watch.hpp"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

using namespace std::chrono_literals;

TEST(ClockWatch, tells_a_clock_that_was_set_from_time_that_passed) {
    VirtualClock clock{parse_time("2026-03-01T12:00:00Z")};
    Duration passed{5};
    ClockWatch watch(clock, [&] { return passed; });
    using Found = ClockWatch::Found;
    EXPECT_EQ(watch.look(), Found{});
    clock.advance(clock.now() + 8h);
    passed += 8h;
    EXPECT_EQ(watch.look(), (Found{0s, 8h})) << "a machine that slept";
    clock.advance(clock.now() + 1h + 1min);
    passed += 1min;
    EXPECT_EQ(watch.look(), (Found{1h, 1min}));
    EXPECT_EQ(watch.look(), Found{}) << "it is told once";
    passed += 1h;
    EXPECT_EQ(watch.look(), (Found{-1h, 1h}));
    clock.advance(clock.now() + 61s);
    passed += 60s;
    EXPECT_EQ(watch.look(), (Found{0s, 60s})) << "a correction";
}

TEST(ClockWatch, goes_by_the_time_of_the_machine) {
    const auto before = time_passed();
    EXPECT_GT(before, 0s);
    EXPECT_GE(time_passed(), before);
}

}  // namespace
}  // namespace berth::control
