#include <fstream>

#include "base/yaml.hpp"
#include "cli/stage.hpp"

namespace berth::cli {
namespace {

json::object desktop() {
    return {{"name", "desktop"},
            {"revision", 3},
            {"displayName", "Desktop"},
            {"description", "A desktop"},
            {"category", "Desktops"},
            {"spec",
             {{"displayName", "Desktop"},
              {"components", json::array{json::object{{"name", "x"}, {"image", "i:1"}}}}}},
            {"image", {{"state", "pulling"}, {"message", ""}, {"progress", 0.42}}}};
}

class Templates : public Stage {
  protected:
    std::string write(const std::string& text) {
        std::ofstream(home + "/t.yaml") << text;
        return home + "/t.yaml";
    }
};

TEST_F(Templates, are_listed_with_their_image) {
    server.answer("GET /api/v1/templates?sort=name&limit=100", list({desktop()}));
    const Outcome wanted{0,
                         "NAME      CATEGORY   REVISION   IMAGE          DESCRIPTION\n"
                         "desktop   Desktops   3          pulling 42 %   A desktop\n",
                         ""};
    EXPECT_EQ(berth({"templates"}), wanted);
    EXPECT_EQ(berth({"templates", "ls"}), wanted);
}

TEST_F(Templates, are_shown_as_what_apply_takes) {
    server.answer("GET /api/v1/templates/desktop", desktop());
    const auto shown = berth({"templates", "show", "desktop", "-o", "yaml"});
    const json::object wanted{{"apiVersion", "berth.dev/v1alpha1"},
                              {"kind", "Template"},
                              {"metadata", {{"name", "desktop"}}},
                              {"spec", desktop().at("spec")}};
    EXPECT_EQ(yaml::parse(shown.out), json::value(wanted));
}

TEST_F(Templates, are_made_or_get_a_new_revision) {
    const auto file = write("metadata: {name: a}\nspec: {x: 1}\n---\nmetadata: {name: desktop}\n");
    server.answer("PUT /api/v1/templates/a", problem(404, "not_found", "no such template"));
    server.answer("POST /api/v1/templates", json::object{{"name", "a"}, {"revision", 1}}, 201);
    server.answer("PUT /api/v1/templates/desktop", desktop());
    EXPECT_EQ(berth({"templates", "apply", "-f", file}),
              (Outcome{0, "a     revision 1\ndesktop  revision 3\n", ""}));
    EXPECT_EQ(server.arrived().at(1).body, R"({"document":{"metadata":{"name":"a"},"spec":{"x":1}}})");
    EXPECT_EQ(berth({"templates", "apply", "-f", "-"}, "metadata: {name: desktop}\n").out,
              "desktop  revision 3\n");
}

TEST_F(Templates, are_checked_with_every_problem) {
    const auto file = write("metadata: {name: a}\n");
    server.answer(
        "POST /api/v1/templates/a/dry-run",
        json::parse(
            R"({"valid":false,"problems":[{"path":"spec.imge","message":"\"spec.imge\" is not a known key",
                      "next":"did you mean \"image\"?"},{"path":"spec.x","message":"expected a number","next":""}]})"));
    EXPECT_EQ(berth({"templates", "check", "-f", file}),
              (Outcome{1, "",
                       "berth: " + file +
                           ": \"spec.imge\" is not a known key\n       did you mean \"image\"?\nberth: " +
                           file + ": spec.x: expected a number\n"}));
}

TEST_F(Templates, that_are_not_yaml_are_refused_with_file_and_line) {
    const auto file = write("a: [\n");
    const auto shown = berth({"templates", "apply", "-f", file});
    EXPECT_EQ(shown.status, 1);
    EXPECT_TRUE(shown.err.starts_with("berth: " + file + ": not valid YAML: line ")) << shown.err;
    EXPECT_EQ(berth({"templates", "apply", "-f", home + "/none"}).err,
              "berth: cannot read \"" + home + "/none\"\n");
}

