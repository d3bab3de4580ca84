#include "acts/secrets.hpp"

#include "acts/keyring.hpp"
#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

constexpr const char* secrets = "/api/v1/users/me/secrets";

json::value asking_document() {
    auto document = template_document("asking");
    auto& component = document.at("spec").at("components").at(0).as_object();
    component["secrets"] = json::array{json::object{{"name", "TOKEN"}, {"required", true}}};
    return document;
}

std::string code_of(const net::Response& response) {
    const auto body = body_of(response);
    const auto* code = body.is_object() ? body.get_object().if_contains("code") : nullptr;
    return std::to_string(response.status) + (code == nullptr ? "" : " " + std::string(code->as_string()));
}

TEST(Secrets, are_set_changed_listed_and_deleted_and_no_answer_holds_a_value) {
    World world;
    const auto path = std::string(secrets) + "/TOKEN";
    std::string said;
    const auto set = [&](const char* value) {
        const auto answer = world.send(world.as_ann, "PUT", path, {{"value", value}});
        EXPECT_EQ(answer.status, 200) << answer.body;
        said += answer.body;
        return body_of(answer);
    };
    EXPECT_EQ(set("first-value"), (json::value{{"name", "TOKEN"},
                                               {"version", 1},
                                               {"createdAt", "2026-03-01T09:00:00.000Z"},
                                               {"updatedAt", "2026-03-01T09:00:00.000Z"}}));
    EXPECT_EQ(set("second-value").at("version"), 2);
    const auto list = world.ask(world.as_ann, "GET", secrets);
    said += list.body;
    EXPECT_EQ(body_of(list).at("total"), 1);
    EXPECT_EQ(world.get(world.as_bob, secrets).at("total"), 0);
    EXPECT_EQ(code_of(world.ask(world.as_ann, "GET", path)), "405 method_not_allowed");
    EXPECT_EQ(world.ask(world.as_bob, "DELETE", path).status, 404);
    EXPECT_EQ(world.ask(world.as_ann, "DELETE", path).status, 204);
    for (const auto& event : world.events()) said += json::write(json::to_json(event));
    EXPECT_EQ(said.find("-value"), std::string::npos);
    EXPECT_NE(said.find("secret.created"), std::string::npos);
    EXPECT_NE(said.find("secret.updated"), std::string::npos);
    EXPECT_NE(said.find("secret.deleted"), std::string::npos);
}

TEST(Secrets, what_is_wrong_with_one_is_said_without_its_value) {
    World world;
    const auto put = [&](const std::string& name, const std::string& value) {
        const auto answer =
            world.send(world.as_ann, "PUT", std::string(secrets) + "/" + name, {{"value", value}});
        EXPECT_EQ(answer.body.find("hush"), std::string::npos);
        return code_of(answer);
    };
    EXPECT_EQ(put("A-B", "hush"), "400 invalid_field");
    EXPECT_EQ(put("BERTH_X", "hush"), "400 invalid_field");
    EXPECT_EQ(put("A", std::string((64 << 10) + 1, 'x')), "413 too_large");
    EXPECT_EQ(code_of(world.send(world.as_ann, "PUT", std::string(secrets) + "/A", {{"valu", "hush"}})),
              "400 unknown_key");
}

TEST(Secrets, without_the_keys_say_so_and_sessions_start_all_the_same) {
    World world({}, {}, {}, acts::Keyring());
    EXPECT_EQ(code_of(world.send(world.as_ann, "PUT", std::string(secrets) + "/A", {{"value", "x"}})),
              "503 keys_unavailable");
    EXPECT_EQ(world.get(world.as_ann, secrets).at("total"), 0);
    EXPECT_EQ(code_of(world.ask(world.as_root, "POST", "/api/v1/admin/keys/rotate")), "503 keys_unavailable");
    EXPECT_TRUE(world.get(world.as_root, "/api/v1/admin/keys").as_object().contains("locked"));
    world.send(world.as_root, "POST", "/api/v1/templates", {{"document", template_document("plain")}});
    EXPECT_EQ(world.send(world.as_ann, "POST", "/api/v1/sessions", {{"template", "plain"}}).status, 201);
}

TEST(Secrets, keys_are_an_administrators) {
    World world;
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/admin/keys").status, 403);
    EXPECT_EQ(world.ask(world.as_ann, "POST", "/api/v1/admin/keys/rotate").status, 403);
    world.send(world.as_ann, "PUT", std::string(secrets) + "/A", {{"value", "x"}});
    const auto before = world.get(world.as_root, "/api/v1/admin/keys");
    EXPECT_EQ(before.at("rotating"), false);
    EXPECT_EQ(before.at("items").at(0).at("sealed"), 1);
    const auto rotated = world.ask(world.as_root, "POST", "/api/v1/admin/keys/rotate");
    EXPECT_EQ(rotated.status, 202);
    const auto after = body_of(rotated);
    EXPECT_EQ(after.at("rotating"), true);
    EXPECT_EQ(after.at("items").as_array().size(), 2U);
    EXPECT_TRUE(after.at("items").at(0).as_object().contains("retiredAt"));
}

TEST(Consents, a_launch_asks_and_the_answer_can_be_looked_at_and_taken_back) {
    World world;
    const auto made =
        world.send(world.as_root, "POST", "/api/v1/templates", {{"document", asking_document()}});
    ASSERT_EQ(made.status, 201) << made.body;
    const auto launch = [&](const json::value& body) {
        return code_of(world.send(world.as_ann, "POST", "/api/v1/sessions", body));
    };
    EXPECT_EQ(launch({{"template", "asking"}}), "409 secret_missing");
    world.send(world.as_ann, "PUT", std::string(secrets) + "/TOKEN", {{"value", "x"}});
    const auto needs = world.get(world.as_ann, "/api/v1/templates/asking/needs");
    EXPECT_EQ(needs.at("items").at(0),
              (json::value{{"name", "TOKEN"}, {"required", true}, {"there", true}, {"agreed", false}}));
    EXPECT_EQ(launch({{"template", "asking"}}), "409 consent_needed");
    EXPECT_EQ(launch({{"template", "asking"}, {"consent", json::array{"TOKEN"}}}), "201");
    const auto given = world.get(world.as_ann, "/api/v1/users/me/consents");
    EXPECT_EQ(given.at("items").at(0).at("name"), "TOKEN");
    EXPECT_EQ(world.ask(world.as_ann, "DELETE", "/api/v1/users/me/consents/asking").status, 204);
    EXPECT_EQ(launch({{"template", "asking"}}), "409 consent_needed");
    const json::value again{{"template", "asking"}, {"names", json::array{"TOKEN"}}};
    EXPECT_EQ(world.send(world.as_ann, "POST", "/api/v1/users/me/consents", again).status, 200);
    EXPECT_EQ(launch({{"template", "asking"}}), "201");
}

}  // namespace
}  // namespace berth::api::testing
