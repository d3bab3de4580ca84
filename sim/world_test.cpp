#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "invariants.hpp"
#include "story.hpp"
#include "world.hpp"

namespace berth::sim {
namespace {

using namespace std::chrono_literals;

engine::Faults any_faults(std::mt19937_64& random) {
    const auto maybe = [&](double most) {
        return random() % 3 == 0 ? most * static_cast<double>(random() % 1000) / 1000.0 : 0.0;
    };
    return {.call_fails_before = maybe(0.2),
            .call_fails_after = maybe(0.2),
            .outage = maybe(0.02),
            .container_dies = maybe(0.3),
            .container_vanishes = maybe(0.3),
            .container_freezes = maybe(0.3),
            .freezable = random() % 5 != 0,
            .never_ready = maybe(0.2),
            .image_missing = maybe(0.3),
            .delivery_cut = maybe(0.4),
            .step_fails = maybe(0.3)};
}

/// What holds at every moment, whatever goes wrong.
void expect_always(SimWorld& world, std::set<std::string>& volumes_seen) {
    EXPECT_LE(world.engine.most_at_once(), 1) << "two containers of one component";
    expect_quota(world);
    const auto volumes = world.engine.volumes();
    for (const auto& volume : volumes_seen) EXPECT_TRUE(volumes.contains(volume)) << "lost volume " << volume;
    volumes_seen.insert(volumes.begin(), volumes.end());
    std::set<std::string> bound;
    for (const auto& one : world.engine.bound()) {
        EXPECT_TRUE(bound.insert(one.handle).second) << one.handle << " was bound twice";
        EXPECT_EQ(one.env.at("OWNER"), one.workload.text) << "started with what is another's";
    }
    std::set<std::pair<std::string, std::string>> steps;
    for (const auto& ended : world.engine.ended_well())
        EXPECT_TRUE(steps.emplace(ended.volumes.front(), ended.name).second)
            << ended.name << " ran twice in " << ended.volumes.front();
}

/// What holds once the faults are over and time has passed.
void expect_settled(SimWorld& world) {
    const int containers = expect_rows_settled(world);
    // Failed sessions keep what has exited for its logs, so the engine may hold more than what runs, never
    // less.
    EXPECT_GE(world.engine.running(), containers);
    int frozen = 0;
    for (const auto& session : world.sessions())
        if (session.status.phase == Phase::frozen)
            frozen += static_cast<int>(session.status.components.size());
    EXPECT_EQ(world.engine.frozen(), frozen)
        << "frozen in the engine is what the rows say, by whomever it was";
}

void live_through(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    SimWorld world(seed, any_faults(random));
    std::set<std::string> volumes_seen;
    for (int step = 0; step < 40; ++step) {
        if (!world.up()) {
            world.pass(Duration(random() % 20'000));
            world.restart();
        }
        const auto actions = random() % 4;
        for (std::uint64_t i = 0; i < actions; ++i) act(world);
        world.pass(Duration(random() % 3 == 0 ? random() % 50 : random() % 30'000));
        expect_always(world, volumes_seen);
        if (random() % 8 == 0) world.crash();
    }
    if (!world.up()) world.restart();
    world.engine.set_faults({});
    // Faults that were drawn for containers that run already still come; then all is quiet.
    world.pass(20min);
    expect_always(world, volumes_seen);
    expect_settled(world);
    EXPECT_EQ(world.answers[500], 0);
    world.crash();
}

TEST(World, converges_and_loses_nothing_whatever_happens) {
    if (const char* one = std::getenv("BERTH_TEST_SEED"))
        return live_through(std::strtoull(one, nullptr, 10));
    const auto seeds = number_from("BERTH_TEST_SEEDS", 200);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        live_through(seed);
        ASSERT_FALSE(HasFailure()) << "replay with BERTH_TEST_SEED=" << seed;
    }
    std::printf("%llu seeds\n", static_cast<unsigned long long>(seeds));
}

TEST(World, the_same_seed_lives_the_same_life) {
    const auto life = [](std::uint64_t seed) {
        SimWorld world(seed, {.call_fails_after = 0.1, .container_dies = 0.5});
        for (int step = 0; step < 10; ++step) {
            act(world);
            world.pass(5s);
        }
        std::string story;
        for (const auto& event : world.events()) story += to_string(event.at) + " " + event.kind + "\n";
        world.crash();
        return story;
    };
    EXPECT_EQ(life(7), life(7));
    EXPECT_NE(life(7), "");
}

}  // namespace
}  // namespace berth::sim
