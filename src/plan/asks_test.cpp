#include "plan/asks.hpp"

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

const Time start_of_time{std::chrono::hours(500'000)};

TEST(Asks, a_clock_that_went_back_still_lets_the_latest_win) {
    Session session{.asks = {.wake = start_of_time}, .status = {.phase = Phase::running, .incarnation = 1}};
    const auto earlier = start_of_time - std::chrono::hours(1);
    EXPECT_EQ(ask_hibernate(session, earlier), Asked::changed);
    EXPECT_EQ(desired(session.asks), State::hibernated);
    EXPECT_EQ(ask_wake(session, earlier), Asked::changed);
    EXPECT_EQ(desired(session.asks), State::running);
    EXPECT_EQ(session.incarnation, 2);
}

TEST(Asks, a_failed_session_wakes_by_being_asked_again) {
    Session session{.asks = {.wake = start_of_time}, .status = {.phase = Phase::failed, .incarnation = 1}};
    EXPECT_EQ(ask_wake(session, start_of_time), Asked::changed);
    EXPECT_EQ(session.incarnation, 2);
    EXPECT_EQ(session.look_at, start_of_time);
}

}  // namespace
}  // namespace berth::plan