TEST_F(Templates, are_removed_only_when_somebody_said_so) {
    server.answer("DELETE /api/v1/templates/desktop", Canned{204, "", {}});
    EXPECT_EQ(berth({"templates", "rm", "desktop"}),
              (Outcome{1, "",
                       "berth: template desktop would be removed with its document\n"
                       "       if that is wanted, say so with: berth templates rm -y desktop\n"}));
    EXPECT_TRUE(server.arrived().empty());
    const std::string removed = "desktop  removed; its sessions go on\n";
    EXPECT_EQ(berth({"templates", "rm", "-y", "desktop"}), (Outcome{0, removed, ""}));
    in_terminal = true;
    EXPECT_EQ(berth({"templates", "rm", "desktop"}, "\n").status, 1);
    EXPECT_EQ(berth({"templates", "rm", "desktop"}, "y\n"),
              (Outcome{0, removed,
                       "Remove template desktop? Its sessions go on and keep their revision; its document is "
                       "lost. [y/N] "}));
}

class Workspaces : public Stage {
  protected:
    static json::object lab() {
        return {
            {"id", "wsp_1"},
            {"name", "lab"},
            {"template", "desktop"},
            {"user", {{"id", "usr_1"}, {"name", "anna"}}},
            {"createdAt", "2026-01-31T09:30:00.000Z"},
            {"sessions", json::array{json::object{{"id", "ses_1"}, {"name", "lab"}, {"phase", "running"}}}},
            {"volumes", json::array{json::object{{"name", "home"}, {"size", "10Gi"}}}}};
    }
};

TEST_F(Workspaces, are_listed_with_who_uses_them) {
    server.answer("GET /api/v1/workspaces?sort=name&limit=100", list({lab()}));
    EXPECT_EQ(berth({"workspaces"}), (Outcome{0,
                                              "NAME   TEMPLATE   SESSIONS        VOLUMES     LAST USED\n"
                                              "lab    desktop    lab (running)   home 10Gi   –\n",
                                              ""}));
}

TEST_F(Workspaces, are_deleted_only_when_somebody_said_so) {
    server.answer("GET /api/v1/workspaces/lab", lab());
    server.answer("DELETE /api/v1/workspaces/wsp_1", Canned{204, "", {}});
    EXPECT_EQ(berth({"workspaces", "rm", "lab"}),
              (Outcome{1, "",
                       "berth: workspace lab would be deleted with its files\n"
                       "       if that is wanted, say so with: berth workspaces rm -y lab\n"}));
    in_terminal = true;
    EXPECT_EQ(berth({"workspaces", "rm", "lab"}, "no\n").status, 1);
    EXPECT_EQ(
        berth({"workspaces", "rm", "lab"}, "lab\n"),
        (Outcome{
            0, "lab   deleted with its files\n",
            "Workspace lab and all files in it will be lost: home 10Gi.\ntype its name to delete it: "}));
    EXPECT_EQ(berth({"workspaces", "rm", "lab", "-y"}), (Outcome{0, "lab   deleted with its files\n", ""}));
}

class Administration : public Stage {};

TEST_F(Administration, makes_users_with_a_link_that_can_be_piped) {
    server.answer("POST /api/v1/users",
                  json::object{{"user", json::object()}, {"signInLink", "http://x/sign-in/T"}}, 201);
    EXPECT_EQ(berth({"admin", "users", "add", "Jürgen", "--admin"}),
              (Outcome{0, "http://x/sign-in/T\n", "a sign-in link for Jürgen, it works once:\n"}));
    EXPECT_EQ(server.arrived().back().body, R"({"name":"Jürgen","role":"admin"})");
}

TEST_F(Administration, prints_a_token_and_nothing_else) {
    server.answer("POST /api/v1/users/me/tokens", json::object{{"id", "tok_1"}, {"token", "brt_1"}}, 201);
    EXPECT_EQ(berth({"admin", "token", "--name", "ci", "--scope", "sessions", "--expires-in", "24h"}),
              (Outcome{0, "brt_1\n", ""}));
    EXPECT_EQ(server.arrived().back().body, R"({"name":"ci","scope":"sessions","expiresIn":"24h"})");
    EXPECT_EQ(berth({"admin", "token", "--scope", "all"}).status, 2);
}

