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

constexpr Duration freeze_limit = 8min, idle_limit = 20min, life_limit = 3h, notice = 5min, grace = 2min;

TemplateSpec idle_spec() {
    auto spec = spec_of(1);
    spec.lifecycle.hibernate_after = idle_limit;
    spec.lifecycle.warn_before = notice;
    spec.lifecycle.grace = grace;
    return spec;
}

/// Down all rungs of the ladder.
TemplateSpec freezing_spec() {
    auto spec = idle_spec();
    spec.lifecycle.freeze_after = freeze_limit;
    return spec;
}

TemplateSpec short_lived_spec() {
    auto spec = freezing_spec();
    spec.lifecycle.max_lifetime = life_limit;
    return spec;
}

/// What the world outside knows of each session: when it was really used.
class Days {
  public:
    explicit Days(std::uint64_t seed, engine::Faults faults)
        : world_(seed, faults, {freezing_spec(), short_lived_spec(), spec_of(1)}) {}

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
            if (session.template_ != "t3" && is_up(session))
                ADD_FAILURE() << session.name << " was not used for hours and runs";
        EXPECT_EQ(world_.answers[500], 0);
    }

  private:
    std::uint64_t random() { return world_.random(); }
    static bool is_up(const Session& session) {
        return session.status.phase == Phase::running || session.status.phase == Phase::frozen;
    }

    void use_some() {
        if (!busy_) return;
        for (const auto& session : world_.sessions()) {
            if (!is_up(session) || random() % 3 != 0) continue;
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
            if (event.kind == "session.frozen" && event.class_ == EventClass::audit && event.actor == "berth")
                check_freeze(id, event);
            if (event.kind != "session.hibernated" || event.class_ != EventClass::audit) continue;
            if (event.actor == "berth") check_stop(id, event);
        }
    }

    void check_freeze(const SessionId& id, const Event& event) {
        ++freezes;
        if (!used_.contains(id) || used_[id] > event.at) return;
        // Whoever comes when it is due and before their use was reported makes it go on at once.
        const auto idle = event.at - used_[id];
        EXPECT_TRUE(idle >= freeze_limit || idle <= std::chrono::seconds(10)) << idle.count() << " ms in use";
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
    int stops = 0, freezes = 0;
};

TEST(Idle, nobody_is_stopped_in_use_or_without_a_warning_and_nothing_idle_runs_on) {
    int stops = 0, freezes = 0;
    const auto seeds = std::max<std::uint64_t>(1, number_from("BERTH_TEST_SEEDS", 200) / 4);
    for (std::uint64_t seed = 1; seed <= seeds && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        Days days(seed, {.call_fails_before = seed % 3 == 0 ? 0.05 : 0.0,
                         .outage = seed % 4 == 0 ? 0.01 : 0.0,
                         .container_dies = seed % 5 == 0 ? 0.1 : 0.0});
        days.run();
        stops += days.stops;
        freezes += days.freezes;
    }
    EXPECT_GT(stops, 0) << "the days were too busy to prove anything";
    EXPECT_GT(freezes, 0) << "the days were too busy to prove anything";
}

/// One session of a template with all rungs, that nobody uses unless a test does.
class Evening : public ::testing::Test {
  protected:
    Evening() {
        world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1","name":"lab"})");
        world.pass(1min);
    }
    Session lab() { return world.sessions().at(0); }
    Phase phase() { return lab().status.phase; }
    void use() {
        world.use(lab().id);
        world.pass(1s);
    }

    SimWorld world{1, {}, {freezing_spec(), short_lived_spec(), spec_of(1)}};
};

TEST_F(Evening, goes_down_the_ladder_and_up_again_from_each_rung) {
    ASSERT_EQ(phase(), Phase::running);
    world.pass(freeze_limit);
    EXPECT_EQ(phase(), Phase::frozen);
    EXPECT_EQ(lab().status.reason, "Idle");
    EXPECT_EQ(world.engine.frozen(), 1);
    use();
    EXPECT_EQ(phase(), Phase::running) << "whatever counts as use ends it";
    EXPECT_EQ(lab().incarnation, 1);
    EXPECT_EQ(lab().last_active_source, "terminal");
    world.pass(freeze_limit + 1min);
    EXPECT_EQ(phase(), Phase::frozen) << "the whole time counts again";
    world.pass(idle_limit);
    EXPECT_EQ(phase(), Phase::hibernated);
    EXPECT_EQ(lab().stay.stopped_by, StopReason::idle);
    world.ask("ada", "POST", "/api/v1/sessions/" + lab().id.text + "/wake");
    world.pass(30s);
    EXPECT_EQ(phase(), Phase::running);
    EXPECT_EQ(lab().incarnation, 2);
}

TEST_F(Evening, a_wake_ends_a_freeze_in_milliseconds) {
    world.pass(freeze_limit + 1min);
    ASSERT_EQ(phase(), Phase::frozen);
    world.ask("ada", "POST", "/api/v1/sessions/" + lab().id.text + "/wake");
    world.pass(50ms);
    EXPECT_EQ(phase(), Phase::running);
    EXPECT_EQ(world.engine.frozen(), 0);
}

TEST_F(Evening, what_one_process_froze_another_finds_so) {
    const auto ask = [&](const std::string& verb) {
        world.ask("ada", "POST", "/api/v1/sessions/" + lab().id.text + "/" + verb);
    };
    // Killed at each moment between the ask, the freeze and its record.
    for (int step = 0; step < 12; ++step) {
        SCOPED_TRACE(step);
        ask("freeze");
        world.pass(Duration(step));
        world.crash();
        world.restart();
        world.pass(1s);
        if (desired(lab().asks) == State::running) ask("freeze");
        world.pass(1s);
        ASSERT_EQ(phase(), Phase::frozen);
        ASSERT_EQ(world.engine.frozen(), 1);
        ask("wake");
        world.pass(Duration(step));
        world.crash();
        world.restart();
        world.pass(1s);
        if (desired(lab().asks) == State::frozen) ask("wake");
        world.pass(1s);
        ASSERT_EQ(phase(), Phase::running);
        ASSERT_EQ(world.engine.frozen(), 0);
    }
    EXPECT_EQ(lab().incarnation, 1);
}

TEST_F(Evening, an_engine_that_cannot_freeze_is_not_asked_to) {
    world.engine.set_faults({.freezable = false});
    world.pass(freeze_limit + 1min);
    EXPECT_EQ(phase(), Phase::running);
    world.ask("ada", "POST", "/api/v1/sessions/" + lab().id.text + "/freeze");
    world.pass(1s);
    EXPECT_EQ(world.answers[409], 1);
    world.pass(idle_limit);
    EXPECT_EQ(phase(), Phase::hibernated);
}

}  // namespace
}  // namespace berth::sim
