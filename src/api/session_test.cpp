#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

/// A world with a published template `shell`.
struct Shells : World {
    explicit Shells(Limits limits = {}) : World(limits) { publish("shell"); }

    void publish(const std::string& name, const std::string& memory = "1Gi",
                 const std::string& mode = "ReadWriteOnce") {
        const auto made = send(as_root, "POST", "/api/v1/templates",
                               json::object{{"document", template_document(name, memory, mode)}});
        ASSERT_EQ(made.status, 201) << made.body;
    }
    net::Response launch(const Proof& proof, json::object body) {
        body.insert_or_assign("template",
                              body.contains("template") ? body.at("template") : json::value("shell"));
        return send(proof, "POST", "/api/v1/sessions", body);
    }
    std::string id_of(const net::Response& response) {
        EXPECT_EQ(response.status, 201) << response.body;
        return std::string(body_of(response).at("id").as_string());
    }
};

TEST(Session, a_launch_answers_the_whole_session) {
    Shells world;
    const auto response = world.launch(world.as_ann, {});
    ASSERT_EQ(response.status, 201) << response.body;
    const auto body = body_of(response);
    const auto id = std::string(body.at("id").as_string());
    const auto workspace = body.at("workspace").at("id");
    const auto row = world.run(world.store->read(
        [id](store::Rows& rows) { return rows.find_session(Caller::system(), SessionId{id}).value(); }));
    const auto host = row.host;
    const auto url = [&](const std::string& label) { return "http://" + label + ".localhost:8080/"; };
    const json::value expected{
        {"id", id},
        {"name", "shell"},
        {"template", "shell"},
        {"templateName", "A shell"},
        {"icon", ""},
        {"revision", 1},
        {"user", {{"id", "usr_ann"}, {"name", "ann"}}},
        {"workspace", {{"id", workspace}, {"name", "shell"}}},
        {"engine", "sim"},
        {"state", "running"},
        {"createdAt", "2026-03-01T09:00:00.000Z"},
        {"access",
         {{{"name", "web"}, {"kind", "web"}, {"url", url(host)}, {"default", true}},
          {{"name", "term"}, {"kind", "terminal"}, {"url", url("term--" + host)}, {"default", false}},
          {{"name", "screen"}, {"kind", "vnc"}, {"url", url("screen--" + host)}, {"default", false}}}},
        {"status",
         {{"phase", "pending"},
          {"reason", ""},
          {"message", ""},
          {"components", json::array{}},
          {"conditions", json::array{}},
          {"timings", {{"admitted", 0.0}}},
          {"steps",
           {{{"name", "admitted"}, {"state", "done"}, {"seconds", 0.0}},
            {{"name", "scheduled"}, {"state", "active"}},
            {{"name", "pulled"}, {"state", "waiting"}},
            {{"name", "started"}, {"state", "waiting"}},
            {{"name", "ready"}, {"state", "waiting"}},
            {{"name", "routed"}, {"state", "waiting"}}}},
          {"lastLog", json::array{}},
          {"incarnation", 1},
          {"freezable", false}}},
        {"ladder", json::array{}}};
    EXPECT_EQ(body, expected) << json::write_pretty(body);
    EXPECT_EQ(text_of(response, "Location"), "/api/v1/sessions/" + id);
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions/shell"), expected);
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions/" + id), expected);
    EXPECT_TRUE(host.starts_with("shell-")) << host;
}

TEST(Session, names_that_nobody_chose_count_up) {
    Shells world;
    for (const auto* name : {"shell", "shell-2", "shell-3"})
        EXPECT_EQ(body_of(world.launch(world.as_ann, {})).at("name"), name);
    EXPECT_EQ(body_of(world.launch(world.as_bob, {})).at("name"), "shell");
}

TEST(Session, a_name_that_is_taken_is_refused) {
    Shells world;
    world.launch(world.as_ann, {{"name", "mine"}});
    const auto again = world.launch(world.as_ann, {{"name", "mine"}});
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(body_of(again), (json::value{{"type", "about:blank"},
                                           {"title", "Conflict"},
                                           {"status", 409},
                                           {"code", "name_taken"},
                                           {"detail", "you have a session \"mine\" already"},
                                           {"next", "open it, or choose another name"},
                                           {"requestId", "req_test"}}));
}

TEST(Session, a_launch_appends_audit_and_state_and_makes_volumes) {
    Shells world;
    const auto id = world.id_of(world.launch(world.as_ann, {}));
    std::vector<std::string> seen;
    for (const auto& event : world.events())
        if (event.subject_kind != "template" && event.subject_kind != "user")
            seen.push_back(json::enum_name(event.class_) + " " + event.kind + " " + event.actor + " " +
                           event.owner.text);
    EXPECT_EQ(seen, (std::vector<std::string>{
                        "audit workspace.created ann usr_ann", "state workspace.created ann usr_ann",
                        "audit session.created ann usr_ann", "state session.created ann usr_ann"}));
    const auto volumes = world.run(world.store->read([id](store::Rows& rows) {
        const auto session = rows.find_session(Caller::system(), SessionId{id}).value();
        return rows.volumes_of(session.workspace->text);
    }));
    ASSERT_EQ(volumes.size(), 1U);
    EXPECT_EQ(volumes[0].name, "home");
    EXPECT_EQ(volumes[0].size, parse_bytes("1Gi"));
}

