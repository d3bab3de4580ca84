#include <gtest/gtest.h>

#include "acts/people.hpp"
#include "acts/queue.hpp"
#include "acts/quota.hpp"
#include "acts/rows.hpp"
#include "invariants.hpp"
#include "story.hpp"
#include "world.hpp"

/// Waiting for room, under tiers, groups and an engine that is full, through faults and crashes.
namespace berth::sim {
namespace {

using namespace std::chrono_literals;
using plan::Resource;

const Caller root{.name = "root", .role = Role::admin};

/// t1 and t2 wait for room in a quota, t3 does not; t2 needs much.
std::vector<TemplateSpec> patient() {
    auto specs = SimWorld::usual();
    specs[0].queue = specs[1].queue = true;
    for (auto& component : specs[1].components) component.resources.cpu = MilliCpu{1500};
    return specs;
}

class Hall : public SimWorld {
  public:
    Hall(std::uint64_t seed, engine::Faults faults) : SimWorld(seed, faults, patient()) {
        change([this](store::Tx& tx) {
            acts::keep_capacity(tx, "sim", {.running = 5, .cpu = MilliCpu{6000}});
            acts::add_tier(tx, root, {.name = "free", .quota = {.running = 2}, .created_at = clock.now()});
            acts::add_group(tx, root, {.name = "lab", .quota = {.running = 4}, .created_at = clock.now()});
            for (const auto* name : {"ada", "bert"})
                acts::join_group(tx, root, "lab", *tx.find_user_by_name(name), clock.now());
            auto cleo = *tx.find_user_by_name("cleo");
            cleo.quota.running.reset();
            cleo.tier = "free";
            tx.update_user(cleo);
        });
        before_ = accounts();
    }

    /// Of everybody, by name.
    std::map<std::string, plan::Account> accounts() {
        std::map<std::string, plan::Account> all;
        change([&](store::Tx& tx) {
            all["engine"] = acts::engine_account(tx, "sim");
            all["group"] = acts::account_of(tx, acts::find_group(tx, "lab"));
            for (const auto& name : people) all[name] = acts::account_of(tx, *tx.find_user_by_name(name));
        });
        return all;
    }

    /// A limit may be lowered below its use: then nothing more starts. Otherwise nobody is ever over.
    void expect_never_over() {
        auto now = accounts();
        for (const auto& [name, account] : now)
            for (const auto& [what, limit] : account.limits)
                EXPECT_LE(account.used[what], std::max(limit.most, before_[name].used[what]))
                    << name << " is over in " << plan::word_of(what);
        before_ = std::move(now);
    }

    void move_a_limit() {
        const int running = 1 + static_cast<int>(random() % 4);
        const bool tier = random() % 2 == 0;
        change([&](store::Tx& tx) {
            if (tier)
                acts::change_tier(tx, root, "free", {.running = running}, clock.now());
            else
                acts::change_group(tx, root, "lab", {.quota = Quota{.running = running}}, clock.now());
        });
    }

    std::size_t waiting() {
        std::size_t count = 0;
        for (const auto& session : sessions()) count += session.queued_at.has_value();
        return count;
    }

    /// Whoever still waits has nobody's room to take.
    void expect_nobody_forgotten() {
        change([&](store::Tx& tx) {
            EXPECT_TRUE(acts::let_in(tx, "berth", clock.now()).entered.empty()) << "there was room";
        });
    }

    void end_what_runs() {
        for (const auto& session : sessions())
            if (takes_part(session))
                ask(session.user.text.substr(4), "DELETE", "/api/v1/sessions/" + session.id.text);
        pass(5min);
    }

