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
    EXPECT_EQ(
        why.at("limits"),
        (json::value{
            {{"what", "hibernated"}, {"reason", "idle"}, {"after", "30m"}, {"whose", "the template"}}}));
    EXPECT_EQ(why.at("history").at(0).at("kind"), "session.created");
    world.set_phase(world.id, Phase::hibernated);
    EXPECT_FALSE(world.session().contains("stopsAt"));
}

/// The same with a limit for frost, on an engine that can freeze or cannot.
struct Freezing : Staying {
    explicit Freezing(bool freezable = true) {
        EXPECT_EQ(send(as_root, "PUT", "/api/v1/quota", json::object{{"freezeAfter", "10m"}}).status, 200);
        set(Phase::running, freezable);
    }
    void set(Phase phase, bool freezable = true) {
        write([&](store::Tx& tx) {
            auto row = tx.get_session(Caller::system(), {id});
            row.status.phase = phase;
            row.status.freezable = freezable;
            tx.update_session(row);
        });
    }
    net::Response post(const std::string& verb) {
        return send(as_ann, "POST", "/api/v1/sessions/shell/" + verb, json::object{});
    }
    std::string sentence() { return std::string(why().at("sentence").as_string()); }
};

TEST(Freeze, the_whole_ladder_is_told) {
    Freezing world;
    const auto session = world.session();
    ASSERT_EQ(session.at("ladder").as_array().size(), 2u);
    EXPECT_EQ(session.at("ladder").at(0), session.at("stopsAt"));
    EXPECT_EQ(session.at("stopsAt").at("what"), "frozen");
    EXPECT_EQ(session.at("stopsAt").at("whose"), "the default quota");
    EXPECT_EQ(session.at("stopsAt").at("at"), "2026-03-01T09:10:00.000Z");
    EXPECT_EQ(session.at("ladder").at(1).at("what"), "hibernated");
    EXPECT_EQ(world.sentence(), "It freezes in 10m: 10m without activity, the limit of the default quota.");
    EXPECT_EQ(world.why().at("limits").at(0).at("what"), "frozen");
}

TEST(Freeze, is_asked_for_and_explained_and_ends_with_a_wake) {
    Freezing world;
    const auto asked = world.post("freeze");
    ASSERT_EQ(asked.status, 202) << asked.body;
    EXPECT_EQ(body_of(asked).at("state"), "frozen");
    world.set(Phase::frozen);
    EXPECT_EQ(world.sentence(),
              "It is frozen because somebody asked for it. It hibernates in 35m: 30m without "
              "activity, the limit of the template.");
    EXPECT_EQ(world.session().at("ladder").as_array().size(), 1u);
    EXPECT_EQ(world.why().at("history").at(0).at("kind"), "session.frozen");
    world.clock.advance(world.clock.now() + 5min);
    EXPECT_EQ(body_of(world.post("wake")).at("state"), "running");
    EXPECT_EQ(world.session().at("lastActive").at("source"), "wake");
    const auto patched =
        world.send(world.as_ann, "PATCH", "/api/v1/sessions/shell", json::object{{"state", "frozen"}});
    EXPECT_EQ(body_of(patched).at("state"), "frozen");
    EXPECT_EQ(world.send(world.as_bob, "POST", "/api/v1/sessions/shell/freeze", json::object{}).status, 404);
}

TEST(Freeze, an_engine_that_cannot_says_so) {
    Freezing world(false);
    EXPECT_EQ(Staying::code_of(world.post("freeze")), "not_freezable");
    EXPECT_EQ(world.session().at("ladder").as_array().size(), 1u);
    EXPECT_EQ(world.sentence(),
              "It hibernates in 35m: 30m without activity, the limit of the template. Engine "
              "\"sim\" cannot freeze it.");
}

TEST(Freeze, whoever_opens_a_terminal_in_it_or_reports_work_makes_it_go_on) {
    Freezing world;
    const auto state = [&] { return world.session().at("state"); };
    world.post("freeze");
    world.set(Phase::frozen);
    auto socket = world.open(world.as_ann, "/api/v1/sessions/shell/terminal");
    EXPECT_EQ(state(), "running");
    world.post("freeze");
    EXPECT_EQ(state(), "frozen");
    world.send(world.as_ann, "POST", "/api/v1/sessions/shell/activity", json::object{{"ttl", "1m"}});
    EXPECT_EQ(state(), "running");
    world.post("freeze");
    world.send(world.as_ann, "POST", "/api/v1/sessions/shell/extend", json::object{});
    EXPECT_EQ(state(), "running");
}

TEST(Freeze, a_limit_that_makes_no_sense_is_refused) {
    Freezing world;
    auto document = template_document("odd");
    document.at("spec").as_object()["lifecycle"] =
        json::object{{"freezeAfter", "30m"}, {"hibernateAfter", "30m"}};
    const auto made = world.send(world.as_root, "POST", "/api/v1/templates",
                                 json::object{{"document", std::move(document)}});
    EXPECT_EQ(made.status, 400);
    EXPECT_NE(made.body.find("must be shorter than hibernateAfter (30m)"), std::string::npos) << made.body;
    EXPECT_EQ(world.launch({{"template", "shell"}, {"lifecycle", {{"freezeAfter", "1s"}}}}).status, 400);
    EXPECT_EQ(world.send(world.as_root, "PUT", "/api/v1/quota", json::object{{"freezeAfter", "1s"}}).status,
              400);
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
    EXPECT_EQ(launch({{"freezeAfter", "1s"}}).status, 400);
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

TEST(Stay, what_was_seen_and_is_no_use_is_told_latest_first) {
    Staying world;
    const auto now = world.clock.now();
    world.activity.note_uncounted({world.id}, {"requests at /poll", "nobody makes them", 2, now - 1min});
    world.activity.note_uncounted({world.id}, {"the probe of \"lab\"", "HTTP 500", 1, now});
    world.run(world.activity.report());
    const auto why = world.why();
    EXPECT_EQ(why.at("uncounted"), (json::value{{{"what", "the probe of \"lab\""},
                                                 {"why", "HTTP 500"},
                                                 {"times", 1},
                                                 {"lastAt", "2026-03-01T09:00:00.000Z"}},
                                                {{"what", "requests at /poll"},
                                                 {"why", "nobody makes them"},
                                                 {"times", 2},
                                                 {"lastAt", "2026-03-01T08:59:00.000Z"}}}));
    EXPECT_TRUE(
        why.at("sentence")
            .as_string()
            .ends_with(" Whether it is used is not known: the probe of \"lab\" says nothing: HTTP 500."))
        << why.at("sentence");
}

}  // namespace
}  // namespace berth::api::testing
