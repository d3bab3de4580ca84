// The control plane and the Kubernetes engine against an API server and a cluster that misbehave.

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "cluster_checks.hpp"
#include "engine/kubernetes/names.hpp"
#include "invariants.hpp"
#include "story.hpp"

namespace berth::sim {
namespace {

using namespace std::chrono_literals;
using imposter::Where;

imposter::Faults any_faults(std::mt19937_64& random) {
    const auto maybe = [&](double most) {
        return random() % 3 == 0 ? most * static_cast<double>(random() % 1000) / 1000.0 : 0.0;
    };
    return {.refused = maybe(0.2),
            .throttled = maybe(0.2),
            .conflicted = maybe(0.2),
            .slow = maybe(0.1),
            .reset = maybe(0.2),
            .lost = maybe(0.2),
            .torn = maybe(0.1),
            .stalled = maybe(0.05),
            .late = maybe(0.2),
            .unauthorized = maybe(0.02),
            .outage = maybe(0.02),
            .watch_cut = maybe(0.1),
            .watch_silent = maybe(0.2),
            .forgotten = maybe(0.3),
            .event_late = maybe(0.3),
            .event_twice = maybe(0.3),
            .event_swapped = maybe(0.3),
            .unschedulable = maybe(0.2),
            .image_missing = maybe(0.1),
            .dies = maybe(0.3),
            .out_of_memory = maybe(0.1),
            .evicted = maybe(0.2)};
}

using engine::kubernetes::RouteKind;

/// What other people do meanwhile.
void interfere(ClusterWorld& world, double how_often) {
    auto& random = world.random;
    const auto now = [&](double chance) {
        return static_cast<double>(random() % 1'000'000) < 1'000'000 * chance * how_often;
    };
    if (now(0.5)) world.strangers.delete_something();
    if (now(0.3)) world.strangers.edit_something();
    if (now(0.1)) world.strangers.delete_claim();
    if (now(0.03)) world.strangers.delete_namespace(ClusterWorld::home);
    if (now(0.2)) world.strangers.limit_pods(static_cast<int>(random() % 4));
    if (now(0.3)) world.strangers.limit_pods(std::nullopt);
}

void live_through(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto definitions =
        seed % 2 == 0 ? ClusterWorld::Definitions::installed : ClusterWorld::Definitions::absent;
    constexpr RouteKind kinds[] = {RouteKind::none, RouteKind::ingress, RouteKind::http_route};
    ClusterWorld world(seed, {.definitions = definitions, .routes = kinds[seed % 3]});
    world.pass(1s);
    world.server.faults = any_faults(random);
    const double others = random() % 2 == 0 ? 0 : static_cast<double>(random() % 1000) / 1000;
    world.strangers.takes_names = random() % 3 == 0 ? 0.2 : 0;
    for (int step = 0; step < 40; ++step) {
        if (!world.up()) {
            world.pass(Duration(random() % 20'000));
            world.restart();
        }
        const auto actions = random() % 4;
        for (std::uint64_t i = 0; i < actions; ++i) act(world);
        interfere(world, others);
        world.pass(Duration(random() % 3 == 0 ? random() % 50 : random() % 30'000));
        expect_always(world);
        if (random() % 8 == 0) world.crash();
    }
    if (!world.up()) world.restart();
    world.server.faults = {};
    world.strangers.leave();
    // What was drawn before still comes, silent watches are found out; then all is quiet.
    world.pass(20min);
    expect_always(world);
    expect_rows_settled(world);
    expect_objects(world);
    if (definitions == ClusterWorld::Definitions::installed) expect_mirrored(world);
    expect_rest(world);
    EXPECT_EQ(world.answers[500], 0);
}

TEST(Cluster, converges_and_leaves_nothing_over_whatever_happens) {
    if (const char* one = std::getenv("BERTH_TEST_SEED"))
        return live_through(std::strtoull(one, nullptr, 10));
    const auto seeds = std::max<std::uint64_t>(1, number_from("BERTH_TEST_SEEDS", 200) / 10);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        live_through(seed);
        ASSERT_FALSE(HasFailure()) << "replay with BERTH_TEST_SEED=" << seed;
    }
    std::printf("%llu seeds\n", static_cast<unsigned long long>(seeds));
}

TEST(Cluster, the_same_seed_lives_the_same_life) {
    const auto life = [](std::uint64_t seed) {
        std::mt19937_64 random(seed);
        ClusterWorld world(seed);
        world.server.faults = any_faults(random);
        for (int step = 0; step < 10; ++step) {
            act(world);
            world.pass(5s);
        }
        std::string story;
        for (const auto& event : world.events()) story += to_string(event.at) + " " + event.kind + "\n";
        return story;
    };
    EXPECT_EQ(life(7), life(7));
    EXPECT_NE(life(7), "");
}

/// What somebody does one after the other, each once the last is done: launch, hibernate, wake, restart,
/// launch, delete.
class Scenario {
  public:
    explicit Scenario(RouteKind routes = RouteKind::none) : world(1, {.routes = routes}) { world.pass(1s); }

    /// One step further when the last is done; false when there is none left.
    bool go_on() {
        if (!world.up()) world.restart();
        const auto sessions = world.sessions();
        for (const auto& session : sessions)
            if (session.look_at || !is_settled(session)) return true;
        const auto of = [&](std::size_t i) { return "/api/v1/sessions/" + in_order(sessions).at(i).id.text; };
        switch (step_++) {
            case 0:
                world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t2"})");
                break;
            case 1:
                world.ask("ada", "POST", of(0) + "/hibernate");
                break;
            case 2:
                world.ask("ada", "POST", of(0) + "/wake");
                break;
            case 3:
                world.ask("ada", "POST", of(0) + "/restart");
                break;
            case 4:
                world.ask("bert", "POST", "/api/v1/sessions", R"({"template":"t1"})");
                break;
            case 5:
                world.ask("ada", "DELETE", of(0));
                break;
            default:
                return false;
        }
        world.pass(10ms);
        return true;
    }

    void run() {
        for (int turns = 0; go_on(); ++turns) {
            ASSERT_LT(turns, 1000) << "does not end";
            world.pass(1s);
        }
        if (!world.up()) world.restart();
        world.pass(2min);
    }

    /// All that is in the cluster, with the sessions by their number.
    std::map<std::string, int> inventory() {
        std::map<std::string, int> found;
        const auto sessions = in_order(world.sessions());
        for (const auto& [where, object] : world.server.objects.all()) {
            auto name = where.name;
            for (std::size_t i = 0; i < sessions.size(); ++i) {
                const auto id = engine::kubernetes::workload_name({sessions[i].id.text});
                if (name.starts_with(id)) name = "session" + std::to_string(i) + name.substr(id.size());
            }
            // A claim's name has its workspace in it.
            if (where.plural == "persistentvolumeclaims") name = "claim";
            ++found[where.plural + "/" + name];
        }
        return found;
    }

    ClusterWorld world;

  private:
    static bool is_settled(const Session& session) {
        switch (desired(session.asks)) {
            case State::running:
                return session.status.phase == Phase::running &&
                       session.status.incarnation == session.incarnation;
            case State::hibernated:
                return session.status.phase == Phase::hibernated;
            default:
                return session.status.phase == Phase::gone;
        }
    }
    static std::vector<Session> in_order(std::vector<Session> sessions) {
        std::ranges::sort(sessions, {}, [](const Session& session) { return session.user.text; });
        return sessions;
    }
    int step_ = 0;
};

class EachWrite : public ::testing::TestWithParam<RouteKind> {};

TEST_P(EachWrite, a_crash_there_ends_where_no_crash_would_have) {
    Scenario undisturbed(GetParam());
    const int before = undisturbed.world.server.tally.effective;
    undisturbed.run();
    const int writes = undisturbed.world.server.tally.effective - before;
    const auto expected = undisturbed.inventory();
    EXPECT_GT(writes, 20);
    EXPECT_EQ(expected.at("persistentvolumeclaims/claim"), 2);
    for (int k = 1; k <= writes; ++k)
        for (const auto moment : {ClusterWorld::Moment::before_answer, ClusterWorld::Moment::after_answer}) {
            SCOPED_TRACE(std::to_string(k) +
                         (moment == ClusterWorld::Moment::before_answer ? " before" : " after"));
            Scenario scenario(GetParam());
            scenario.world.crash_at(k, moment);
            scenario.run();
            EXPECT_EQ(scenario.inventory(), expected);
            expect_always(scenario.world);
            expect_rows_settled(scenario.world);
            expect_objects(scenario.world);
            ASSERT_FALSE(HasFailure());
        }
    std::printf("%d writes, a crash at each\n", writes);
}

INSTANTIATE_TEST_SUITE_P(Cluster, EachWrite, ::testing::Values(RouteKind::none, RouteKind::ingress));

/// The namespaces that carry a space, by it.
std::map<std::string, std::string> homes_of(const ClusterWorld& world) {
    std::map<std::string, std::string> homes;
    for (const auto& [where, object] : world.server.objects.list("namespaces", {}))
        if (auto space = imposter::label_of(object, "berth.dev/space"); !space.empty())
            homes[space] = where.name;
    return homes;
}

TEST(Cluster, users_have_namespaces_of_their_own_that_come_and_go_with_what_is_in_them) {
    ClusterWorld world(8, {.spread = engine::kubernetes::Spread::by_owner});
    world.pass(1s);
    for (const char* who : {"ada", "bert"})
        world.ask(who, "POST", "/api/v1/sessions", R"({"template":"t2"})");
    world.pass(1min);
    const std::map<std::string, std::string> both{{"usr_ada", "sessions-usr-ada"},
                                                  {"usr_bert", "sessions-usr-bert"}};
    EXPECT_EQ(homes_of(world), both);
    for (const auto& session : world.sessions()) {
        EXPECT_EQ(session.status.phase, Phase::running) << json::write(json::to_json(session.status));
        const auto home = both.at(session.user.text);
        for (const char* plural : {"pods", "services", "configmaps", "secrets", "persistentvolumeclaims",
                                   "networkpolicies", "resourcequotas", "limitranges"})
            for (const auto& [where, object] : world.server.objects.list(plural, {.namespace_ = home}))
                EXPECT_TRUE(imposter::label_of(object, "berth.dev/workload").empty() ||
                            imposter::label_of(object, "berth.dev/workload") == session.id.text)
                    << where.name;
        EXPECT_EQ(world.server.objects.list("pods", {.namespace_ = home}).size(), 2u);
        EXPECT_EQ(world.server.objects.list("resourcequotas", {.namespace_ = home}).size(), 1u);
    }
    const auto of = [&](const char* user) {
        for (const auto& session : world.sessions())
            if (session.user.text == user) return session;
        return Session{};
    };
    world.crash();
    world.restart();
    world.pass(1min);
    EXPECT_EQ(of("usr_ada").status.phase, Phase::running) << "a new process finds what there is";
    const auto workspace = of("usr_ada").workspace->text;
    world.ask("ada", "DELETE", "/api/v1/sessions/" + of("usr_ada").id.text);
    world.pass(1min);
    EXPECT_EQ(homes_of(world), both) << "the workspace is in it";
    world.ask("ada", "DELETE", "/api/v1/workspaces/" + workspace);
    world.pass(2min);
    EXPECT_EQ(homes_of(world), (std::map<std::string, std::string>{{"usr_bert", "sessions-usr-bert"}}));
    EXPECT_EQ(of("usr_bert").status.phase, Phase::running);
    expect_rest(world);
}

TEST(Cluster, a_namespace_with_somebody_elses_claim_in_it_stays) {
    ClusterWorld world(9, {.spread = engine::kubernetes::Spread::by_part});
    world.pass(1s);
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(1min);
    const auto session = world.sessions().at(0);
    ASSERT_EQ(session.status.phase, Phase::running) << json::write(json::to_json(session.status));
    const auto homes = homes_of(world);
    ASSERT_EQ(homes.size(), 1u);
    EXPECT_EQ(homes.begin()->first, session.workspace->text);
    const auto home = homes.begin()->second;
    world.server.objects.create(
        "persistentvolumeclaims",
        {{"metadata", json::object{{"name", "theirs"}, {"namespace", home}}}, {"spec", json::object()}});
    world.ask("ada", "DELETE", "/api/v1/sessions/" + session.id.text);
    world.pass(1min);
    world.ask("ada", "DELETE", "/api/v1/workspaces/" + session.workspace->text);
    world.pass(5min);
    EXPECT_EQ(homes_of(world), homes);
    EXPECT_EQ(world.server.objects.list("persistentvolumeclaims", {}).size(), 1u);
}

TEST(Cluster, a_namespace_that_is_not_ours_is_not_used) {
    ClusterWorld world(10, {.spread = engine::kubernetes::Spread::by_owner});
    world.pass(1s);
    world.server.objects.create("namespaces", {{"metadata", json::object{{"name", "sessions-usr-ada"}}}});
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(30s);
    const auto session = world.sessions().at(0);
    EXPECT_NE(session.status.phase, Phase::running);
    EXPECT_EQ(session.status.message, "Namespace \"sessions-usr-ada\" is there and not ours");
    EXPECT_TRUE(world.server.objects.list("configmaps", {.namespace_ = "sessions-usr-ada"}).empty());
}

TEST(Cluster, init_steps_run_once_for_a_workspace_before_the_component) {
    ClusterWorld world(11);
    world.pass(1s);
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t3"})");
    world.pass(1min);
    const auto session = world.sessions().at(0);
    ASSERT_EQ(session.status.phase, Phase::running) << json::write(json::to_json(session.status));
    EXPECT_EQ(session.status.init, (InitProgress{.steps = 2, .done = 2}));
    EXPECT_LE(session.status.timings.initialized, session.status.timings.started);
    EXPECT_EQ(world.server.objects.list("pods", {}).size(), 1u) << "of a step nothing is left";
    world.ask("ada", "POST", "/api/v1/sessions/" + session.id.text + "/restart");
    world.pass(1min);
    EXPECT_EQ(world.sessions().at(0).status.phase, Phase::running);
    EXPECT_EQ(world.sessions().at(0).status.init, std::nullopt) << "the workspace is not new any more";
    expect_objects(world);
}

TEST(Cluster, what_a_pod_needs_is_asked_for_side_by_side_and_never_beyond_the_limit) {
    ClusterWorld world(5);
    world.pass(1s);
    world.server.tally.most_in_flight = 0;
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(30s);
    ASSERT_EQ(world.sessions().at(0).status.phase, Phase::running);
    EXPECT_EQ(world.server.tally.most_in_flight, ClusterWorld::requests_max);
}

}  // namespace
}  // namespace berth::sim
