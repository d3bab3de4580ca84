#include "cli/cli.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/stage.hpp"
#include "cli/views.hpp"

namespace berth::cli {
namespace {

class Usage : public Stage {};

TEST_F(Usage, shows_all_verbs_in_their_groups) {
    const auto help = berth({"--help"});
    EXPECT_EQ(help.status, 0);
    for (const auto* text :
         {"\nSessions:\n", "\nTemplates and workspaces:\n", "\nAccount:\n", "\nAdministration:\n",
          "  launch ", "  templates ", "  login ", "  admin ", "--token"})
        EXPECT_NE(help.out.find(text), std::string::npos) << text << " in\n" << help.out;
    EXPECT_EQ(help.out.find("__complete"), std::string::npos);
}

TEST_F(Usage, names_the_nearest_verb_and_option) {
    EXPECT_EQ(
        berth({"lauch", "desktop"}),
        (Outcome{2, "",
                 "berth: there is no verb \"lauch\"\n       did you mean \"launch\"? see: berth --help\n"}));
    EXPECT_EQ(berth({"launch", "desktop", "--wiat"}),
              (Outcome{2, "",
                       "berth: berth launch has no option \"--wiat\"\n"
                       "       did you mean \"--wait\"? see: berth launch --help\n"}));
    EXPECT_EQ(berth({"templates", "shwo", "x"}),
              (Outcome{2, "",
                       "berth: berth templates has no verb \"shwo\"\n"
                       "       did you mean \"show\"? see: berth templates --help\n"}));
    EXPECT_EQ(berth({"get", "a", "b"}),
              (Outcome{2, "", "berth: berth get: \"b\" is too much\n       see: berth get --help\n"}));
    EXPECT_EQ(berth({"launch"}).status, 2);
    EXPECT_EQ(berth({"ls", "-o", "xml"}).status, 2);
    EXPECT_EQ(berth({"admin"}).status, 2);
    EXPECT_EQ(berth({}).status, 2);
}

TEST_F(Usage, lets_a_session_have_the_name_of_a_verb) {
    server.answer("GET /api/v1/sessions/ls", session("ls", "running", 6));
    EXPECT_EQ(berth({"get", "ls", "-o", "name"}), (Outcome{0, "ls\n", ""}));
}

TEST_F(Usage, runs_server_verbs_that_the_program_adds) {
    // Only a program has them; without one they are not there.
    EXPECT_EQ(berth({"serve"}).status, 2);
}

TEST_F(Usage, makes_programs_on_the_path_verbs) {
    environment["PATH"] = home;
    const auto program = home + "/berth-hello";
    std::ofstream(program) << "#!/bin/sh\necho \"hello $1 $BERTH_URL\" >\"" + home + "/said\"\nexit 7\n";
    ::chmod(program.c_str(), 0700);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(berth({"--url", "http://localhost:1", "hello", "you"}).status);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 7);
    std::string said;
    std::getline(std::ifstream(home + "/said"), said);
    EXPECT_EQ(said, "hello you http://localhost:1");
}

class Failures : public Stage {};

TEST_F(Failures, say_how_to_start_a_server_that_is_not_there) {
    EXPECT_EQ(
        berth({"ls", "--url", "http://localhost:1"}),
        (Outcome{1, "", "berth: no Berth answers at http://localhost:1\n       start one with: berth up\n"}));
    EXPECT_EQ(
        berth({"ls", "--socket", home + "/none.sock"}),
        (Outcome{1, "",
                 "berth: no Berth answers at " + home + "/none.sock\n       start one with: berth up\n"}));
}

TEST_F(Failures, keep_the_words_of_the_server) {
    server.answer("GET /api/v1/sessions/lab",
                  problem(404, "not_found", "there is no session lab", "see: berth ls"));
    EXPECT_EQ(berth({"get", "lab"}),
              (Outcome{1, "", "berth: there is no session lab\n       see: berth ls\n"}));
}

TEST_F(Failures, of_the_token_say_how_to_sign_in) {
    const auto line = "GET /api/v1/sessions?sort=name&limit=100";
    server.answer(line, problem(401, "unauthenticated", "sign in"));
    EXPECT_EQ(berth({"ls"}), (Outcome{1, "",
                                      "berth: not signed in at " + server.url() +
                                          "\n       sign in with: berth login " + server.url() + "\n"}));
    EXPECT_EQ(
        berth({"ls", "--token", "brt_old"}),
        (Outcome{1, "",
                 "berth: the token for " + server.url() +
                     " is wrong or has expired\n       sign in with: berth login " + server.url() + "\n"}));
    EXPECT_EQ(server.arrived().back().authorization, "Bearer brt_old");
}

TEST_F(Failures, of_something_that_is_no_berth_say_so) {
    const auto line = "GET /api/v1/sessions?sort=name&limit=100";
    server.answer(line, Canned{200, "<html>", {}});
    server.answer(line, Canned{502, "<html>", {}});
    EXPECT_EQ(berth({"ls"}),
              (Outcome{1, "",
                       "berth: what answers at " + server.url() +
                           " is not a Berth\n       check the address, or give another one with --url\n"}));
    EXPECT_EQ(berth({"ls"}),
              (Outcome{1, "",
                       "berth: " + server.url() +
                           " answered 502, not as a Berth does\n       check the address, or give "
                           "another one with --url\n"}));
}

class Login : public Stage {
  protected:
    Login() { environment.erase("BERTH_URL"); }
    std::string file() const { return home + "/.config/berth/config.json"; }

