// The control plane and the Kubernetes engine against an API server and a cluster that misbehave.

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "cluster_world.hpp"
#include "engine/kubernetes/names.hpp"
#include "engine/kubernetes/seen.hpp"
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
        if (where.plural == "networkpolicies")
            EXPECT_FALSE(engine::kubernetes::read_policy(*object).edited) << *object;
        if (where.plural == "services")
            EXPECT_FALSE(engine::kubernetes::read_service(*object).object.edited) << *object;
    }
    for (const auto& [where, object] : world.server.objects.all()) {
        if (!is_ours(object) || where.plural == "persistentvolumeclaims") continue;
        if (imposter::is_custom(where.plural)) continue;
        if (where.namespace_ == ClusterWorld::gateway_home && world.routes != RouteKind::none)
            EXPECT_EQ(imposter::value_at(object, {"metadata", "generation"})->to_number<int>(), 1)
                << "edited, and left so";
        if (where.name.starts_with("berth-init-") || allowed.contains(where)) continue;
        EXPECT_TRUE(wanted.contains(where)) << "left over: " << where.plural << "/" << where.name;
    }
}

/// Each row has its custom resource, which tells the same, and there is no other.
void expect_mirrored(ClusterWorld& world) {
    std::map<std::string, std::string> wanted, found;
    for (const auto& session : world.sessions()) {
        if (session.status.phase == Phase::gone) continue;
        wanted[session.host] =
            json::enum_name(session.status.phase) + " " + json::enum_name(desired(session.asks));
    }
    for (const auto& [where, object] : world.server.objects.list("sessions", {}))
        found[where.name] = imposter::text_at(object, {"status", "phase"}) + " " +
                            imposter::text_at(object, {"status", "state"});
    EXPECT_EQ(found, wanted);
    EXPECT_EQ(world.server.objects.list("templates", {}).size(), 2u);
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

std::string uid_of(ClusterWorld& world, const Session& session, const std::string& component) {
    const auto name = engine::kubernetes::component_name({session.id.text}, component);
    const auto* pod = world.server.objects.find({"pods", ClusterWorld::home, name});
    return pod == nullptr ? "" : imposter::text_at(*pod, {"metadata", "uid"});
}

TEST(Cluster, linked_components_run_once_they_reach_each_other_and_not_before) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        ClusterWorld world(seed);
        world.server.pace.network = 20s;
        world.pass(1s);
        world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t2"})");
        bool waited = false;
        for (int i = 0; i < 3000 && world.sessions().at(0).status.phase != Phase::running; ++i) {
            world.pass(10ms);
            const auto message = world.sessions().at(0).status.message;
            waited =
                waited ||
                message.find("\"c1\" does not reach it yet: port 8080: connection refused") != message.npos ||
                message.find("does not reach \"c0\" yet") != message.npos;
        }
        const auto session = world.sessions().at(0);
        ASSERT_EQ(session.status.phase, Phase::running) << seed;
        EXPECT_TRUE(waited) << seed << " " << session.status.message;
        const auto service = engine::kubernetes::component_name({session.id.text}, "c0");
        const auto* object = world.server.objects.find({"services", ClusterWorld::home, service});
        ASSERT_NE(object, nullptr);
        const auto address = imposter::text_at(*object, {"spec", "clusterIP"});
        EXPECT_EQ(world.nodes.reach(uid_of(world, session, "c1"), address, 8080), "") << seed;
    }
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

