#include "plan/asks.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

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

Session frozen() {
    Session session{.asks = {.wake = start_of_time},
                    .status = {.phase = Phase::running, .incarnation = 1, .freezable = true}};
    ask_freeze(session, start_of_time + std::chrono::minutes(1));
    session.status.phase = Phase::frozen;
    return session;
}

TEST(Asks, a_frozen_session_goes_on_in_the_same_start) {
    auto session = frozen();
    EXPECT_EQ(desired(session.asks), State::frozen);
    EXPECT_EQ(ask_freeze(session, start_of_time + std::chrono::minutes(2)), Asked::nothing);
    const auto then = start_of_time + std::chrono::minutes(3);
    EXPECT_EQ(ask_wake(session, then), Asked::changed);
    EXPECT_EQ(desired(session.asks), State::running);
    EXPECT_EQ(session.incarnation, 1);
    EXPECT_EQ(session.last_active_at, then);
    EXPECT_EQ(session.look_at, then);
    EXPECT_EQ(ask_wake(session, then), Asked::nothing);
}

TEST(Asks, extending_and_restarting_end_a_freeze_also_when_the_clock_went_back) {
    auto extended = frozen(), restarted = frozen();
    ask_extend(extended, start_of_time);
    EXPECT_EQ(desired(extended.asks), State::running);
    EXPECT_EQ(extended.incarnation, 1);
    ask_restart(restarted, start_of_time);
    EXPECT_EQ(desired(restarted.asks), State::running);
    EXPECT_EQ(restarted.incarnation, 2);
}

TEST(Asks, only_what_runs_freezes_and_only_where_the_engine_can) {
    Session session{.asks = {.wake = start_of_time},
                    .status = {.phase = Phase::starting, .incarnation = 1, .freezable = true}};
    EXPECT_THROW(ask_freeze(session, start_of_time), Error);
    session.status.phase = Phase::running;
    session.status.freezable = false;
    try {
        ask_freeze(session, start_of_time);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "not_freezable");
    }
}

TEST(Asks, use_ends_a_freeze_that_came_by_idleness_or_that_it_came_after) {
    auto session = frozen();
    EXPECT_FALSE(wakes(session, start_of_time)) << "what was done before somebody asked for it";
    EXPECT_TRUE(wakes(session, *session.asks.freeze));
    session.stay.stopped_by = StopReason::idle;
    EXPECT_TRUE(wakes(session, start_of_time)) << "it was in use, and nobody knew yet";
    ask_hibernate(session, start_of_time + std::chrono::hours(1));
    EXPECT_FALSE(wakes(session, start_of_time + std::chrono::hours(2)));
}

}  // namespace
}  // namespace berth::plan