    void expect_sign_in(const std::string& role = "admin") {
        server.answer("GET /api/v1/version", json::object{{"version", "0.1.0"}});
        server.answer("POST /auth/login",
                      Canned{204, "", {{"Set-Cookie", "berth_x=s3cret; Path=/; HttpOnly"}}});
        server.answer("POST /api/v1/users/me/tokens", json::object{{"id", "tok_1"}, {"token", "brt_new"}},
                      201);
        server.answer("GET /api/v1/users/me",
                      json::object{{"id", "usr_1"}, {"name", "anna"}, {"role", role}});
        server.answer("POST /auth/logout", Canned{204, "", {}});
    }
};

TEST_F(Login, turns_a_password_into_a_token_that_only_its_owner_can_read) {
    expect_sign_in();
    EXPECT_EQ(berth({"login", server.url()}, "anna\npa ss\n"),
              (Outcome{0, "signed in to " + server.url() + " as anna\n", ""}));
    const auto arrived = server.arrived();
    EXPECT_EQ(arrived.at(1).body, R"({"name":"anna","password":"pa ss"})");
    EXPECT_EQ(arrived.at(2).cookie, "berth_x=s3cret");
    EXPECT_EQ(arrived.at(3).fetch_site, "same-origin");
    EXPECT_EQ(text_at(json::parse(arrived.at(3).body), "scope"), "admin");
    EXPECT_EQ(arrived.back().line, "POST /auth/logout");
    struct stat about{};
    ASSERT_EQ(::stat(file().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777u, 0600u);
    server.answer("GET /api/v1/sessions?sort=name&limit=100", list({}));
    EXPECT_EQ(berth({"ls", "-o", "name"}), (Outcome{0, "", ""}));
    EXPECT_EQ(server.arrived().back().authorization, "Bearer brt_new");
}

TEST_F(Login, of_an_ordinary_user_asks_for_a_token_that_they_may_have) {
    expect_sign_in("user");
    EXPECT_EQ(berth({"login", server.url()}, "anna\nx\n").status, 0);
    EXPECT_EQ(text_at(json::parse(server.arrived().at(3).body), "scope"), "sessions");
}

TEST_F(Login, refused_remembers_nothing) {
    server.answer("GET /api/v1/version", json::object{{"version", "0.1.0"}});
    server.answer("POST /auth/login", problem(401, "wrong_credentials", "name or password is wrong"));
    EXPECT_EQ(berth({"login", server.url(), "--name", "anna"}, "x\n"),
              (Outcome{1, "", "berth: name or password is wrong\n"}));
    EXPECT_FALSE(std::filesystem::exists(file()));
}

class LoginByLink : public Login {
  protected:
    LoginByLink() {
        expect_sign_in();
        server.answer("POST /auth/ticket", Canned{204, "", {{"Set-Cookie", "berth_x=t; Path=/"}}});
    }
    void expect_link(const char* kind, bool valid = true) {
        server.answer("GET /auth/ticket/TICKET", json::object{{"kind", kind}, {"valid", valid}});
    }
    Outcome login(std::vector<std::string> options = {}, const std::string& input = {}) {
        options.insert(options.begin(), {"login", server.url() + "/sign-in/TICKET"});
        return berth(std::move(options), input);
    }
    /// What the link was used up with; empty when it was not.
    std::string used_with() const {
        for (const auto& request : server.arrived())
            if (request.line == "POST /auth/ticket") return request.body;
        return {};
    }
    std::string signed_in() const { return "signed in to " + server.url() + " as anna\n"; }

    const std::string no_password =
        "no password was set; to sign in elsewhere or later, make a link on Berth's machine: "
        "berth --local admin users sign-in-link anna\n";
};

TEST_F(LoginByLink, asks_nothing_where_there_is_no_terminal) {
    expect_link("sign_in");
    EXPECT_EQ(login(), (Outcome{0, signed_in(), ""}));
    EXPECT_EQ(used_with(), R"({"ticket":"TICKET"})");
}

TEST_F(LoginByLink, of_the_first_administrator_is_not_used_up_without_a_name) {
    expect_link("first_admin");
    EXPECT_EQ(login(), (Outcome{2, "",
                                "berth: login: this link makes the first administrator, who needs a name\n"
                                "       say it with: --name NAME, and a password with: --password-stdin\n"}));
    EXPECT_EQ(used_with(), "");
}

TEST_F(LoginByLink, of_the_first_administrator_says_what_no_password_means) {
    expect_link("first_admin");
    EXPECT_EQ(login({"--name", "anna"}), (Outcome{0, signed_in(), no_password}));
    EXPECT_EQ(used_with(), R"({"ticket":"TICKET","name":"anna"})");
}

TEST_F(LoginByLink, takes_the_password_from_standard_input_when_told_to) {
    expect_link("first_admin");
    EXPECT_EQ(login({"--name", "anna", "--password-stdin"}, "correct horse\n"),
              (Outcome{0, signed_in(), ""}));
    EXPECT_EQ(used_with(), R"({"ticket":"TICKET","name":"anna","password":"correct horse"})");
}

TEST_F(LoginByLink, asks_on_a_terminal_for_name_and_password) {
    in_terminal = true;
    expect_link("first_admin");
    EXPECT_EQ(login({}, "anna\ncorrect horse\ncorrect horse\n"),
              (Outcome{0, signed_in(),
                       "your name, as its administrator: password (Enter: none, only links sign you in): \n"
                       "the same again: \n"}));
    EXPECT_EQ(used_with(), R"({"ticket":"TICKET","name":"anna","password":"correct horse"})");
}

TEST_F(LoginByLink, is_not_used_up_with_a_password_that_was_mistyped) {
    in_terminal = true;
    expect_link("first_admin");
    EXPECT_EQ(login({"--name", "anna"}, "correct horse\ncorrect house\n").status, 1);
    EXPECT_EQ(used_with(), "");
}

TEST_F(LoginByLink, lets_a_user_on_a_terminal_keep_the_password_they_have) {
    in_terminal = true;
    expect_link("sign_in");
    EXPECT_EQ(login({}, "\n"), (Outcome{0, signed_in(), "new password (Enter: it stays as it is): \n"}));
    EXPECT_EQ(used_with(), R"({"ticket":"TICKET"})");
}

TEST_F(LoginByLink, that_is_over_asks_nothing_and_has_the_servers_words) {
    in_terminal = true;
    expect_link("sign_in", false);
    server.answer("POST /auth/ticket", problem(401, "ticket_invalid", "this link is not valid"));
    login();
    EXPECT_EQ(login(), (Outcome{1, "", "berth: this link is not valid\n"}));
}

TEST_F(Login, sends_a_token_to_no_other_server) {
    expect_sign_in();
    berth({"login", server.url()}, "anna\nx\n");
    Imposter other;
    other.answer("GET /api/v1/sessions?sort=name&limit=100", list({}));
    EXPECT_EQ(berth({"ls", "--url", other.url(), "-o", "name"}).status, 0);
    EXPECT_EQ(other.arrived().back().authorization, "");
}

TEST_F(Login, is_undone_by_logout_which_revokes_the_token) {
    expect_sign_in();
    berth({"login", server.url()}, "anna\nx\n");
    server.answer("DELETE /api/v1/users/me/tokens/tok_1", Canned{204, "", {}});
    EXPECT_EQ(berth({"logout"}), (Outcome{0, "signed out of " + server.url() + "\n", ""}));
    EXPECT_EQ(server.arrived().back().line, "DELETE /api/v1/users/me/tokens/tok_1");
    EXPECT_EQ(server.arrived().back().authorization, "Bearer brt_new");
    EXPECT_EQ(berth({"logout"}).out, "not signed in at http://localhost:8080\n");
}

TEST_F(Login, with_a_token_asks_nothing) {
    server.answer("GET /api/v1/users/me", json::object{{"id", "usr_1"}, {"name", "anna"}});
    EXPECT_EQ(berth({"login", server.url(), "--token", "brt_given"}).status, 0);
    EXPECT_EQ(berth({"whoami", "-o", "name"}), (Outcome{0, "anna\n", ""}));
    EXPECT_EQ(server.arrived().back().authorization, "Bearer brt_given");
}

TEST_F(Login, that_cannot_be_read_says_which_file) {
    std::filesystem::create_directories(home + "/.config/berth");
    std::ofstream(file()) << "{";
    const auto shown = berth({"ls"});
    EXPECT_EQ(shown.status, 1);
    EXPECT_TRUE(shown.err.starts_with("berth: " + file() + ": ")) << shown.err;
}

}  // namespace
}  // namespace berth::cli
