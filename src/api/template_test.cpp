#include <fmt/format.h>

#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

json::object document(const std::string& name, const std::string& memory = "1Gi") {
    return {{"document", template_document(name, memory)}};
}

TEST(Template, an_administrator_publishes_and_others_keep_theirs) {
    World world;
    EXPECT_EQ(world.send(world.as_root, "POST", "/api/v1/templates", document("common")).status, 201);
    const auto own = world.send(world.as_ann, "POST", "/api/v1/templates", document("mine"));
    EXPECT_EQ(body_of(own).at("owner"), "usr_ann");
    EXPECT_EQ(text_of(own, "Location"), "/api/v1/templates/mine");
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/templates").at("total"), 2);
    EXPECT_EQ(world.get(world.as_bob, "/api/v1/templates").at("total"), 1);
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/templates?category=Shells&q=MINE").at("total"), 1);
    const auto taken = world.send(world.as_bob, "POST", "/api/v1/templates", document("mine"));
    EXPECT_EQ(taken.status, 409);
    EXPECT_EQ(body_of(taken).at("code"), "name_taken");
    EXPECT_EQ(world.send(world.as_bob, "PUT", "/api/v1/templates/common", document("common", "2Gi")).status,
              403);
    EXPECT_EQ(world.ask(world.as_bob, "DELETE", "/api/v1/templates/common").status, 403);
}

TEST(Template, it_answers_what_it_is) {
    World world;
    const auto made = body_of(world.send(world.as_root, "POST", "/api/v1/templates", document("shell")));
    auto shape = made;
    const auto spec = shape.at("spec");
    shape.as_object().erase("spec");
    EXPECT_EQ(shape, (json::value{{"name", "shell"},
                                  {"revision", 1},
                                  {"displayName", "A shell"},
                                  {"description", ""},
                                  {"category", "Shells"},
                                  {"icon", ""},
                                  {"tags", json::array{}},
                                  {"createdAt", "2026-03-01T09:00:00.000Z"},
                                  {"updatedAt", "2026-03-01T09:00:00.000Z"},
                                  {"image", {{"state", "unknown"}, {"message", ""}}}}));
    EXPECT_EQ(spec.at("components").at(0).at("image"), "localhost/shell:1");
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/templates/shell"), made);
}

TEST(Template, saving_makes_a_revision_only_when_something_changed) {
    World world;
    world.send(world.as_ann, "POST", "/api/v1/templates", document("mine"));
    EXPECT_EQ(
        body_of(world.send(world.as_ann, "PUT", "/api/v1/templates/mine", document("mine"))).at("revision"),
        1);
    EXPECT_EQ(body_of(world.send(world.as_ann, "PUT", "/api/v1/templates/mine", document("mine", "2Gi")))
                  .at("revision"),
              2);
    const auto list = world.get(world.as_ann, "/api/v1/templates/mine/revisions");
    EXPECT_EQ(list.at("total"), 2);
    const auto first = world.get(world.as_ann, "/api/v1/templates/mine/revisions/1");
    EXPECT_EQ(first.at("spec").at("components").at(0).at("resources").at("memory"), "1Gi");
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/templates/mine/revisions/3").status, 404);
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/templates/mine/revisions/x").status, 400);
    EXPECT_EQ(world.send(world.as_ann, "PUT", "/api/v1/templates/mine", document("other")).status, 400);
}

TEST(Template, sessions_outlive_it_and_its_name_counts_on) {
    World world;
    world.send(world.as_ann, "POST", "/api/v1/templates", document("mine"));
    EXPECT_EQ(world.send(world.as_ann, "POST", "/api/v1/sessions", {{"template", "mine"}}).status, 201);
    EXPECT_EQ(world.ask(world.as_ann, "DELETE", "/api/v1/templates/mine").status, 204);
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/templates/mine").status, 404);
    EXPECT_EQ(world.send(world.as_ann, "POST", "/api/v1/sessions", {{"template", "mine"}}).status, 404);
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions/mine").at("templateName"), "A shell");
    const auto again = world.send(world.as_ann, "POST", "/api/v1/templates", document("mine", "2Gi"));
    EXPECT_EQ(body_of(again).at("revision"), 2) << again.body;
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions/mine").at("revision"), 1);
}

TEST(Template, yaml_is_taken_as_it_is) {
    World world;
    const auto text = yaml::write(template_document("mine"));
    const auto made =
        world.ask(world.as_ann, "POST", "/api/v1/templates", text, {{"Content-Type", "application/yaml"}});
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(world.send(world.as_ann, "PUT", "/api/v1/templates/mine", {{"yaml", text}}).status, 200);
    EXPECT_EQ(world.send(world.as_ann, "PUT", "/api/v1/templates/mine", json::object{}).status, 400);
}

