#include "cluster_checks.hpp"

#include <gtest/gtest.h>

#include "engine/container/names.hpp"
#include "engine/kubernetes/names.hpp"
#include "engine/kubernetes/seen.hpp"
#include "invariants.hpp"

namespace berth::sim {

using namespace std::chrono_literals;
using engine::kubernetes::RouteKind;
using imposter::Where;

/// What carries berth-init: the one of the only version that there is in a world.
const std::string init_name =
    engine::kubernetes::init_prefix + engine::sha256(ClusterWorld::init_program).substr(0, 10);

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
        if (where.name == init_name || allowed.contains(where)) continue;
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
    EXPECT_EQ(world.server.objects.list("templates", {}).size(), 3u);
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

}  // namespace berth::sim