TEST(Session, parallel_launches_never_pass_the_quota) {
    Limits limits;
    limits.requests_at_once = 1000;
    Shells world(limits);
    world.send(world.as_root, "PATCH", "/api/v1/users/ann", {{"quota", {{"sessions", 3}}}});
    int made = 0, refused = 0;
    constexpr int launches = 300;
    for (int i = 0; i < launches; ++i) {
        auto request = world.request(world.as_ann, "POST", "/api/v1/sessions", R"({"template": "shell"})",
                                     {{"Content-Type", "application/json"}});
        asio::co_spawn(world.io, world.api->answer(std::move(request)),
                       [&](std::exception_ptr, net::Response response) {
                           made += response.status == 201;
                           refused += response.status == 429;
                       });
    }
    world.run_until([&] { return made + refused == launches; });
    EXPECT_EQ(made, 3);
    const auto response = world.launch(world.as_ann, {});
    EXPECT_EQ(without(body_of(response), "requestId"),
              (json::value{{"type", "about:blank"},
                           {"title", "Too Many Requests"},
                           {"status", 429},
                           {"code", "quota_exceeded"},
                           {"detail", "your limit of sessions is 3 (the user's quota), and you have 3"},
                           {"next", "delete a session that is not needed any more"}}));
}

TEST(Session, a_workspace_has_one_session_and_the_refusal_names_it) {
    Shells world;
    const auto first = world.id_of(world.launch(world.as_ann, {{"name", "one"}, {"workspace", "work"}}));
    const auto second = world.launch(world.as_ann, {{"name", "two"}, {"workspace", "work"}});
    EXPECT_EQ(second.status, 409);
    EXPECT_EQ(body_of(second).at("code"), "workspace_in_use");
    EXPECT_EQ(body_of(second).at("detail"), R"(workspace "work" is in use by session "one")");
    world.set_phase(first, Phase::hibernated);
    EXPECT_EQ(world.launch(world.as_ann, {{"name", "two"}, {"workspace", "work"}}).status, 409);
    world.set_phase(first, Phase::gone);
    EXPECT_EQ(world.launch(world.as_ann, {{"name", "two"}, {"workspace", "work"}}).status, 201);
}

TEST(Session, volumes_that_many_may_write_have_many_sessions) {
    Shells world;
    world.publish("shared", "1Gi", "ReadWriteMany");
    EXPECT_EQ(world.launch(world.as_ann, {{"template", "shared"}, {"workspace", "w"}}).status, 201);
    EXPECT_EQ(world.launch(world.as_ann, {{"template", "shared"}, {"workspace", "w"}}).status, 201);
}

TEST(Session, the_next_session_of_a_name_finds_its_workspace_again) {
    Shells world;
    const auto first = body_of(world.launch(world.as_ann, {}));
    world.set_phase(std::string(first.at("id").as_string()), Phase::gone);
    const auto second = body_of(world.launch(world.as_ann, {}));
    EXPECT_EQ(second.at("name"), "shell");
    EXPECT_EQ(second.at("workspace"), first.at("workspace"));
}

TEST(Session, asking_twice_is_asking_once) {
    Shells world;
    const auto id = world.id_of(world.launch(world.as_ann, {}));
    world.set_phase(id, Phase::running);
    const auto count = [&] { return world.events().size(); };
    for (const auto* verb : {"hibernate", "wake", "restart"}) {
        if (std::string(verb) == "wake") world.set_phase(id, Phase::hibernated);
        if (std::string(verb) == "restart") world.set_phase(id, Phase::running);
        const auto before = count();
        const auto path = "/api/v1/sessions/" + id + "/" + verb;
        const auto first = world.ask(world.as_ann, "POST", path);
        ASSERT_EQ(first.status, 202) << first.body;
        EXPECT_EQ(count(), before + 2) << verb;
        EXPECT_EQ(world.ask(world.as_ann, "POST", path).body, first.body) << verb;
        EXPECT_EQ(count(), before + 2) << verb;
    }
    const auto row = world.run(world.store->read(
        [id](store::Rows& rows) { return rows.find_session(Caller::system(), SessionId{id}).value(); }));
    EXPECT_EQ(row.incarnation, 3);
    EXPECT_EQ(desired(row.asks), State::running);
}