TEST(Cluster, a_policy_or_service_that_somebody_opens_is_put_back_at_once) {
    ClusterWorld world(8);
    world.pass(1s);
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(10s);
    const auto session = world.sessions().at(0);
    ASSERT_EQ(session.status.phase, Phase::running);
    const auto pods = world.server.objects.list("pods", {});
    for (const auto* plural : {"networkpolicies", "services"}) {
        const auto [where, made] = world.server.objects.list(plural, {}).at(0);
        const int before = world.server.tally.writes;
        world.strangers.open_up(where);
        EXPECT_NE(world.server.objects.find(where)->at("spec"), made.at("spec"));
        world.pass(1s);
        EXPECT_EQ(world.server.objects.find(where)->at("spec"), made.at("spec"));
        EXPECT_EQ(world.server.tally.writes, before + 1) << plural;
    }
    EXPECT_EQ(world.sessions().at(0).status.phase, Phase::running);
    EXPECT_EQ(world.server.objects.list("pods", {}).at(0).first, pods.at(0).first);
    expect_rest(world);
    // Who changes it each time that it is put back is reported, and answered ever more seldom.
    const auto where = world.server.objects.list("networkpolicies", {}).at(0).first;
    world.server.objects.listeners.emplace_back([&](const imposter::Change& change) {
        if (change.where == where && change.type == "MODIFIED" &&
            !engine::kubernetes::read_policy(change.object).edited)
            world.strangers.open_up(where);
    });
    const int before = world.server.tally.writes;
    world.strangers.open_up(where);
    world.pass(10min);
    EXPECT_LE(world.server.tally.writes, before + 20);
    EXPECT_NE(world.sessions().at(0).status.message.find("is changed by somebody"), std::string::npos)
        << world.sessions().at(0).status.message;
    world.server.objects.listeners.pop_back();
    world.pass(5min);
    EXPECT_FALSE(engine::kubernetes::read_policy(*world.server.objects.find(where)).edited);
    EXPECT_EQ(world.sessions().at(0).status.message, "");
}

std::string node_of(ClusterWorld& world, const std::string& component = "c0") {
    const auto session = world.sessions().at(0);
    const auto name = engine::kubernetes::component_name({session.id.text}, component);
    const auto* pod = world.server.objects.find({"pods", ClusterWorld::home, name});
    return pod == nullptr ? "" : imposter::text_at(*pod, {"spec", "nodeName"});
}

/// What was said of the first session since `sequence`: reasons, messages and conditions.
std::string said_since(ClusterWorld& world, std::int64_t sequence) {
    std::string said;
    for (const auto& event : world.events())
        if (event.sequence > sequence && event.data.contains("status"))
            said += json::write(event.data.at("status")) + "\n";
    return said;
}

TEST(Cluster, a_session_moves_off_a_node_that_is_emptied_and_says_why) {
    ClusterWorld world(9);
    world.pass(1s);
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(10s);
    ASSERT_EQ(world.sessions().at(0).status.phase, Phase::running);
    const auto before = node_of(world);
    const auto heard = world.events().back().sequence;
    world.nodes.drain(before);
    world.pass(1min);
    const auto session = world.sessions().at(0);
    EXPECT_EQ(session.status.phase, Phase::running) << session.status.message;
    EXPECT_NE(node_of(world), before);
    EXPECT_EQ(session.status.components.at(0).restarts, 0);
    EXPECT_NE(said_since(world, heard).find("its node is being emptied"), std::string::npos);
    expect_always(world);
    expect_objects(world);
    expect_rest(world);
}

TEST(Cluster, a_session_on_a_lost_node_says_so_and_moves_only_when_the_node_is_known_to_be_off) {
    ClusterWorld world(10);
    world.pass(1s);
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(10s);
    ASSERT_EQ(world.sessions().at(0).status.phase, Phase::running);
    const auto before = node_of(world);
    const auto uid = uid_of(world, world.sessions().at(0), "c0");
    world.nodes.lose(before);
    world.pass(10s);
    const auto lost = [&] {
        const auto status = world.sessions().at(0).status;
        return std::ranges::any_of(status.conditions, [&](const Condition& condition) {
            return condition.type == "NodeLost" && condition.message.find(before) != std::string::npos;
        });
    };
    EXPECT_TRUE(lost());
    world.pass(30min);
    EXPECT_TRUE(lost());
    EXPECT_EQ(world.sessions().at(0).status.message, "\"c0\": its node does not answer");
    EXPECT_EQ(uid_of(world, world.sessions().at(0), "c0"), uid) << "it may still run there";
    for (const auto& line : world.server.tally.lines) EXPECT_FALSE(line.starts_with("DELETE pods")) << line;
    // Nor does a person's stop end it by force.
    const auto path = "/api/v1/sessions/" + world.sessions().at(0).id.text;
    world.ask("ada", "POST", path + "/hibernate");
    world.pass(5min);
    EXPECT_EQ(world.sessions().at(0).status.phase, Phase::stopping);
    EXPECT_TRUE(lost());
    world.ask("ada", "POST", path + "/wake");
    world.pass(1min);
    EXPECT_EQ(uid_of(world, world.sessions().at(0), "c0"), uid);
    world.nodes.confirm_off(before);
    world.pass(1min);
    EXPECT_EQ(world.sessions().at(0).status.phase, Phase::running) << world.sessions().at(0).status.message;
    EXPECT_NE(node_of(world), before);
    EXPECT_FALSE(lost());
    expect_always(world);
    expect_objects(world);
    expect_rest(world);
}