  private:
    std::map<std::string, plan::Account> before_;
};

void live_through(std::uint64_t seed) {
    Hall world(seed, {.call_fails_before = 0.05, .call_fails_after = 0.05, .container_dies = 0.1});
    for (int step = 0; step < 40; ++step) {
        if (!world.up()) {
            world.pass(Duration(world.random() % 20'000));
            world.restart();
        }
        // What a successor lets in at once is judged by the limit that it found.
        world.expect_never_over();
        if (world.random() % 6 == 0) world.move_a_limit();
        for (auto actions = world.random() % 6; actions > 0; --actions) act(world);
        world.pass(Duration(world.random() % 3 == 0 ? world.random() % 50 : world.random() % 30'000));
        world.expect_never_over();
        EXPECT_LE(world.engine.most_at_once(), 1);
        if (world.random() % 6 == 0) world.crash();
    }
    if (!world.up()) world.restart();
    world.engine.set_faults({});
    world.pass(20min);
    world.expect_never_over();
    world.expect_nobody_forgotten();
    expect_rows_settled(world);
    // As others end, everybody's turn comes.
    world.change(
        [&](store::Tx& tx) { acts::change_tier(tx, root, "free", {.running = 2}, world.clock.now()); });
    for (int round = 0; round < 60 && world.waiting() > 0; ++round) world.end_what_runs();
    EXPECT_EQ(world.waiting(), 0u) << "stuck";
    EXPECT_EQ(world.answers[500], 0);
    world.crash();
}

TEST(Waiting, is_never_over_loses_nobody_and_ends_whatever_happens) {
    if (const char* one = std::getenv("BERTH_TEST_SEED"))
        return live_through(std::strtoull(one, nullptr, 10));
    const auto seeds = number_from("BERTH_TEST_SEEDS", 100);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        live_through(seed);
        ASSERT_FALSE(testing::Test::HasFailure()) << "replay with BERTH_TEST_SEED=" << seed;
    }
    std::printf("%llu seeds\n", static_cast<unsigned long long>(seeds));
}

class Turn : public ::testing::Test {
  protected:
    Turn() {
        for (const auto* name : {"ada", "bert", "cleo"}) launch(name);
        for (int i = 0; i < 4; ++i) launch("ada");
    }
    void launch(const std::string& user) {
        world.ask(user, "POST", "/api/v1/sessions", R"({"template":"t1"})");
        world.pass(1min);
    }
    std::vector<Session> queued() {
        auto all = world.sessions();
        std::erase_if(all, [](const Session& session) { return !session.queued_at; });
        std::ranges::sort(all, {}, &Session::queued_at);
        return all;
    }
    std::string path(const Session& session) { return "/api/v1/sessions/" + session.id.text; }
    Session row(const Session& session) {
        for (auto& one : world.sessions())
            if (one.id == session.id) return one;
        return session;
    }
    Hall world{1, {}};
};

TEST_F(Turn, one_that_waits_says_where_it_stands_and_why) {
    const auto all = queued();
    ASSERT_EQ(all.size(), 2u) << "three of ada's run, as she may";
    EXPECT_EQ(all[0].status.phase, Phase::pending);
    EXPECT_EQ(all[0].status.reason, "Queued");
    EXPECT_EQ(all[0].status.message,
              "1st of 2, waits for running sessions: your limit of 3 (the user's quota) is in use");
    EXPECT_EQ(all[1].status.message,
              "2nd of 2, waits for running sessions: your limit of 3 (the user's quota) is in use");
    EXPECT_EQ(world.engine.running(), 5);
}

TEST_F(Turn, asking_again_keeps_the_place_and_hibernating_gives_it_up) {
    const auto before = queued();
    world.ask("ada", "POST", path(before[0]) + "/wake");
    world.ask("ada", "POST", path(before[0]) + "/restart");
    world.pass(1min);
    EXPECT_EQ(row(before[0]), before[0]);
    world.ask("ada", "POST", path(before[0]) + "/hibernate");
    world.pass(1min);
    EXPECT_EQ(row(before[0]).status.phase, Phase::hibernated);
    EXPECT_TRUE(row(before[1]).status.message.starts_with("1st of 1")) << row(before[1]).status.message;
    world.ask("ada", "DELETE", path(before[1]));
    world.pass(1min);
    EXPECT_EQ(queued().size(), 0u);
}

TEST_F(Turn, comes_when_another_ends_also_after_a_crash_between_the_two) {
    const auto all = queued();
    const auto running = world.sessions();
    const auto ended = std::ranges::find_if(running, [](const Session& session) {
        return session.user.text == "usr_ada" && takes_part(session);
    });
    world.ask("ada", "DELETE", path(*ended));
    world.pass(0ms);
    world.crash();
    world.restart();
    world.pass(1min);
    EXPECT_EQ(row(all[0]).status.phase, Phase::running);
    EXPECT_GT(row(all[0]).asked_at, Time{});
    EXPECT_EQ(row(all[1]).status.phase, Phase::pending);
}

TEST_F(Turn, comes_when_a_limit_rises) {
    const auto all = queued();
    world.change([&](store::Tx& tx) {
        acts::change_group(tx, root, "lab", {.quota = Quota{.running = 9}}, world.clock.now());
    });
    world.pass(1min);
    EXPECT_EQ(row(all[0]).status.phase, Phase::pending) << "it was not the group's limit";
    world.change([&](store::Tx& tx) {
        auto ada = *tx.find_user_by_name("ada");
        ada.quota.running = 4;
        tx.update_user(ada);
        acts::append_audit(tx, {.at = world.clock.now(),
                                .actor = "root",
                                .kind = "user.updated",
                                .subject_kind = "user",
                                .subject = ada.id.text,
                                .owner = ada.id});
    });
    world.pass(1min);
    EXPECT_EQ(row(all[0]).status.phase, Phase::pending) << "the engine has room for five";
    EXPECT_TRUE(row(all[0]).status.message.starts_with(
        "1st of 2, waits for running sessions: the limit of 5 of engine sim is in use"))
        << row(all[0]).status.message;
    world.crash();
    world.change([](store::Tx& tx) { acts::keep_capacity(tx, "sim", {}); });
    world.restart();
    world.pass(1min);
    EXPECT_EQ(row(all[0]).status.phase, Phase::running);
    EXPECT_EQ(row(all[1]).status.phase, Phase::pending);
}

}  // namespace
}  // namespace berth::sim