TEST(Session, the_end_is_final) {
    Shells world;
    const auto id = world.id_of(world.launch(world.as_ann, {}));
    const auto path = "/api/v1/sessions/" + id;
    const auto deleted = world.ask(world.as_ann, "DELETE", path);
    EXPECT_EQ(deleted.status, 202);
    EXPECT_EQ(body_of(deleted).at("state"), "terminated");
    EXPECT_EQ(world.ask(world.as_ann, "DELETE", path).status, 202);
    const auto woken = world.ask(world.as_ann, "POST", path + "/wake");
    EXPECT_EQ(woken.status, 409);
    EXPECT_EQ(body_of(woken).at("code"), "session_ending");
    world.set_phase(id, Phase::gone);
    EXPECT_EQ(world.ask(world.as_ann, "GET", path).status, 404);
}

TEST(Session, a_wake_needs_room_in_the_quota) {
    Shells world;
    world.send(world.as_root, "PATCH", "/api/v1/users/ann", {{"quota", {{"running", 1}}}});
    const auto first = world.id_of(world.launch(world.as_ann, {{"name", "one"}}));
    world.ask(world.as_ann, "POST", "/api/v1/sessions/" + first + "/hibernate");
    world.set_phase(first, Phase::hibernated);
    world.id_of(world.launch(world.as_ann, {{"name", "two"}}));
    const auto woken = world.ask(world.as_ann, "POST", "/api/v1/sessions/one/wake");
    EXPECT_EQ(woken.status, 429);
    EXPECT_EQ(body_of(woken).at("next"), R"(hibernate or delete one of "two")");
}

TEST(Session, a_patch_renames_and_asks) {
    Shells world;
    const auto id = world.id_of(world.launch(world.as_ann, {}));
    const auto patched = world.send(world.as_ann, "PATCH", "/api/v1/sessions/shell",
                                    {{"name", "Über uns"}, {"state", "hibernated"}});
    ASSERT_EQ(patched.status, 200) << patched.body;
    EXPECT_EQ(body_of(patched).at("name"), "Über uns");
    EXPECT_EQ(body_of(patched).at("state"), "hibernated");
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions/%C3%9Cber%20uns").at("id"), json::value(id));
}

TEST(Session, lists_are_paged_sorted_and_filtered) {
    Shells world;
    for (const auto* name : {"a", "b", "c", "d", "e"}) world.launch(world.as_ann, {{"name", name}});
    world.launch(world.as_bob, {{"name", "f"}});
    std::string names, cursor;
    for (int page = 0; page < 3; ++page) {
        const auto list = world.get(world.as_ann, "/api/v1/sessions?sort=-name&limit=2" + cursor);
        EXPECT_EQ(list.at("total"), 5);
        for (const auto& item : list.at("items").as_array()) names += item.at("name").as_string();
        const auto* next = list.as_object().if_contains("next");
        EXPECT_EQ(next == nullptr, page == 2);
        if (next != nullptr) cursor = "&cursor=" + net::percent_encode(std::string_view(next->as_string()));
    }
    EXPECT_EQ(names, "edcba");
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions?q=C").at("total"), 1);
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions?phase=running").at("total"), 0);
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions?template=shell&phase=pending").at("total"), 5);
    EXPECT_EQ(world.get(world.as_root, "/api/v1/sessions").at("total"), 0);
    EXPECT_EQ(world.get(world.as_root, "/api/v1/sessions?all=true").at("total"), 6);
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/sessions?all=true").status, 403);
    for (const auto* wrong : {"limit=0", "limit=201", "limit=x", "sort=nothing", "cursor=nonsense",
                              "phase=walking", "colour=red", "limit=1&limit=2"})
        EXPECT_EQ(world.ask(world.as_ann, "GET", std::string("/api/v1/sessions?") + wrong).status, 400)
            << wrong;
}

TEST(Session, use_and_events_are_told) {
    Shells world;
    world.id_of(world.launch(world.as_ann, {}));
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions/shell/usage"),
              (json::value{{"cpu", "42m"},
                           {"memory", "64Mi"},
                           {"storage", "0"},
                           {"limits", {{"cpu", "500m"}, {"memory", "1Gi"}}}}));
    const auto events = world.get(world.as_ann, "/api/v1/sessions/shell/events");
    EXPECT_EQ(events.at("total"), 2);
    EXPECT_EQ(events.at("items").as_array().front().at("kind"), "session.created");
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/users/me").at("quota"),
              (json::value{{"sessions", {{"limit", 20}, {"used", 1}, {"whose", "the default quota"}}},
                           {"running", {{"limit", 5}, {"used", 1}, {"whose", "the default quota"}}},
                           {"cpu", {{"limit", "8"}, {"used", "500m"}, {"whose", "the default quota"}}},
                           {"memory", {{"limit", "16Gi"}, {"used", "1Gi"}, {"whose", "the default quota"}}},
                           {"gpu", {{"used", 0}}},
                           {"workspaces", {{"limit", 50}, {"used", 1}, {"whose", "the default quota"}}},
                           {"storage", {{"used", "1Gi"}}}}));
}

}  // namespace
}  // namespace berth::api::testing
