#include "api/harness.hpp"

namespace berth::api {
namespace {

using namespace testing;

/// Writes down that the thing was made with kubectl.
void hand_over(World& world, Noun noun, const std::string& row) {
    world.write([noun, row](store::Tx& tx) {
        tx.put_mirrored({.noun = noun,
                         .row = row,
                         .namespace_ = "berth-sessions",
                         .name = "thesis",
                         .uid = "u-" + row,
                         .origin = Origin::kubectl});
    });
}

void expect_managed(const net::Response& response) {
    EXPECT_EQ(response.status, 409) << response.body;
    const auto problem = body_of(response);
    EXPECT_EQ(problem.at("code"), "managed_by_resource");
    EXPECT_NE(std::string(problem.at("next").as_string()).find("kubectl -n berth-sessions edit"),
              std::string::npos);
}

TEST(Managed, the_spec_of_what_kubectl_made_is_changed_there_and_asks_work_here) {
    World world;
    world.send(world.as_root, "POST", "/api/v1/templates", {{"document", template_document("shell")}});
    const auto made =
        body_of(world.send(world.as_ann, "POST", "/api/v1/sessions", {{"template", "shell"}, {"name", "a"}}));
    const std::string id(made.at("id").as_string());
    const std::string workspace(made.at("workspace").at("id").as_string());
    hand_over(world, Noun::session, id);
    hand_over(world, Noun::workspace, workspace);
    hand_over(world, Noun::template_, "shell");
    expect_managed(world.send(world.as_ann, "PATCH", "/api/v1/sessions/" + id, {{"name", "b"}}));
    expect_managed(world.send(world.as_ann, "PATCH", "/api/v1/workspaces/" + workspace, {{"name", "b"}}));
    expect_managed(world.send(world.as_root, "PUT", "/api/v1/templates/shell",
                              {{"document", template_document("shell", "2Gi")}}));
    // What changes nothing is no change, and an ask is none of the spec.
    EXPECT_EQ(world.send(world.as_ann, "PATCH", "/api/v1/sessions/" + id, {{"name", "a"}}).status, 200);
    EXPECT_EQ(
        world
            .send(world.as_root, "PUT", "/api/v1/templates/shell", {{"document", template_document("shell")}})
            .status,
        200);
    const auto asked = world.send(world.as_ann, "PATCH", "/api/v1/sessions/" + id, {{"state", "hibernated"}});
    EXPECT_EQ(body_of(asked).at("state"), "hibernated");
    EXPECT_EQ(world.ask(world.as_ann, "DELETE", "/api/v1/sessions/" + id).status, 202);
}

}  // namespace
}  // namespace berth::api
