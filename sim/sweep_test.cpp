// What a sweep finds, what it does, and what it leaves alone.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "acts/sweep.hpp"
#include "cluster_world.hpp"
#include "engine/kubernetes/names.hpp"

namespace berth::sim {
namespace {

using namespace std::chrono_literals;
using imposter::Where;

template <class T>
T run(World& world, Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(world.io, std::move(task), [&](std::exception_ptr failure, T value) {
        if (failure) std::rethrow_exception(failure);
        result = std::move(value);
    });
    for (int turns = 0; !result && turns < 1000; ++turns) world.pass(10ms);
    return std::move(result.value());
}

/// As an administrator would.
void ask_sweep(World& world) {
    auto ask = [now = world.clock.now()](store::Tx& tx) { acts::ask_sweep(tx, {.name = "ada"}, now); };
    asio::co_spawn(world.io, world.store->write(std::move(ask)), [](std::exception_ptr) {});
    world.pass(10ms);
}

std::optional<acts::SweepReport> last_sweep(World& world) {
    return run(world, world.store->read([](store::Rows& rows) { return acts::last_sweep(rows); }));
}

TEST(SweepAsked, acts_on_what_nobody_has_and_says_so) {
    SimWorld world(1, {});
    world.pass(1s);
    world.engine.add_thing({.kind = "container", .name = "berth-theirs", .ours = false});
    world.engine.add_thing({.kind = "container",
                            .name = "berth-nobodys",
                            .part = ThingPart::process,
                            .workload = {"ses_nobody"}});
    ask_sweep(world);
    world.pass(2s);
    const auto report = last_sweep(world);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->ask.actor, "ada");
    ASSERT_EQ(report->acted.size(), 1u);
    EXPECT_EQ(report->acted[0].matter, plan::Matter::orphan);
    EXPECT_EQ(report->acted[0].name, "berth-nobodys");
    const auto events = world.events();
    EXPECT_TRUE(std::ranges::any_of(events, [](const Event& event) { return event.kind == "sweep.done"; }));
}

TEST(SweepAsked, starts_again_what_a_row_says_and_is_not_there) {
    SimWorld world(4, {});
    world.pass(1s);
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(1min);
    const auto id = world.sessions().at(0).id;
    ASSERT_EQ(world.sessions().at(0).status.phase, Phase::running);
    world.crash();
    world.engine.vanish({id.text}, "c0");
    const auto judged = [&] {
        const auto things = run(world, world.engine.inventory({}));
        const auto read = [things](store::Rows& rows) { return acts::sweep_facts(rows, "sim", things); };
        return plan::judge(run(world, world.store->read(read)), world.clock.now());
    };
    const auto before = judged();
    ASSERT_EQ(before.size(), 1u);
    EXPECT_EQ(before[0].matter, plan::Matter::phantom);
    ask_sweep(world);
    world.restart();
    world.pass(1min);
    EXPECT_TRUE(judged().empty());
}

TEST(SweepAsked, is_done_by_a_successor_when_its_operator_died) {
    SimWorld world(2, {});
    world.pass(1s);
    world.crash();
    ask_sweep(world);
    world.pass(5min);
    EXPECT_FALSE(last_sweep(world));
    world.restart();
    world.pass(5s);
    EXPECT_TRUE(last_sweep(world));
}

TEST(SweepAsked, names_an_engine_that_does_not_answer) {
    SimWorld world(3, {});
    world.pass(1s);
    world.engine.set_faults({.call_fails_before = 1.0});
    ask_sweep(world);
    world.pass(5s);
    const auto report = last_sweep(world);
    ASSERT_TRUE(report);
    ASSERT_EQ(report->failed.size(), 1u);
    EXPECT_TRUE(report->failed[0].starts_with("sim: ")) << report->failed[0];
}

/// In a cluster: one session of ada's runs.
class ClusterSweep : public ::testing::Test {
  protected:
    ClusterSweep() : world(21) {
        world.pass(1s);
        world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
        world.pass(10s);
    }
    imposter::Objects& objects() { return world.server.objects; }
    std::string name() { return engine::kubernetes::workload_name(id()); }
    WorkloadId id() { return {world.sessions().at(0).id.text}; }
    json::object secret(const std::string& its_name, const std::string& workload) {
        json::object labels;
        if (!workload.empty())
            labels = {{engine::kubernetes::label_instance, ClusterWorld::instance},
                      {engine::kubernetes::label_workload, workload}};
        return {{"metadata",
                 json::object{{"name", its_name}, {"namespace", ClusterWorld::home}, {"labels", labels}}}};
    }
    /// What is found, but for what belongs: all of a running session.
    std::vector<plan::Finding> findings() {
        const auto things = run(world, world.engine().inventory({id()}));
        const auto read = [things](store::Rows& rows) {
            return acts::sweep_facts(rows, "kubernetes", things);
        };
        const auto facts = run(world, world.store->read(read));
        return plan::judge(facts, world.clock.now());
    }