TEST_F(Administration, shows_the_audit_log) {
    server.answer(
        "GET /api/v1/admin/audit?limit=100",
        json::parse(R"({"items":[{"sequence":4,"at":"2026-01-31T09:30:07.250Z","class":"audit","actor":"anna",
                      "kind":"session.created","subjectKind":"session","subject":"ses_1","data":{}}]})"));
    EXPECT_EQ(berth({"admin", "audit"}),
              (Outcome{0,
                       "TIME (UTC)            WHO    WHAT              SUBJECT\n"
                       "2026-01-31 09:30:07   anna   session.created   session ses_1\n",
                       ""}));
}

TEST_F(Administration, changes_only_the_limits_that_were_named) {
    server.answer("PUT /api/v1/quota",
                  json::parse(R"({"sessions":5,"running":3,"cpu":"2","memory":"4Gi","workspaces":9})"));
    EXPECT_EQ(
        berth({"admin", "quota", "--running", "3", "--cpu", "2"}),
        (Outcome{0,
                 "WHAT         LIMIT\nsessions     5\nrunning      3\ncpu          2\nmemory       4Gi\n"
                 "workspaces   9\n",
                 ""}));
    EXPECT_EQ(json::parse(server.arrived().back().body), json::parse(R"({"cpu":"2","running":3})"));
}

TEST_F(Administration, gives_a_user_everybodys_limit_again) {
    server.answer("GET /api/v1/users/bob",
                  json::parse(R"({"name":"bob","quota":{"running":1,"sessions":2}})"));
    server.answer("PATCH /api/v1/users/bob", json::parse(R"({"name":"bob","quota":{"sessions":2}})"));
    EXPECT_EQ(berth({"admin", "quota", "--user", "bob", "--running", "default"}).out,
              "WHAT       LIMIT\nsessions   2\n");
    EXPECT_EQ(server.arrived().back().body, R"({"quota":{"sessions":2}})");
    EXPECT_NE(berth({"admin", "quota", "--running", "default"}).status, 0);
}

TEST_F(Administration, deactivates_a_user_only_when_somebody_said_so) {
    server.answer("DELETE /api/v1/users/bob", json::parse(R"({"name":"bob","active":false})"));
    EXPECT_EQ(berth({"admin", "users", "deactivate", "bob"}),
              (Outcome{1, "",
                       "berth: bob would be deactivated: sign-ins and tokens end\n"
                       "       if that is wanted, say so with: berth admin users deactivate -y bob\n"}));
    EXPECT_TRUE(server.arrived().empty());
    const std::string done = "bob   deactivated; sessions and workspaces are kept\n";
    EXPECT_EQ(berth({"admin", "users", "deactivate", "-y", "bob"}), (Outcome{0, done, ""}));
    in_terminal = true;
    EXPECT_EQ(berth({"admin", "users", "deactivate", "bob"}, "y\n"),
              (Outcome{0, done,
                       "Deactivate bob? Sign-ins and tokens end; sessions and workspaces are kept. [y/N] "}));
}

TEST_F(Administration, activates_a_user_again) {
    server.answer("PATCH /api/v1/users/bob", json::parse(R"({"name":"bob","active":true})"));
    EXPECT_EQ(berth({"admin", "users", "activate", "bob"}).status, 0);
    EXPECT_EQ(server.arrived().back().body, R"({"active":true})");
}

TEST_F(Administration, keeps_the_other_limits_of_a_user) {
    server.answer("GET /api/v1/users/bob",
                  json::parse(R"({"name":"bob","quota":{"running":1,"sessions":2}})"));
    server.answer("PATCH /api/v1/users/bob",
                  json::parse(R"({"name":"bob","quota":{"running":1,"sessions":3}})"));
    EXPECT_EQ(berth({"admin", "quota", "--user", "bob", "--sessions", "3"}).out,
              "WHAT       LIMIT\nrunning    1\nsessions   3\n");
    EXPECT_EQ(server.arrived().back().body, R"({"quota":{"running":1,"sessions":3}})");
}

}  // namespace
}  // namespace berth::cli
