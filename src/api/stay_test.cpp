#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

using namespace std::chrono_literals;

/// A session `shell` of ann's that runs, of a template that lets it be idle for half an hour.
struct Staying : World {
    Staying() {
        auto document = template_document("shell");
        document.at("spec").as_object()["lifecycle"] = json::object{{"hibernateAfter", "30m"}};
        const auto made =
            send(as_root, "POST", "/api/v1/templates", json::object{{"document", std::move(document)}});
        EXPECT_EQ(made.status, 201) << made.body;
        start({{"template", "shell"}, {"name", "shell"}});
    }
    void start(json::object body) {
        const auto made = launch(std::move(body));
        ASSERT_EQ(made.status, 201) << made.body;
        id = body_of(made).at("id").as_string();
        set_phase(id, Phase::running);
    }
    net::Response launch(json::object body) { return send(as_ann, "POST", "/api/v1/sessions", body); }
    json::object session() { return get(as_ann, "/api/v1/sessions/shell").as_object(); }
    json::object why() { return get(as_ann, "/api/v1/sessions/shell/why").as_object(); }
    static std::string code_of(const net::Response& response) {
        return std::string(body_of(response).at("code").as_string());
    }

    std::string id;
};

TEST(Stay, a_session_says_when_and_why_it_stops) {
    Staying world;
    EXPECT_EQ(world.session().at("stopsAt"),
              (json::value{{"at", "2026-03-01T09:35:00.000Z"},
                           {"what", "hibernated"},
                           {"reason", "idle"},
                           {"why", "30m without activity, the limit of the template"},
                           {"after", "30m"},
                           {"whose", "the template"},
                           {"warned", false}}));
    const auto why = world.why();
    EXPECT_EQ(why.at("sentence"), "It hibernates in 35m: 30m without activity, the limit of the template.");
    EXPECT_EQ(why.at("limits"),
              (json::value{{{"reason", "idle"}, {"after", "30m"}, {"whose", "the template"}}}));
    EXPECT_EQ(why.at("history").at(0).at("kind"), "session.created");
    world.set_phase(world.id, Phase::hibernated);
    EXPECT_FALSE(world.session().contains("stopsAt"));
}

TEST(Stay, extending_gives_the_whole_time_again) {
    Staying world;
    world.clock.advance(world.clock.now() + 29min);
    const auto longer = world.send(world.as_ann, "POST", "/api/v1/sessions/shell/extend", {});
    ASSERT_EQ(longer.status, 200) << longer.body;
    EXPECT_EQ(body_of(longer).at("stopsAt").at("at"), "2026-03-01T10:04:00.000Z");
    EXPECT_EQ(body_of(longer).at("lastActive").at("source"), "extend");
    EXPECT_EQ(world.why().at("history").at(0).at("kind"), "session.extended");
    EXPECT_EQ(world.send(world.as_bob, "POST", "/api/v1/sessions/shell/extend", {}).status, 404);
    world.set_phase(world.id, Phase::hibernated);
    EXPECT_EQ(Staying::code_of(world.send(world.as_ann, "POST", "/api/v1/sessions/shell/extend", {})),
              "not_running");
}

TEST(Stay, a_life_cannot_be_extended) {
    Staying world;
    world.send(world.as_root, "PUT", "/api/v1/quota", json::object{{"maxLifetime", "20m"}});
    EXPECT_EQ(world.session().at("stopsAt").at("whose"), "the default quota");
    const auto refused = world.send(world.as_ann, "POST", "/api/v1/sessions/shell/extend", {});
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(Staying::code_of(refused), "lifetime_over");
}

TEST(Stay, what_works_inside_keeps_it_up_until_it_says_so_no_more) {
    Staying world;
    const auto report = [&](json::object body) {
        return world.send(world.as_ann, "POST", "/api/v1/sessions/shell/activity", std::move(body));
    };
    const auto told = report({{"ttl", "2h"}, {"what", "training"}});
    ASSERT_EQ(told.status, 200) << told.body;
    EXPECT_EQ(body_of(told).at("lease"),
              (json::value{{"until", "2026-03-01T11:00:00.000Z"}, {"what", "training"}}));
    EXPECT_EQ(body_of(told).at("stopsAt").at("at"), "2026-03-01T11:35:00.000Z");
    EXPECT_EQ(body_of(report({{"ttl", "1s"}})).at("stopsAt").at("at"), "2026-03-01T09:35:01.000Z");
    for (const auto* ttl : {"0s", "25h"}) EXPECT_EQ(report({{"ttl", ttl}}).status, 400) << ttl;
    EXPECT_EQ(report({{"ttl", "1h"}, {"what", std::string(201, 'x')}}).status, 400);
}

TEST(Stay, a_launch_may_set_limits_that_make_sense) {
    Staying world;
    const auto launch = [&](json::object limits) {
        return world.launch({{"template", "shell"}, {"name", "brief"}, {"lifecycle", std::move(limits)}});
    };
    EXPECT_EQ(launch({{"hibernateAfter", "1s"}}).status, 400);
    EXPECT_EQ(launch({{"freezeAfter", "1h"}}).status, 400);
    world.start({{"template", "shell"}, {"name", "brief"}, {"lifecycle", {{"hibernateAfter", "10m"}}}});
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions/brief").at("stopsAt").at("whose"), "this launch");
}

TEST(Stay, a_quota_of_nothing_is_no_limit_and_a_senseless_one_is_refused) {
    Staying world;
    const auto put = [&](json::object quota) {
        return world.send(world.as_root, "PUT", "/api/v1/quota", std::move(quota)).status;
    };
    EXPECT_EQ(put({{"hibernateAfter", "3s"}}), 400);
    EXPECT_EQ(put({{"hibernateAfter", "10m"}}), 200);
    EXPECT_EQ(world.session().at("stopsAt").at("after"), "10m");
    EXPECT_EQ(put({{"hibernateAfter", "0s"}}), 200);
    EXPECT_EQ(world.session().at("stopsAt").at("after"), "30m");
}

}  // namespace
}  // namespace berth::api::testing
