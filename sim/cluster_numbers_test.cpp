// How many writes it costs, on a cluster that behaves.

#include <gtest/gtest.h>

#include "cluster_checks.hpp"
#include "engine/kubernetes/routes.hpp"

namespace berth::sim {
namespace {

using namespace std::chrono_literals;
using engine::kubernetes::RouteKind;

TEST(Cluster, a_cold_launch_is_at_most_nine_writes_a_stop_at_most_four_and_rest_none) {
    const std::pair<const char*, RouteKind> cases[] = {{"t1", RouteKind::none},
                                                       {"t2", RouteKind::none},
                                                       {"t1", RouteKind::ingress},
                                                       {"t2", RouteKind::http_route}};
    for (const auto& [name, routes] : cases) {
        ClusterWorld world(3, {.routes = routes});
        world.pass(2min);
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

}  // namespace
}  // namespace berth::sim