TEST(Cluster, what_keeps_a_start_waiting_is_said_in_the_clusters_words) {
    ClusterWorld world(11);
    world.pass(1s);
    std::map<std::string, std::string> told;  // By kind of object: what the cluster says of it.
    world.server.objects.listeners.emplace_back([&](const imposter::Change& change) {
        const auto words = told.find(change.where.plural);
        if (change.type != "ADDED" || words == told.end()) return;
        const auto uid = imposter::text_at(change.object, {"metadata", "uid"});
        const json::object about{{"namespace", change.where.namespace_}, {"name", "event-" + uid}};
        world.server.objects.create("events", {{"metadata", about},
                                               {"involvedObject", json::object{{"uid", uid}}},
                                               {"reason", words->second},
                                               {"message", "said the cluster"}});
    });
    const auto message = [&] {
        const auto sessions = world.sessions();
        return std::pair(sessions.size(), sessions.back().status.message);
    };
    // A pod that has its node, and waits there for what it mounts.
    told["pods"] = "FailedMount";
    world.server.objects.admit = [](const imposter::Where& where, const json::object&) {
        if (where.plural == "secrets") throw imposter::Refusal{500, "InternalError", "no secrets today"};
    };
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(5s);
    EXPECT_NE(message().second.find("no secrets today"), std::string::npos) << message().second;
    world.server.objects.admit = nullptr;
    world.server.pace.start = 10min;
    world.pass(40s);
    EXPECT_EQ(message().second, "\"c0\": FailedMount: said the cluster");
    world.pass(11min);
    ASSERT_EQ(world.sessions().at(0).status.phase, Phase::running);
    EXPECT_EQ(message().second, "");
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
        ClusterWorld world(3, {.routes = routes});
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

TEST(Cluster, with_the_mirror_a_cold_launch_is_at_most_nine_writes_a_stop_at_most_four_and_rest_none) {
    for (const char* name : {"t1", "t2"}) {
        ClusterWorld world(3, {.definitions = ClusterWorld::Definitions::installed});
        world.pass(30s);
        const auto body = std::string(R"({"template":")") + name + "\"}";
        const auto launch = [&] { world.ask("ada", "POST", "/api/v1/sessions", body); };
        const auto path = [&] { return "/api/v1/sessions/" + world.sessions().at(0).id.text; };
        // The first one makes the workspace, and learns what the images are.
        const int first = writes_of(world, launch);
        const int end = writes_of(world, [&] { world.ask("ada", "DELETE", path()); });
        const int cold = writes_of(world, launch);
        ASSERT_EQ(world.sessions().at(0).status.phase, Phase::running);
        expect_mirrored(world);
        expect_rest(world);
        const int stop = writes_of(world, [&] { world.ask("ada", "POST", path() + "/hibernate"); });
        ASSERT_EQ(world.sessions().at(0).status.phase, Phase::hibernated);
        expect_mirrored(world);
        expect_rest(world);
        EXPECT_LE(cold, 9) << name;
        EXPECT_LE(stop, 4) << name;
        std::printf("%s with the mirror: %d writes to launch (%d the first time), %d to stop, %d to delete\n",
                    name, cold, first, stop, end);
    }
}

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
    world.ask("ada", "DELETE", "/api/v1/sessions/" + of("usr_ada").id.text);
    world.pass(1min);
    EXPECT_EQ(homes_of(world), both) << "the workspace is in it";
    const auto workspace = of("usr_ada").workspace->text;
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
    EXPECT_EQ(session.status.message, "namespace \"sessions-usr-ada\" is there and not ours");
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
