#include <gtest/gtest.h>

#include <tuple>

#include "plan/session_fixture_test.hpp"

namespace berth::plan {
namespace {

using namespace std::chrono_literals;
using namespace test;

/// A session that was asked to freeze and has, on an engine that can.
struct Frozen {
    Frozen() {
        have.freezable = true;
        std::tie(have, wanted) = settle(launched, have, now);
        began = wanted.status.started_at;
        launched.session.asks.freeze = now += 1s;
        launched.session.stay.stopped_by = StopReason::idle;
        launched.session.stay.stopped_because = "10m without activity";
        settle_again();
    }
    void settle_again() {
        std::tie(have, wanted) = settle(launched, have, now);
        launched.session.status = wanted.status;
    }
    ContainerState state_of(std::size_t component) const { return have.components.at(component).state; }

    Facts launched = facts();
    Time now = start;
    Observed have;
    Wanted wanted;
    std::optional<Time> began;
};

TEST(Decide, a_freeze_keeps_everything_and_says_why_and_a_wake_goes_on) {
    Frozen frozen;
    EXPECT_EQ(frozen.wanted.status.phase, Phase::frozen);
    EXPECT_EQ(frozen.wanted.status.reason, "Idle");
    EXPECT_EQ(frozen.wanted.status.message, "10m without activity");
    EXPECT_TRUE(frozen.wanted.status.freezable);
    EXPECT_EQ(frozen.state_of(0), ContainerState::frozen);
    EXPECT_EQ(frozen.wanted.look_at, std::nullopt);
    frozen.launched.session.asks.wake = frozen.now += 1h;
    frozen.settle_again();
    EXPECT_EQ(frozen.wanted.status.phase, Phase::running);
    EXPECT_EQ(frozen.wanted.status.reason, "");
    EXPECT_EQ(frozen.wanted.status.started_at, frozen.began) << "it is the same start";
    EXPECT_EQ(frozen.state_of(1), ContainerState::running);
}

TEST(Decide, nothing_freezes_while_it_starts_or_where_the_engine_cannot) {
    auto launched = facts();
    launched.session.asks.freeze = start + 1ms;
    Observed have{.freezable = true};
    auto now = start;
    for (int look = 0; look < 10; ++look) {
        const auto wanted = decide(launched, have, now);
        launched.session.status = wanted.status;
        EXPECT_EQ(wanted.workload.frozen, wanted.status.started_at.has_value()) << look;
        have = after(diff(wanted.workload, have), have, now += 1s);
    }
    EXPECT_EQ(launched.session.status.phase, Phase::frozen);
    have.freezable = false;
    EXPECT_FALSE(decide(launched, have, now).workload.frozen) << "an engine that cannot is asked for nothing";
}

TEST(Decide, what_somebody_froze_or_thawed_by_hand_is_made_what_is_wanted) {
    Frozen frozen;
    frozen.have.components[1].state = ContainerState::running;
    EXPECT_EQ(decide(frozen.launched, frozen.have, frozen.now).status.phase, Phase::running) << "what is";
    frozen.settle_again();
    EXPECT_EQ(frozen.wanted.status.phase, Phase::frozen);
    frozen.launched.session.asks.wake = frozen.now += 1h;
    frozen.settle_again();
    for (auto& there : frozen.have.components) there.state = ContainerState::frozen;
    EXPECT_EQ(decide(frozen.launched, frozen.have, frozen.now).status.phase, Phase::frozen);
    frozen.settle_again();
    EXPECT_EQ(frozen.wanted.status.phase, Phase::running);
}

TEST(Decide, a_component_that_dies_while_frozen_starts_again_and_all_freeze_again) {
    Frozen frozen;
    frozen.have.components[1].state = ContainerState::exited;
    frozen.have.components[1].exit_code = 137;
    frozen.have.components[1].exited_at = frozen.now;
    auto wanted = decide(frozen.launched, frozen.have, frozen.now);
    EXPECT_EQ(wanted.status.reason, "Restarting");
    EXPECT_FALSE(wanted.workload.frozen);
    frozen.launched.session.status = wanted.status;
    frozen.now = *wanted.look_at;
    frozen.settle_again();
    EXPECT_EQ(frozen.wanted.status.phase, Phase::frozen);
    EXPECT_EQ(frozen.wanted.status.components[1].restarts, 1);
}

TEST(Decide, a_frozen_session_thaws_to_be_stopped) {
    Frozen frozen;
    frozen.launched.session.asks.hibernate = frozen.now += 1s;
    const auto wanted = decide(frozen.launched, frozen.have, frozen.now);
    EXPECT_EQ(wanted.status.phase, Phase::stopping);
    const auto changes = diff(wanted.workload, frozen.have);
    ASSERT_EQ(changes.size(), 4u);
    EXPECT_TRUE(std::holds_alternative<ThawComponent>(changes[0]));
    EXPECT_TRUE(std::holds_alternative<StopComponent>(changes[1]));
    frozen.settle_again();
    EXPECT_EQ(frozen.wanted.status.phase, Phase::hibernated);
}

}  // namespace
}  // namespace berth::plan
