#include <gtest/gtest.h>

#include <set>

#include "plan/lifecycle.hpp"
#include "story.hpp"
#include "world.hpp"

/// Hours of people who come and go, while the control plane is killed and engines fail: nobody is stopped in
/// use or without a warning, and nothing that nobody uses runs on.
namespace berth::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration idle_limit = 20min, life_limit = 3h, notice = 5min, grace = 2min;

TemplateSpec idle_spec() {
    auto spec = spec_of(1);
    spec.lifecycle.hibernate_after = idle_limit;
    spec.lifecycle.warn_before = notice;
    spec.lifecycle.grace = grace;
    return spec;
}

TemplateSpec short_lived_spec() {
    auto spec = idle_spec();
    spec.lifecycle.max_lifetime = life_limit;
    return spec;
}

/// What the world outside knows of each session: when it was really used.
class Days {
  public:
    explicit Days(std::uint64_t seed, engine::Faults faults)
        : world_(seed, faults, {idle_spec(), short_lived_spec(), spec_of(1)}) {}

    void run() {
        for (int step = 0; step < 150; ++step) {
            if (!world_.up()) {
                world_.pass(Duration(random() % 600'000));
                world_.restart();
            }
            if (random() % 10 == 0) act(world_);
            if (random() % 20 == 0) busy_ = !busy_;
            use_some();
            world_.pass(Duration(random() % 300'000));
            look();
            if (random() % 30 == 0) world_.crash();
        }
        if (!world_.up()) world_.restart();
        world_.engine.set_faults({});
        world_.pass(2 * life_limit);
        look();
        for (const auto& session : world_.sessions())
            if (session.template_ != "t3" && session.status.phase == Phase::running)
                ADD_FAILURE() << session.name << " was not used for hours and runs";
        EXPECT_EQ(world_.answers[500], 0);
    }

  private:
    std::uint64_t random() { return world_.random(); }

    void use_some() {
        if (!busy_) return;
        for (const auto& session : world_.sessions()) {
            if (session.status.phase != Phase::running || random() % 3 != 0) continue;
            world_.use(session.id);
            used_[session.id] = world_.clock.now();
        }
    }

    void look() {
        for (const auto& event : world_.events()) {
            if (event.sequence <= seen_) continue;
            seen_ = event.sequence;
            const SessionId id{event.subject};
            if (event.kind == "session.warned") warned_[id] = event.at;
            if (event.kind == "session.started") started_[id] = event.at;
            if (event.kind != "session.hibernated" || event.class_ != EventClass::audit) continue;
            if (event.actor == "berth") check_stop(id, event);
        }
    }

    void check_stop(const SessionId& id, const Event& event) {
        ++stops;
        ASSERT_TRUE(warned_.contains(id)) << "nobody was told";
        EXPECT_GE(event.at - warned_[id], notice) << "the warning was too short";
        if (event.data.at("reason").as_string() == "lifetime") {
            EXPECT_GE(event.at - started_[id], life_limit);
            return;
        }
        // What was done between the stop and this look came after it.
        if (used_.contains(id) && used_[id] <= event.at)
            EXPECT_GE(event.at - used_[id], idle_limit) << "it was in use";
    }

    SimWorld world_;
    std::map<SessionId, Time> used_, warned_, started_;
    std::int64_t seen_ = 0;
    bool busy_ = true;

  public:
    int stops = 0;
};

TEST(Idle, nobody_is_stopped_in_use_or_without_a_warning_and_nothing_idle_runs_on) {
    int stops = 0;
    const auto seeds = std::max<std::uint64_t>(1, number_from("BERTH_TEST_SEEDS", 200) / 4);
    for (std::uint64_t seed = 1; seed <= seeds && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        Days days(seed, {.call_fails_before = seed % 3 == 0 ? 0.05 : 0.0,
                         .outage = seed % 4 == 0 ? 0.01 : 0.0,
                         .container_dies = seed % 5 == 0 ? 0.1 : 0.0});
        days.run();
        stops += days.stops;
    }
    EXPECT_GT(stops, 0) << "the days were too busy to prove anything";
}

}  // namespace
}  // namespace berth::sim
