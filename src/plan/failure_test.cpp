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

const Session asked_to_run{.asks = {.wake = Time{}}};

TEST(AfterFailure, what_another_try_cannot_mend_fails_a_start_and_the_rest_waits) {
    for (const auto kind : {Kind::invalid, Kind::not_found, Kind::forbidden})
        for (const auto phase : {Phase::pending, Phase::starting}) {
            const auto refused =
                after_failure({.phase = phase}, Error(kind, "x", "no such mount"), asked_to_run);
            EXPECT_EQ(refused.phase, Phase::failed);
            EXPECT_EQ(refused.reason, "EngineRefused");
            EXPECT_EQ(refused.message, "no such mount");
        }
    const auto away = after_failure({.phase = Phase::starting},
                                    Error(Kind::unavailable, "x", "the engine is away"), asked_to_run);
    EXPECT_EQ(away.phase, Phase::starting);
    EXPECT_EQ(away.reason, "EngineUnavailable");
}

TEST(AfterFailure, a_path_that_cannot_be_written_has_a_reason_of_its_own) {
    const auto refused =
        after_failure({.phase = Phase::starting},
                      Error(Kind::invalid, "files_not_written", "/etc/x: permission denied"), asked_to_run);
    EXPECT_EQ(refused.phase, Phase::failed);
    EXPECT_EQ(refused.reason, "FilesNotWritten");
    EXPECT_EQ(refused.message, "/etc/x: permission denied");
}

TEST(AfterFailure, a_session_that_runs_goes_on_and_says_what_was_refused) {
    for (const auto kind : {Kind::invalid, Kind::not_found, Kind::forbidden}) {
        const auto refused =
            after_failure({.phase = Phase::running}, Error(kind, "x", "a policy forbids it"), asked_to_run);
        EXPECT_EQ(refused.phase, Phase::running);
        EXPECT_EQ(refused.reason, "EngineRefused");
        EXPECT_EQ(refused.message, "a policy forbids it");
    }
}

TEST(AfterFailure, a_session_that_is_to_stop_is_tried_again) {
    auto stopping = asked_to_run;
    stopping.asks.hibernate = Time{} + 1s;
    const auto refused =
        after_failure({.phase = Phase::stopping}, Error(Kind::forbidden, "x", "not allowed"), stopping);
    EXPECT_EQ(refused.phase, Phase::stopping);
    EXPECT_EQ(refused.message, "not allowed");
}

}  // namespace
}  // namespace berth::plan
