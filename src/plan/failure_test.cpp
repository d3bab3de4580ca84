#include <gtest/gtest.h>

#include "plan/session.hpp"

namespace berth::plan {
namespace {

using namespace std::chrono_literals;

TEST(RestartPause, doubles_up_to_half_a_minute) {
    EXPECT_EQ(restart_pause(0), 1s);
    EXPECT_EQ(restart_pause(3), 8s);
    EXPECT_EQ(restart_pause(99), 30s);
}

TEST(AfterFailure, what_another_try_cannot_mend_fails_the_session_and_the_rest_waits) {
    const auto session = Session{.asks = {.wake = Time{}}};
    const auto refused =
        after_failure({.phase = Phase::starting}, Error(Kind::invalid, "x", "no such mount"), session);
    EXPECT_EQ(refused.phase, Phase::failed);
    const auto away = after_failure({.phase = Phase::running},
                                    Error(Kind::unavailable, "x", "the engine is away"), session);
    EXPECT_EQ(away.phase, Phase::running);
    EXPECT_EQ(away.reason, "EngineUnavailable");
}

}  // namespace
}  // namespace berth::plan