TEST(Template, a_dry_run_names_what_is_wrong_and_changes_nothing) {
    World world;
    auto wrong = template_document("mine");
    wrong.at("spec").at("components").at(0).as_object()["imgae"] = "x";
    const auto bad =
        world.send(world.as_ann, "POST", "/api/v1/templates/mine/dry-run", {{"document", wrong}});
    ASSERT_EQ(bad.status, 200) << bad.body;
    EXPECT_EQ(body_of(bad).at("valid"), false);
    EXPECT_EQ(body_of(bad).at("problems").at(0).at("next"), R"(did you mean "image"?)");
    const auto path = body_of(bad).at("problems").at(0).at("path").as_string();
    EXPECT_TRUE(path.ends_with("components[0].imgae")) << path;
    const auto good = world.send(world.as_ann, "POST", "/api/v1/templates/mine/dry-run", document("mine"));
    EXPECT_EQ(body_of(good).at("valid"), true);
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/templates").at("total"), 0);
}

TEST(Template, profile_compat_is_for_administrators) {
    World world;
    auto wide = template_document("wide");
    wide.at("spec").at("components").at(0).as_object()["profile"] = "compat";
    EXPECT_EQ(world.send(world.as_ann, "POST", "/api/v1/templates", {{"document", wide}}).status, 403);
    EXPECT_EQ(world.send(world.as_root, "POST", "/api/v1/templates", {{"document", wide}}).status, 201);
}

TEST(Template, devices_and_pull_secrets_are_for_administrators) {
    World world;
    for (const auto& [key, value] :
         json::object{{"pullSecret", "team"}, {"resources", json::object{{"gpu", 1}}}}) {
        auto wide = template_document("wide-" + std::to_string(std::string(key).size()));
        wide.at("spec").at("components").at(0).as_object()[key] = value;
        const auto refused = world.send(world.as_ann, "POST", "/api/v1/templates", {{"document", wide}});
        EXPECT_EQ(refused.status, 403) << key;
        EXPECT_EQ(world.send(world.as_root, "POST", "/api/v1/templates", {{"document", wide}}).status, 201)
            << key;
    }
}

TEST(Template, a_user_has_a_hundred_and_an_administrator_as_many_as_wanted) {
    World world;
    for (int i = 0; i < 100; ++i)
        ASSERT_EQ(
            world.send(world.as_ann, "POST", "/api/v1/templates", document(fmt::format("t{}", i))).status,
            201);
    const auto refused = world.send(world.as_ann, "POST", "/api/v1/templates", document("more"));
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(body_of(refused).at("code"), "quota_exceeded");
    world.ask(world.as_ann, "DELETE", "/api/v1/templates/t7");
    EXPECT_EQ(world.send(world.as_ann, "POST", "/api/v1/templates", document("more")).status, 201);
    for (int i = 0; i < 101; ++i)
        ASSERT_EQ(
            world.send(world.as_root, "POST", "/api/v1/templates", document(fmt::format("c{}", i))).status,
            201);
}

TEST(Template, its_images_are_prepared_when_asked) {
    World world;
    world.send(world.as_ann, "POST", "/api/v1/templates", document("mine"));
    const auto asked = world.ask(world.as_ann, "POST", "/api/v1/templates/mine/prepare");
    EXPECT_EQ(asked.status, 202) << asked.body;
    EXPECT_NE(body_of(asked).at("image").at("state"), "missing");
    world.run_until([&] {
        world.clock.advance(world.clock.now() + Duration(100));
        return world.engine.image_state("localhost/shell:1").state == ImageState::present;
    });
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/templates/mine").at("image").at("state"), "present");
}

TEST(Workspace, it_is_made_renamed_and_given_up) {
    World world;
    world.send(world.as_ann, "POST", "/api/v1/templates", document("mine"));
    const auto made =
        world.send(world.as_ann, "POST", "/api/v1/workspaces", {{"name", "work"}, {"template", "mine"}});
    ASSERT_EQ(made.status, 201) << made.body;
    const auto id = body_of(made).at("id");
    EXPECT_EQ(body_of(made), (json::value{{"id", id},
                                          {"name", "work"},
                                          {"template", "mine"},
                                          {"user", {{"id", "usr_ann"}, {"name", "ann"}}},
                                          {"createdAt", "2026-03-01T09:00:00.000Z"},
                                          {"sessions", json::array{}},
                                          {"volumes", {{{"name", "home"}, {"size", "1Gi"}}}}}));
    EXPECT_EQ(world.send(world.as_ann, "PATCH", "/api/v1/workspaces/work", {{"name", "deep work"}}).status,
              200);
    const auto session = body_of(world.send(world.as_ann, "POST", "/api/v1/sessions",
                                            {{"template", "mine"}, {"workspace", "deep work"}}));
    EXPECT_EQ(session.at("workspace").at("id"), id);
    const auto used = world.ask(world.as_ann, "DELETE", "/api/v1/workspaces/deep%20work");
    EXPECT_EQ(used.status, 409);
    EXPECT_EQ(body_of(used).at("detail"), R"(workspace "deep work" is in use by session "mine")");
    world.set_phase(std::string(session.at("id").as_string()), Phase::gone);
    EXPECT_EQ(world.ask(world.as_ann, "DELETE", "/api/v1/workspaces/deep%20work").status, 204);
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/workspaces").at("total"), 0);
    const auto doomed =
        world.run(world.store->read([](store::Rows& rows) { return rows.volumes_to_remove(); }));
    EXPECT_EQ(doomed.size(), 1U);
}

}  // namespace
}  // namespace berth::api::testing
