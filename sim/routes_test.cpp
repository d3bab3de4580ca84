// Hosts of sessions that objects of the cluster lead to us, against an API server and other people.

#include <gtest/gtest.h>

#include "cluster_world.hpp"
#include "engine/kubernetes/names.hpp"
#include "engine/kubernetes/routes.hpp"

namespace berth::sim {
namespace {

using namespace std::chrono_literals;
using engine::kubernetes::RouteKind;
using imposter::Where;

class Routes : public ::testing::TestWithParam<RouteKind> {
  protected:
    Routes() : world(11, {.routes = GetParam()}) { world.pass(1s); }

    void launch() {
        world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
        world.pass(10s);
    }
    Session session() { return world.sessions().at(0); }
    void ask(const std::string& method, const std::string& verb = {}) {
        world.ask("ada", method, "/api/v1/sessions/" + session().id.text + verb);
        world.pass(20s);
    }
    Where where() {
        return {std::string(engine::kubernetes::resource_of(GetParam()).plural), ClusterWorld::gateway_home,
                engine::kubernetes::workload_name({session().id.text})};
    }
    const json::value* route() { return world.server.objects.find(where()); }
    std::string uid() { return route() == nullptr ? "" : imposter::text_at(*route(), {"metadata", "uid"}); }

    ClusterWorld world;
};

TEST_P(Routes, are_made_last_and_then_the_session_runs) {
    launch();
    ASSERT_EQ(session().status.phase, Phase::running);
    ASSERT_NE(route(), nullptr);
    const auto hosts = engine::kubernetes::read_route(*route()).hosts;
    ASSERT_EQ(hosts.size(), 2u);
    EXPECT_EQ(hosts[1], "shell--" + hosts[0]);
    EXPECT_EQ(imposter::label_of(*route(), engine::kubernetes::label_workload), session().id.text);
    std::string last;
    for (const auto& line : world.server.tally.lines)
        if (line.starts_with("POST ")) last = line;
    EXPECT_TRUE(last.starts_with("POST " + where().plural)) << last;
    EXPECT_GE(session().status.timings.routed, session().status.timings.ready);
}

TEST_P(Routes, belong_to_our_own_service_and_so_go_with_it) {
    launch();
    const auto* service = world.server.objects.find({"services", ClusterWorld::gateway_home, "berth"});
    const auto& owners = route()->at("metadata").at("ownerReferences").as_array();
    ASSERT_EQ(owners.size(), 1u);
    EXPECT_EQ(owners[0].at("uid").as_string(), imposter::text_at(*service, {"metadata", "uid"}));
}

TEST_P(Routes, stay_while_a_session_is_hibernated_and_go_with_it) {
    launch();
    const auto made = uid();
    ask("POST", "/hibernate");
    ASSERT_EQ(session().status.phase, Phase::hibernated);
    EXPECT_EQ(uid(), made);
    ask("POST", "/wake");
    ASSERT_EQ(session().status.phase, Phase::running);
    EXPECT_EQ(uid(), made);
    const auto there = where();
    ask("DELETE");
    EXPECT_TRUE(world.sessions().empty());
    EXPECT_EQ(world.server.objects.find(there), nullptr);
}

TEST_P(Routes, that_somebody_deletes_or_edits_are_made_again_while_the_session_runs_on) {
    launch();
    auto before = uid();
    world.server.objects.remove(where(), {});
    world.pass(20s);
    ASSERT_NE(route(), nullptr);
    EXPECT_NE(uid(), before);
    before = uid();
    world.server.objects.edit(where(), [](json::object& object) {
        object["spec"].as_object()["rules"] = json::array{json::object{{"host", "elsewhere.example.org"}}};
    });
    world.pass(20s);
    ASSERT_NE(route(), nullptr);
    EXPECT_NE(uid(), before);
    EXPECT_EQ(engine::kubernetes::read_route(*route()).hosts.size(), 2u);
    EXPECT_EQ(session().status.phase, Phase::running);
    ask("POST", "/hibernate");
    world.server.objects.remove(where(), {});
    world.pass(20s);
    EXPECT_NE(route(), nullptr) << "who comes there wakes it";
}

TEST_P(Routes, under_whose_name_somebody_else_has_one_wait_and_leave_it_alone) {
    world.server.faults = {};
    world.ask("ada", "POST", "/api/v1/sessions", R"({"template":"t1"})");
    world.pass(10ms);
    const auto place = where();
    const json::object about{{"name", place.name}, {"namespace", place.namespace_}};
    const auto theirs = world.server.objects.create(
        place.plural, {{"metadata", about}, {"spec", json::object{{"rules", json::array()}}}});
    world.pass(1min);
    EXPECT_EQ(session().status.phase, Phase::starting);
    EXPECT_NE(session().status.message.find("is there and not ours"), std::string::npos)
        << session().status.message;
    EXPECT_EQ(uid(), imposter::text_at(theirs, {"metadata", "uid"}));
    world.server.objects.remove(place, {});
    world.pass(1min);
    EXPECT_EQ(session().status.phase, Phase::running);
}

TEST_P(Routes, wait_for_a_service_that_is_missing_and_say_so) {
    const Where service{"services", ClusterWorld::gateway_home, "berth"};
    auto kept = world.server.objects.find(service)->as_object();
    world.server.objects.remove(service, {});
    launch();
    EXPECT_EQ(session().status.phase, Phase::starting);
    EXPECT_NE(session().status.message.find("no service \"berth\" in namespace \"berth\""), std::string::npos)
        << session().status.message;
    world.server.objects.create("services", kept);
    world.pass(1min);
    EXPECT_EQ(session().status.phase, Phase::running);
}

TEST_P(Routes, are_found_again_by_a_successor) {
    launch();
    const auto made = uid();
    const int writes = world.server.tally.writes;
    world.crash();
    world.restart();
    world.pass(2min);
    EXPECT_EQ(session().status.phase, Phase::running);
    EXPECT_EQ(uid(), made);
    EXPECT_EQ(world.server.tally.writes, writes);
}

TEST_P(Routes, of_a_session_that_ended_meanwhile_are_removed) {
    launch();
    auto left = route()->as_object();
    const auto there = where();
    ask("DELETE");
    auto& about = left["metadata"].as_object();
    for (const auto* key : {"uid", "resourceVersion", "creationTimestamp"}) about.erase(key);
    world.server.objects.create(there.plural, left);
    world.pass(2min);
    EXPECT_EQ(world.server.objects.find(there), nullptr);
}

TEST_P(Routes, that_a_gateway_refuses_are_told_in_its_words) {
    launch();
    world.server.objects.edit(where(), [](json::object& object) {
        const json::object condition{
            {"type", "Accepted"}, {"status", "False"}, {"message", "no listener allows this hostname"}};
        const json::object parent{{"parentRef", json::object{{"name", "public"}}},
                                  {"conditions", json::array{condition}}};
        object["status"] = json::object{{"parents", json::array{parent}}};
    });
    world.pass(20s);
    const auto conditions = session().status.conditions;
    ASSERT_EQ(conditions.size(), 1u);
    EXPECT_EQ(conditions[0].type, "RouteRefused");
    EXPECT_EQ(conditions[0].message, "gateway public: no listener allows this hostname");
}

INSTANTIATE_TEST_SUITE_P(Kinds, Routes, ::testing::Values(RouteKind::ingress, RouteKind::http_route),
                         [](const auto& kind) {
                             return kind.param == RouteKind::ingress ? "ingress" : "http_route";
                         });

}  // namespace
}  // namespace berth::sim
