// What nobody vouches for is left alone.

#include "operator/mirror/fixture_test.hpp"

namespace berth::control {
namespace {

using namespace std::chrono_literals;

class Unguarded : public testing::Test, public MirrorWorld {
  protected:
    void SetUp() override { start(); }
};

TEST_F(Unguarded, resources_that_no_policy_vouches_for_are_left_alone_until_one_does) {
    const auto made = launch();
    apply_session("mine");
    pass(10s);
    const auto mine = record(Noun::session, sessions().back().id.text);
    remove_policy();
    pass(20s);
    apply_session("forged", {{"user", "bob"}});
    apply("workspaces", "forged", {{"user", "bob"}, {"template", "shell"}});
    apply("templates", "open", json::to_json(template_spec()).as_object());
    edit("sessions", made.host, {{"spec", json::object{{"state", "terminated"}}}});
    remove("sessions", "mine");
    pass(10s);
    EXPECT_EQ(sessions().size(), 2u);
    const auto why = std::string("False NoPolicy: the admission policy \"users.berth.dev\" is not installed");
    EXPECT_TRUE(accepted("sessions", "forged").starts_with(why)) << accepted("sessions", "forged");
    EXPECT_TRUE(accepted("workspaces", "forged").starts_with(why));
    EXPECT_EQ(accepted("templates", "open"), "True") << "whoever may make those publishes them";
    for (const auto& row : sessions()) EXPECT_EQ(desired(row.asks), State::running) << row.name;
    EXPECT_NE(find("sessions", "mine"), nullptr);
    ASSERT_TRUE(mine);
    install_policy();
    pass(1min);
    EXPECT_EQ(accepted("sessions", "forged"), "True");
    EXPECT_EQ(accepted("workspaces", "forged"), "True");
    EXPECT_EQ(desired(session({mine->row}).asks), State::terminated);
}

TEST_F(Unguarded, resources_of_a_policy_that_berth_may_not_look_at_are_left_alone_and_the_right_is_named) {
    server.script = [](const imposter::HttpRequest& request) -> std::optional<std::vector<std::string>> {
        if (request.path.find("validatingadmissionpolicybindings") == std::string::npos) return std::nullopt;
        return std::vector<std::string>{imposter::http_answer(403, R"({"reason":"Forbidden"})")};
    };
    apply_session("thesis");
    pass(10s);
    EXPECT_EQ(
        accepted("sessions", "thesis"),
        "False PolicyUnknown: the admission policy \"users.berth.dev\" may be missing: Berth may not look, "
        "so anybody may have written whose this is: let Berth's account get "
        "validatingadmissionpolicybindings.admissionregistration.k8s.io users.berth.dev");
    server.script = {};
    server.objects.edit(
        {"validatingadmissionpolicybindings", "", "users.berth.dev"},
        [](json::object& object) { object["spec"].as_object()["validationActions"] = json::array{"Audit"}; });
    pass(1min);
    EXPECT_TRUE(accepted("sessions", "thesis").starts_with("False NoPolicy"))
        << accepted("sessions", "thesis");
    EXPECT_EQ(sessions().size(), 0u);
}

}  // namespace
}  // namespace berth::control
