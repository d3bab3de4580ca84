// Rows of the API as resources.

#include "operator/mirror/fixture_test.hpp"

namespace berth::control {
namespace {

using namespace std::chrono_literals;

class Rows : public testing::Test, public MirrorWorld {
  protected:
    void SetUp() override { start(); }
};

TEST_F(Rows, of_every_kind_become_resources_with_a_status) {
    EXPECT_EQ(text("templates", "shell", {"spec", "displayName"}), "Shell");
    EXPECT_EQ(accepted("templates", "shell"), "True");
    const auto made = launch();
    become(made.id, Phase::running);
    pass();
    EXPECT_EQ(text("sessions", made.host, {"spec", "user"}), "ada");
    EXPECT_EQ(text("sessions", made.host, {"spec", "template"}), "shell");
    EXPECT_EQ(text("sessions", made.host, {"status", "phase"}), "running");
    EXPECT_EQ(text("sessions", made.host, {"status", "url"}), "http://" + made.host + "/");
    EXPECT_EQ(text("sessions", made.host, {"status", "state"}), "running");
    EXPECT_EQ(text("sessions", made.host, {"status", "id"}), made.id.text);
    EXPECT_EQ(accepted("sessions", made.host), "True");
    ASSERT_EQ(count("workspaces"), 1);
    const auto workspace = server.objects.list("workspaces", {}).at(0).second;
    EXPECT_EQ(imposter::text_at(workspace, {"status", "session"}), "shell");
    EXPECT_EQ(imposter::text_at(workspace, {"status", "size"}), "10Gi");
    EXPECT_EQ(record(Noun::session, made.id.text)->origin, Origin::api);
    expect_rest();
}

TEST_F(Rows, of_a_users_private_templates_are_shown_to_nobody) {
    write([this](store::Tx& tx) {
        acts::make_template(tx, {.user = {"usr_ada"}, .name = "ada"},
                            {.name = "mine", .spec = template_spec()}, now());
    });
    pass();
    EXPECT_EQ(find("templates", "mine"), nullptr);
}

TEST_F(Rows, cost_two_writes_a_launch_and_one_a_stop_once_their_workspace_is_there) {
    const auto first = launch();
    become(first.id, Phase::running);
    pass();
    ask(first.id, plan::ask_terminate);
    become(first.id, Phase::gone);
    pass();
    std::optional<Session> made;
    const int cold = writes_of([&] {
        made = launch();
        for (const auto phase : {Phase::pending, Phase::starting, Phase::starting, Phase::running}) {
            pass(200ms);
            become(made->id, phase);
        }
    });
    EXPECT_EQ(cold, 3) << "session, its status, the workspace's";
    const int stop = writes_of([&] {
        ask(made->id, plan::ask_hibernate);
        pass(200ms);
        become(made->id, Phase::stopping);
        pass(200ms);
        become(made->id, Phase::hibernated);
    });
    EXPECT_EQ(stop, 1);
    EXPECT_EQ(text("sessions", made->host, {"status", "state"}), "hibernated");
    expect_rest();
}

TEST_F(Rows, that_take_long_to_start_show_how_far_they_are) {
    const auto made = launch();
    become(made.id, Phase::starting);
    pass(2s);
    EXPECT_EQ(text("sessions", made.host, {"status", "phase"}), "");
    pass(6s);
    EXPECT_EQ(text("sessions", made.host, {"status", "phase"}), "starting");
}

TEST_F(Rows, that_are_gone_take_their_resource_along_but_not_the_workspace) {
    const auto made = launch();
    pass();
    ask(made.id, plan::ask_terminate);
    pass();
    EXPECT_NE(find("sessions", made.host), nullptr) << "it is still ending";
    become(made.id, Phase::gone);
    pass();
    EXPECT_EQ(find("sessions", made.host), nullptr);
    EXPECT_EQ(count("workspaces"), 1);
    EXPECT_EQ(record(Noun::session, made.id.text), std::nullopt);
    EXPECT_EQ(server.tally.blind_deletions, 0);
    expect_rest();
}

TEST_F(Rows, follow_nobody_who_edits_their_mirror) {
    edit("templates", "shell", {{"spec", json::object{{"displayName", "Mine"}, {"extra", "x"}}}});
    pass();
    EXPECT_EQ(text("templates", "shell", {"spec", "displayName"}), "Shell");
    EXPECT_EQ(text("templates", "shell", {"spec", "extra"}), "");
    EXPECT_EQ(told("shell"), std::vector<std::string>{"Reverted"});
    const auto spec = read(
        [](store::Rows& rows) { return rows.get_template(Caller::system(), "shell").spec.display_name; });
    EXPECT_EQ(spec, "Shell");
    expect_rest();
}

TEST_F(Rows, hear_an_ask_in_the_spec_of_their_mirror) {
    const auto made = launch();
    become(made.id, Phase::running);
    pass();
    edit("sessions", made.host, {{"spec", json::object{{"state", "hibernated"}, {"name", "other"}}}});
    pass();
    EXPECT_EQ(desired(session(made.id).asks), State::hibernated);
    EXPECT_EQ(session(made.id).name, "shell") << "the rest of the edit is reverted";
    EXPECT_EQ(text("sessions", made.host, {"spec", "name"}), "shell");
    EXPECT_EQ(told(made.host), std::vector<std::string>{"Reverted"});
    become(made.id, Phase::hibernated);
    pass();
    // Now the API asks: the spec follows, and is no ask of anybody's.
    ask(made.id, plan::ask_wake);
    pass();
    EXPECT_EQ(text("sessions", made.host, {"spec", "state"}), "running");
    EXPECT_EQ(desired(session(made.id).asks), State::running);
    become(made.id, Phase::running);
    pass();
    // And so the same ask as before is one again.
    edit("sessions", made.host, {{"spec", json::object{{"state", "hibernated"}}}});
    pass();
    EXPECT_EQ(desired(session(made.id).asks), State::hibernated);
    become(made.id, Phase::hibernated);
    pass();
    expect_rest();
}

TEST_F(Rows, take_no_old_ask_for_a_new_one_after_a_crash) {
    const auto made = launch();
    become(made.id, Phase::running);
    pass();
    edit("sessions", made.host, {{"spec", json::object{{"state", "running"}}}});
    pass();
    crash();
    ask(made.id, plan::ask_hibernate);
    start();
    EXPECT_EQ(desired(session(made.id).asks), State::hibernated);
    EXPECT_EQ(text("sessions", made.host, {"spec", "state"}), "hibernated");
}

TEST_F(Rows, have_a_vanished_resource_made_again) {
    const auto made = launch();
    become(made.id, Phase::running);
    pass();
    const auto uid = text("sessions", made.host, {"metadata", "uid"});
    server.objects.erase({"sessions", home, made.host}, uid);
    pass();
    EXPECT_NE(text("sessions", made.host, {"metadata", "uid"}), uid);
    EXPECT_EQ(text("sessions", made.host, {"status", "phase"}), "running");
    EXPECT_EQ(desired(session(made.id).asks), State::running);
}

TEST_F(Rows, end_by_the_deletion_of_their_resource) {
    const auto made = launch();
    become(made.id, Phase::running);
    pass();
    remove("sessions", made.host);
    pass();
    EXPECT_EQ(desired(session(made.id).asks), State::terminated);
    EXPECT_NE(find("sessions", made.host), nullptr) << "until it has ended";
    become(made.id, Phase::gone);
    pass();
    EXPECT_EQ(find("sessions", made.host), nullptr);
    remove("templates", "shell");
    pass();
    EXPECT_EQ(find("templates", "shell"), nullptr);
    EXPECT_FALSE(read([](store::Rows& rows) { return rows.find_template(Caller::system(), "shell"); }));
}

TEST_F(Rows, end_by_a_deletion_that_nobody_watched) {
    const auto made = launch();
    pass();
    crash();
    remove("sessions", made.host);
    start();
    EXPECT_EQ(desired(session(made.id).asks), State::terminated);
}

TEST_F(Rows, outlive_the_definitions) {
    const auto made = launch();
    become(made.id, Phase::running);
    pass();
    // As the API server does: the definition first, then all that is of it.
    for (const auto* plural : {"templates", "sessions", "workspaces"}) {
        const imposter::Where where{"customresourcedefinitions", "", std::string(plural) + ".berth.dev"};
        server.objects.edit(where, [](json::object& object) {
            auto& about = object["metadata"].as_object();
            about["finalizers"] = json::array{"customresourcecleanup.apiextensions.k8s.io"};
            about["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        });
        for (const auto& [each, object] : server.objects.list(plural, {})) server.objects.remove(each, {});
    }
    pass();
    for (const auto* plural : {"templates", "sessions", "workspaces"}) {
        EXPECT_EQ(count(plural), 0) << "let go: " << plural;
        const imposter::Where where{"customresourcedefinitions", "", std::string(plural) + ".berth.dev"};
        server.objects.erase(where, imposter::text_at(*server.objects.find(where), {"metadata", "uid"}));
    }
    pass(10min);
    EXPECT_EQ(desired(session(made.id).asks), State::running);
    EXPECT_TRUE(read([](store::Rows& rows) { return rows.find_template(Caller::system(), "shell"); }));
    install();
    pass(1min);
    EXPECT_EQ(text("sessions", made.host, {"status", "phase"}), "running") << "made again";
    EXPECT_EQ(count("workspaces"), 1);
    expect_rest();
}

TEST_F(Rows, outlive_the_namespace_which_their_resources_do_not_hold_up) {
    const auto made = launch();
    pass();
    server.objects.remove({"namespaces", "", home}, {});
    for (const auto* plural : {"templates", "sessions", "workspaces"})
        for (const auto& [each, object] : server.objects.list(plural, {})) server.objects.remove(each, {});
    pass();
    EXPECT_EQ(count("sessions") + count("templates") + count("workspaces"), 0);
    const imposter::Where where{"namespaces", "", home};
    server.objects.erase(where, imposter::text_at(*server.objects.find(where), {"metadata", "uid"}));
    pass(1min);
    server.objects.create("namespaces", {{"metadata", json::object{{"name", home}}}});
    pass(2min);
    EXPECT_EQ(desired(session(made.id).asks), State::running);
    EXPECT_EQ(count("sessions"), 1);
}

TEST_F(Rows, of_a_cluster_without_definitions_go_on_and_are_mirrored_once_there_are) {
    crash();
    for (const auto* plural : {"templates", "sessions", "workspaces"}) {
        const imposter::Where where{"customresourcedefinitions", "", std::string(plural) + ".berth.dev"};
        server.objects.erase(where, imposter::text_at(*server.objects.find(where), {"metadata", "uid"}));
    }
    start();
    const auto made = launch();
    const int writes = server.tally.writes;
    pass(5min);
    EXPECT_EQ(server.tally.writes, writes);
    install("0");
    pass(5min);
    EXPECT_EQ(server.tally.writes, writes) << "older ones lack what would be written";
    for (const auto* plural : {"templates", "sessions", "workspaces"})
        server.objects.edit({"customresourcedefinitions", "", std::string(plural) + ".berth.dev"},
                            [](json::object& object) {
                                auto& about = object["metadata"].as_object();
                                about["annotations"].as_object()["berth.dev/definitions"] =
                                    std::to_string(crds::definitions_number + 1);
                            });
    pass(1min);
    EXPECT_EQ(accepted("sessions", made.host), "True");
}

TEST_F(Rows, by_the_hundred_cost_a_start_nothing_but_pages_of_lists) {
    constexpr int many = 1200;
    write([this](store::Tx& tx) {
        for (int i = 0; i < many; ++i) {
            const auto number = std::to_string(i);
            Session row{.id = {"ses_" + number},
                        .user = {"usr_ada"},
                        .name = "s" + number,
                        .host = "s" + number + "-x",
                        .template_ = "shell",
                        .engine = "kubernetes",
                        .asks = {.wake = now(), .hibernate = now() + 1s},
                        .created_at = now()};
            row.status.phase = Phase::hibernated;
            tx.insert_session(row);
            acts::append_state(
                tx,
                {.at = now(), .kind = "session.created", .subject_kind = "session", .subject = row.id.text});
        }
    });
    pass(5min);
    ASSERT_EQ(count("sessions"), many);
    crash();
    const int writes = server.tally.writes;
    start();
    pass(1min);
    EXPECT_EQ(server.tally.writes, writes);
    // Definitions, lists of at most 50, watches.
    EXPECT_LE(client->requests(), 3u + (24 + 1 + 1) + 3);
    expect_rest();
}

}  // namespace
}  // namespace berth::control
