// What nodes, networks and other people do to a session on a cluster, one thing at a time.

#include <gtest/gtest.h>

#include <algorithm>

#include "cluster_checks.hpp"
#include "engine/kubernetes/names.hpp"
#include "engine/kubernetes/seen.hpp"

namespace berth::sim {
namespace {

using namespace std::chrono_literals;

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
        world.pass(10ms);
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
    const auto uid_of = [](const auto& pod) { return imposter::text_at(pod.second, {"metadata", "uid"}); };
    ASSERT_TRUE(world.nodes.end(pods.at(0).first, imposter::Nodes::End::evicted_without_a_word));
    world.pass(1min);
    const auto session = world.sessions().at(0);
    EXPECT_EQ(session.status.phase, Phase::running);
    EXPECT_EQ(session.status.components.at(0).restarts, 0) << "what a node did is not held against it";
    const auto after = world.server.objects.list("pods", {});
    ASSERT_EQ(after.size(), 1u);
    EXPECT_NE(uid_of(after.at(0)), uid_of(pods.at(0)));
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
        const imposter::Selector ours{.labels = engine::kubernetes::selector_of(ClusterWorld::instance)};
        const auto [where, made] = world.server.objects.list(plural, ours).at(0);
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

}  // namespace
}  // namespace berth::sim
