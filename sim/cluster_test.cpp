// The control plane and the Kubernetes engine against an API server and a cluster that misbehave.

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "cluster_world.hpp"
#include "engine/kubernetes/names.hpp"
#include "invariants.hpp"
#include "story.hpp"

namespace berth::sim {
namespace {

using namespace std::chrono_literals;
using imposter::Where;
using Names = std::set<Where>;

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

/// Where the object stands that leads a session's hosts to us.
Where route_of(const ClusterWorld& world, const Session& session) {
    return {std::string(engine::kubernetes::resource_of(world.routes).plural), ClusterWorld::gateway_home,
            engine::kubernetes::workload_name({session.id.text})};
}

/// The objects that a running session has, but for claims and its route.
Names objects_of(const Session& session) {
    const WorkloadId id{session.id.text};
    const auto name = engine::kubernetes::workload_name(id);
    const auto* home = ClusterWorld::home;
    Names names{{"configmaps", home, name}, {"secrets", home, name}, {"networkpolicies", home, name}};
    for (const auto& component : session.status.components)
        names.insert({"pods", home, engine::kubernetes::component_name(id, component.name)});
    names.insert({"services", home, engine::kubernetes::component_name(id, "c0")});
    return names;
}

bool is_ours(const json::value& object) {
    return imposter::label_of(object, engine::kubernetes::label_instance) == ClusterWorld::instance;
}

/// The objects in the cluster are those that the rows want: none is missing, none is left over.
void expect_objects(ClusterWorld& world) {
    Names wanted, allowed;
    for (const auto& session : world.sessions()) {
        const auto names = objects_of(session);
        if (session.status.phase == Phase::running) wanted.insert(names.begin(), names.end());
        if (world.routes != RouteKind::none) {
            const bool answered = session.status.timings.routed && session.status.phase != Phase::gone;
            // One that has failed before it answered may have the route of an earlier start.
            if (answered) wanted.insert(route_of(world, session));
            if (session.status.phase != Phase::gone) allowed.insert(route_of(world, session));
        }
        if (session.status.phase != Phase::failed) continue;
        // What has ended stays for its logs, with what it belongs to.
        bool any = false;
        for (const auto& where : names)
            if (const auto* pod = world.server.objects.find(where);
                pod != nullptr && where.plural == "pods") {
                const auto phase = imposter::text_at(*pod, {"status", "phase"});
                EXPECT_TRUE(phase == "Failed" || phase == "Succeeded") << where.name << " " << *pod;
                any = true;
            }
        if (any) allowed.insert(names.begin(), names.end());
    }
    for (const auto& where : wanted) {
        const auto* object = world.server.objects.find(where);
        EXPECT_NE(object, nullptr) << "missing: " << where.plural << "/" << where.name;
        if (object == nullptr) continue;
        EXPECT_TRUE(is_ours(*object)) << where.name;
        EXPECT_EQ(imposter::value_at(*object, {"metadata", "deletionTimestamp"}), nullptr) << where.name;
    }
    for (const auto& [where, object] : world.server.objects.all()) {
        if (!is_ours(object) || where.plural == "persistentvolumeclaims") continue;
        if (where.namespace_ == ClusterWorld::gateway_home && world.routes != RouteKind::none)
            EXPECT_EQ(imposter::value_at(object, {"metadata", "generation"})->to_number<int>(), 1)
                << "edited, and left so";
        if (where.name.starts_with("berth-init-") || allowed.contains(where)) continue;
        EXPECT_TRUE(wanted.contains(where)) << "left over: " << where.plural << "/" << where.name;
    }
}

/// What holds at every moment, whatever goes wrong.
void expect_always(ClusterWorld& world) {
    EXPECT_EQ(world.nodes.breaches(), std::vector<std::string>());
    EXPECT_EQ(world.strangers.wronged(), std::vector<std::string>());
    EXPECT_EQ(world.server.tally.blind_deletions, 0);
    EXPECT_LE(world.most_in_flight(), ClusterWorld::requests_max);
    for (const auto& line : world.server.tally.lines)
        EXPECT_FALSE(line.starts_with("DELETE persistentvolumeclaims")) << line;
    expect_quota(world);
}

void expect_rest(ClusterWorld& world) {
    const int before = world.server.tally.writes;
    const auto said = world.server.tally.lines.size();
    world.pass(10min);
    EXPECT_EQ(world.server.tally.writes, before) << "a settled system writes";
    for (auto i = said; i < world.server.tally.lines.size(); ++i)
        ADD_FAILURE() << world.server.tally.lines[i];
}

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
    constexpr RouteKind kinds[] = {RouteKind::none, RouteKind::ingress, RouteKind::http_route};
    ClusterWorld world(seed, kinds[seed % 3]);
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
    explicit Scenario(RouteKind routes = RouteKind::none) : world(1, routes) { world.pass(1s); }

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

TEST(Cluster, a_claim_deleted_under_a_session_is_made_again_with_its_next_start) {
    ClusterWorld world(5);
    world.pass(1s);
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(10s);
    ASSERT_EQ(world.sessions().at(0).status.phase, Phase::running);
    const auto claims = [&] { return world.server.objects.list("persistentvolumeclaims", {}); };
    const auto uid = imposter::text_at(claims().at(0).second, {"metadata", "uid"});
    world.server.objects.remove(claims().at(0).first, {});
    world.pass(1min);
    EXPECT_EQ(world.sessions().at(0).status.phase, Phase::running) << "it is in use, and stays";
    world.ask("ada", "POST", "/api/v1/sessions/" + world.sessions().at(0).id.text + "/restart");
    world.pass(1min);
    EXPECT_EQ(world.sessions().at(0).status.phase, Phase::running);
    ASSERT_EQ(claims().size(), 1u);
    EXPECT_NE(imposter::text_at(claims().at(0).second, {"metadata", "uid"}), uid);
    expect_objects(world);
}

TEST(Cluster, what_ends_without_a_word_is_started_again) {
    ClusterWorld world(6);
    world.pass(1s);
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(10s);
    const auto pods = world.server.objects.list("pods", {});
    ASSERT_EQ(pods.size(), 1u);
    ASSERT_TRUE(world.nodes.end(pods.at(0).first, imposter::Nodes::End::evicted_without_a_word));
    world.pass(1min);
    const auto session = world.sessions().at(0);
    EXPECT_EQ(session.status.phase, Phase::running);
    EXPECT_EQ(session.status.components.at(0).restarts, 1);
    expect_objects(world);
    expect_rest(world);
}

TEST(Cluster, a_berth_init_that_somebody_deleted_is_put_back_for_the_next_pod) {
    ClusterWorld world(7);
    world.pass(1s);
    for (const auto& [where, object] : world.server.objects.list("configmaps", {}))
        world.server.objects.remove(where, {});
    world.pass(1s);
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(1min);
    EXPECT_EQ(world.sessions().at(0).status.phase, Phase::running);
}

/// Writes from now until all is settled.
int writes_of(ClusterWorld& world, const std::function<void()>& what) {
    const auto said = world.server.tally.lines.size();
    const int before = world.server.tally.writes;
    what();
    world.pass(30s);
    std::string lines;
    for (auto i = said; i < world.server.tally.lines.size(); ++i) lines += world.server.tally.lines[i] + "\n";
    EXPECT_EQ(world.server.tally.refused, 0) << lines;
    ::testing::Test::RecordProperty("writes", lines);
    return world.server.tally.writes - before;
}

TEST(Cluster, a_cold_launch_is_at_most_nine_writes_a_stop_at_most_four_and_rest_none) {
    const std::pair<const char*, RouteKind> cases[] = {{"t1", RouteKind::none},
                                                       {"t2", RouteKind::none},
                                                       {"t1", RouteKind::ingress},
                                                       {"t2", RouteKind::http_route}};
    for (const auto& [name, routes] : cases) {
        ClusterWorld world(3, routes);
        world.pass(1s);
        const auto body = std::string(R"({"template":")") + name + "\"}";
        const auto launch = [&] { world.ask("ada", "POST", "/api/v1/sessions", body); };
        const int cold = writes_of(world, launch);
        ASSERT_EQ(world.sessions().at(0).status.phase, Phase::running);
        expect_rest(world);
        const auto path = "/api/v1/sessions/" + world.sessions().at(0).id.text;
        const int stop = writes_of(world, [&] { world.ask("ada", "POST", path + "/hibernate"); });
        ASSERT_EQ(world.sessions().at(0).status.phase, Phase::hibernated);
        expect_rest(world);
        EXPECT_LE(cold, 9) << name;
        EXPECT_LE(stop, 4) << name;
        std::printf("%s: %d writes to launch, %d to stop\n", name, cold, stop);
        expect_objects(world);
    }
}

}  // namespace
}  // namespace berth::sim
