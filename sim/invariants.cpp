#include "invariants.hpp"

#include <gtest/gtest.h>

namespace berth::sim {

void expect_quota(World& world) {
    std::map<std::string, int> running;
    for (const auto& session : world.sessions())
        if (takes_part(session)) ++running[session.user.text];
    for (const auto& [user, count] : running) EXPECT_LE(count, running_max) << user;
}

int expect_rows_settled(World& world) {
    int components = 0;
    for (const auto& session : world.sessions()) {
        const auto phase = session.status.phase;
        const auto seen = session.name + " is " + json::write(json::to_json(session.status));
        switch (desired(session.asks)) {
            case State::running:
                EXPECT_TRUE(phase == Phase::running || phase == Phase::failed ||
                            (phase == Phase::pending && session.queued_at))
                    << seen;
                break;
            case State::frozen:
                EXPECT_TRUE(phase == Phase::frozen || phase == Phase::failed) << seen;
                break;
            case State::hibernated:
                EXPECT_EQ(phase, Phase::hibernated) << seen;
                break;
            case State::terminated:
                EXPECT_EQ(phase, Phase::gone) << seen;
        }
        if (phase == Phase::running || phase == Phase::frozen)
            components += static_cast<int>(session.status.components.size());
        EXPECT_EQ(session.look_at, std::nullopt) << seen;
    }
    std::int64_t before = 0;
    for (const auto& event : world.events()) {
        EXPECT_GT(event.sequence, before);
        before = event.sequence;
    }
    return components;
}

}  // namespace berth::sim