    ClusterWorld world;
};

TEST_F(ClusterSweep, finds_nothing_where_all_belongs_and_writes_nothing) {
    const int writes = world.server.tally.writes;
    EXPECT_EQ(findings(), std::vector<plan::Finding>());
    EXPECT_EQ(world.server.tally.writes, writes);
}

TEST_F(ClusterSweep, tells_of_what_bears_a_name_of_ours_and_leaves_it_alone) {
    objects().create("secrets", secret(name() + "-theirs", ""));
    objects().create("secrets", secret("unrelated", ""));
    const auto found = findings();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].matter, plan::Matter::foreign);
    EXPECT_EQ(found[0].kind, "Secret");
    EXPECT_EQ(found[0].name, "sessions/" + name() + "-theirs");
    ask_sweep(world);
    world.pass(1min);
    EXPECT_NE(objects().find({"secrets", ClusterWorld::home, name() + "-theirs"}), nullptr);
}

TEST_F(ClusterSweep, tells_of_what_the_cluster_will_not_collect) {
    objects().create("secrets", secret("ses-lost", "ses_lost"));
    const auto found = findings();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].matter, plan::Matter::orphan);
    EXPECT_EQ(found[0].remedy, plan::Remedy::report);
}

TEST_F(ClusterSweep, tells_which_finalizer_holds_an_object) {
    auto held = secret("ses-held", "ses_held");
    held["metadata"].as_object()["finalizers"] = json::array{"example.org/hold"};
    objects().create("secrets", held);
    objects().remove({"secrets", ClusterWorld::home, "ses-held"}, {});
    world.pass(2min);
    const auto found = findings();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].matter, plan::Matter::stuck);
    EXPECT_NE(found[0].why.find("example.org/hold"), std::string::npos) << found[0].why;
}

TEST_F(ClusterSweep, tells_why_a_namespace_does_not_go) {
    auto held = secret("ses-held", "ses_held");
    held["metadata"].as_object()["finalizers"] = json::array{"example.org/hold"};
    objects().create("secrets", held);
    world.strangers.delete_namespace(ClusterWorld::home);
    const Where home{"namespaces", "", ClusterWorld::home};
    objects().edit(home, [](json::object& object) {
        const json::object condition{{"type", "NamespaceFinalizersRemaining"},
                                     {"status", "True"},
                                     {"message", "example.org/hold in 1 resource instances"}};
        object["status"].as_object()["conditions"] = json::array{condition};
    });
    const auto found = findings();
    const auto space = std::ranges::find(found, "Namespace", &plan::Finding::kind);
    ASSERT_NE(space, found.end());
    EXPECT_EQ(space->matter, plan::Matter::stuck);
    EXPECT_NE(space->why.find("example.org/hold in 1 resource instances"), std::string::npos) << space->why;
}

TEST_F(ClusterSweep, volumes_that_no_row_knows_and_rows_without_a_volume_are_told) {
    const auto claims = objects().list("persistentvolumeclaims", {});
    ASSERT_EQ(claims.size(), 1u);
    auto nobodys = claims[0].second.as_object();
    nobodys["metadata"].as_object()["name"] = "berth-5eed-nobodys";
    objects().create("persistentvolumeclaims", nobodys);
    world.ask("ada", "POST", "/api/v1/sessions/" + id().text + "/hibernate");
    world.pass(1min);
    objects().remove(claims[0].first, {});
    world.pass(15min);
    const auto found = findings();
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].matter, plan::Matter::unowned_volume);
    EXPECT_EQ(found[1].matter, plan::Matter::lost_volume);
    ask_sweep(world);
    world.pass(1min);
    EXPECT_NE(objects().find({"persistentvolumeclaims", ClusterWorld::home, "berth-5eed-nobodys"}), nullptr);
}

}  // namespace
}  // namespace berth::sim
