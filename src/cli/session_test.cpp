#include <csignal>
#include <fstream>
#include <thread>

#include "base/clock.hpp"
#include "base/yaml.hpp"
#include "cli/stage.hpp"

namespace berth::cli {
namespace {

const std::string lab = "/api/v1/sessions/lab";
const std::string lab_id = "/api/v1/sessions/ses_lab";

std::string ago(std::chrono::minutes length) {
    return to_string(SystemClock().now() - length);
}

class Sessions : public Stage {};

TEST_F(Sessions, are_listed_with_state_and_activity) {
    auto running = session("lab", "running", 6);
    running.emplace("lastActive", json::object{{"at", ago(std::chrono::minutes(2))}, {"source", "pointer"}});
    const auto notes = session("notes", "hibernated", 6);
    server.answer("GET /api/v1/sessions?sort=name&limit=100", list({running, notes}));
    EXPECT_EQ(berth({"ls"}), (Outcome{0,
                                      "NAME    TEMPLATE   STATE        LAST ACTIVE\n"
                                      "lab     desktop    running      2 min ago (pointer)\n"
                                      "notes   desktop    hibernated   –\n",
                                      ""}));
    EXPECT_EQ(berth({"ls", "-o", "name"}), (Outcome{0, "lab\nnotes\n", ""}));
    EXPECT_EQ(berth({"-o", "json", "ls"}).out, json::write_pretty(list({running, notes})));
    EXPECT_EQ(yaml::parse(berth({"ls", "-o", "yaml"}).out), json::value(list({running, notes})));
}

TEST_F(Sessions, colour_their_state_on_a_terminal_only) {
    server.answer("GET /api/v1/sessions?sort=name&limit=100", list({session("lab", "running", 6)}));
    out_terminal = true;
    const std::string coloured = "\x1b[32mrunning\x1b[0m";
    EXPECT_NE(berth({"ls"}).out.find(coloured), std::string::npos);
    EXPECT_EQ(berth({"ls", "--no-color"}).out.find('\x1b'), std::string::npos);
    environment["NO_COLOR"] = "1";
    EXPECT_EQ(berth({"ls"}).out.find('\x1b'), std::string::npos);
}

TEST_F(Sessions, come_from_all_pages) {
    auto first = list({session("a", "running", 6)});
    first["total"] = 2;
    first["next"] = "c/1";
    auto second = list({session("b", "running", 6)});
    second["total"] = 2;
    server.answer("GET /api/v1/sessions?sort=name&all=true&limit=100", first);
    server.answer("GET /api/v1/sessions?sort=name&all=true&limit=100&cursor=c%2F1", second);
    EXPECT_EQ(berth({"ls", "-a", "-o", "name"}).out, "a\nb\n");
}

TEST_F(Sessions, say_what_to_do_when_there_are_none) {
    server.answer("GET /api/v1/sessions?sort=name&limit=100", list({}));
    EXPECT_EQ(
        berth({"ls"}),
        (Outcome{0, "", "no sessions; start one with: berth launch TEMPLATE (see: berth templates)\n"}));
}

TEST_F(Sessions, are_shown_with_what_they_are_made_of) {
    server.answer("GET " + lab, session("lab", "running", 6));
    const auto shown = berth({"get", "lab"});
    EXPECT_EQ(shown.status, 0);
    EXPECT_NE(
        shown.out.find("name         lab (ses_lab)\ntemplate     desktop, revision 3\nstate        running\n"
                       "open         http://lab-7f3k.localhost:8080/\nworkspace    lab\n"),
        std::string::npos)
        << shown.out;
    EXPECT_EQ(json::parse(berth({"get", "lab", "-o", "json"}).out),
              json::value(session("lab", "running", 6)));
}

TEST_F(Sessions, print_the_address_that_opens_them) {
    server.answer("GET " + lab, session("lab", "running", 6));
    EXPECT_EQ(berth({"open", "lab"}), (Outcome{0, "http://lab-7f3k.localhost:8080/\n", ""}));
    EXPECT_EQ(berth({"open", "lab", "--access", "vnc"}),
              (Outcome{1, "", "berth: session \"lab\" has no access \"vnc\"\n       it has: web\n"}));
}

TEST_F(Sessions, that_keep_their_workspace_end_without_a_question) {
    server.answer("GET " + lab, session("lab", "running", 6));
    server.answer("DELETE " + lab_id, session("lab", "terminating", 6), 202);
    const Outcome ended{0, "lab   terminating, workspace lab is kept\n", ""};
    EXPECT_EQ(berth({"rm", "lab"}), ended);
    in_terminal = true;
    EXPECT_EQ(berth({"rm", "lab"}), ended);
}

TEST_F(Sessions, that_keep_nothing_end_only_when_somebody_said_so) {
    auto bare = session("lab", "running", 6);
    bare.erase("workspace");
    server.answer("GET " + lab, bare);
    server.answer("DELETE " + lab_id, bare, 202);
    EXPECT_EQ(berth({"rm", "lab"}),
              (Outcome{1, "",
                       "berth: session lab would be ended: it has no workspace, nothing is kept\n"
                       "       if that is wanted, say so with: berth rm -y lab\n"}));
    const std::string ended = "lab   terminating, it has no workspace, nothing is kept\n";
    EXPECT_EQ(berth({"rm", "-y", "lab"}), (Outcome{0, ended, ""}));
    in_terminal = true;
    const std::string question = "End lab (running)? it has no workspace, nothing is kept. [y/N] ";
    EXPECT_EQ(berth({"rm", "lab"}, "n\n"), (Outcome{1, "", question + "berth: lab stays as it was\n"}));
    EXPECT_EQ(server.arrived().back().line, "GET " + lab);
    EXPECT_EQ(berth({"rm", "lab"}, "y\n"), (Outcome{0, ended, question}));
}

TEST_F(Sessions, of_others_end_only_when_somebody_said_so) {
    server.answer("GET " + lab_id, session("lab", "running", 6));
    server.answer("DELETE " + lab_id, session("lab", "terminating", 6), 202);
    server.answer("GET /api/v1/users/me", json::object{{"id", "usr_2"}, {"name", "root"}});
    EXPECT_EQ(berth({"rm", "ses_lab"}),
              (Outcome{1, "",
                       "berth: session lab of anna would be ended: workspace lab is kept\n"
                       "       if that is wanted, say so with: berth rm -y ses_lab\n"}));
    server.answer("GET /api/v1/users/me", json::object{{"id", "usr_1"}, {"name", "anna"}});
    EXPECT_EQ(berth({"rm", "ses_lab"}).status, 1) << "the first answer, once more";
    EXPECT_EQ(berth({"rm", "ses_lab"}).status, 0) << "one's own, by its id";
}

TEST_F(Sessions, that_fail_do_not_stop_the_others) {
    server.answer("POST /api/v1/sessions/a/hibernate", problem(404, "not_found", "there is no such session"));
    server.answer("POST /api/v1/sessions/b/hibernate", session("b", "stopping", 6), 202);
    EXPECT_EQ(berth({"hibernate", "a", "b"}),
              (Outcome{1, "b     stopping\n", "berth: there is no such session\n"}));
}

TEST_F(Sessions, that_were_asked_say_so_before_they_have_moved) {
    server.answer("GET " + lab, session("lab", "running", 6));
    server.answer("POST " + lab_id + "/restart", session("lab", "running", 6), 202);
    server.answer("POST " + lab_id + "/wake", session("lab", "running", 6), 202);
    server.answer("POST " + lab + "/hibernate", session("lab", "running", 6), 202);
    EXPECT_EQ(berth({"restart", "lab"}), (Outcome{0, "lab   restarting\n", ""}));
    EXPECT_EQ(berth({"wake", "lab"}), (Outcome{0, "lab   running\n", ""}));
    EXPECT_EQ(berth({"hibernate", "lab"}), (Outcome{0, "lab   hibernating\n", ""}));
    server.answer("POST " + lab + "/freeze", session("lab", "running", 6), 202);
    EXPECT_EQ(berth({"freeze", "lab"}), (Outcome{0, "lab   freezing\n", ""}));
}

class Waiting : public Stage {
  protected:
    static json::object failed() {
        auto failed = session("lab", "failed", 2);
        auto& status = failed["status"].as_object();
        status["message"] = "image \"registry.example/ide:2\" not found";
        status["lastLog"] = json::array{"line 1", "line 2"};
        return failed;
    }
};

TEST_F(Waiting, shows_the_steps_and_ends_with_the_address) {
    server.answer("POST /api/v1/sessions", session("lab", "pending", 0), 201);
    server.answer("GET " + lab_id, session("lab", "starting", 2));
    server.answer("GET " + lab_id, session("lab", "starting", 4));
    server.answer("GET " + lab_id, session("lab", "running", 6));
    EXPECT_EQ(berth({"launch", "desktop", "--name", "lab", "--workspace", "w", "--wait"}),
              (Outcome{0,
                       "lab   admitted 0.0s\nlab   scheduled 0.4s\nlab   pulled 0.8s\nlab   started 1.2s\n"
                       "lab   ready 1.6s\nlab   routed 2.0s\nopen  http://lab-7f3k.localhost:8080/\n",
                       ""}));
    EXPECT_EQ(server.arrived().front().body, R"({"template":"desktop","name":"lab","workspace":"w"})");
}

TEST_F(Waiting, redraws_one_line_on_a_terminal) {
    out_terminal = true;
    server.answer("POST /api/v1/sessions", session("lab", "pending", 0), 201);
    server.answer("GET " + lab_id, session("lab", "starting", 3));
    server.answer("GET " + lab_id, session("lab", "running", 6));
    const auto shown = berth({"launch", "desktop", "--wait"});
    EXPECT_EQ(shown.status, 0);
    EXPECT_NE(shown.out.find("starting 0.0s: the engine's words"), std::string::npos) << shown.out;
    EXPECT_TRUE(
        shown.out.ends_with("\r\x1b[Klab   admitted 0.0s · scheduled 0.4s · pulled 0.8s · started 1.2s · "
                            "ready 1.6s · routed 2.0s\nopen  http://lab-7f3k.localhost:8080/\n"))
        << shown.out;
}

TEST_F(Waiting, keeps_standard_output_for_data) {
    server.answer("POST /api/v1/sessions", session("lab", "pending", 0), 201);
    server.answer("GET " + lab_id, session("lab", "running", 6));
    const auto shown = berth({"launch", "desktop", "--wait", "-o", "json"});
    EXPECT_EQ(json::parse(shown.out), json::value(session("lab", "running", 6)));
    EXPECT_TRUE(shown.err.starts_with("lab   admitted 0.0s\n")) << shown.err;
}

TEST_F(Waiting, hears_of_changes_by_the_feed_without_polling) {
    server.answer("POST /api/v1/sessions", session("lab", "pending", 0), 201);
    server.answer("GET " + lab_id, session("lab", "starting", 2));
    server.answer("GET " + lab_id, session("lab", "starting", 2));
    server.answer("GET " + lab_id, session("lab", "running", 6));
    server.talk("/api/v1/events", [](const Frame*, bool&) {
        return std::vector<Frame>{{true, R"({"type":"hello","sequence":7})"},
                                  {true, R"({"sequence":8,"kind":"session.updated","subject":"ses_other"})"},
                                  {true, R"({"sequence":9,"kind":"session.updated","subject":"ses_lab"})"}};
    });
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(berth({"launch", "desktop", "--wait"}).status, 0);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(4));
}

TEST_F(Waiting, tells_cause_log_and_next_step_of_a_failure) {
    server.answer("POST /api/v1/sessions", session("lab", "pending", 0), 201);
    server.answer("GET " + lab_id, failed());
    EXPECT_EQ(
        berth({"launch", "desktop", "--wait"}),
        (Outcome{1, "",
                 "berth: lab failed: image \"registry.example/ide:2\" not found\n  | line 1\n  | line 2\n"
                 "       see: berth logs lab, try again with: berth wake lab\n"}));
}

TEST_F(Waiting, names_no_log_where_nothing_ever_ran) {
    auto silent = failed();
    silent["status"].as_object()["lastLog"] = json::array();
    server.answer("POST /api/v1/sessions", session("lab", "pending", 0), 201);
    server.answer("GET " + lab_id, silent);
    EXPECT_EQ(berth({"launch", "desktop", "--wait"}).err,
              "berth: lab failed: image \"registry.example/ide:2\" not found\n"
              "       see: berth get lab, try again with: berth wake lab\n");
}

TEST_F(Waiting, names_the_log_of_what_ran_and_wrote_nothing) {
    auto silent = session("lab", "failed", 4);
    silent["status"].as_object()["message"] = "component main ended with status 1";
    server.answer("POST /api/v1/sessions", session("lab", "pending", 0), 201);
    server.answer("GET " + lab_id, silent);
    EXPECT_EQ(berth({"launch", "desktop", "--wait"}).err,
              "berth: lab failed: component main ended with status 1\n"
              "       see: berth logs lab, try again with: berth wake lab\n");
}

TEST_F(Waiting, reads_the_log_of_a_failure_that_brings_none) {
    auto silent = failed();
    silent["status"].as_object()["lastLog"] = json::array();
    server.answer("POST /api/v1/sessions", session("lab", "pending", 0), 201);
    server.answer("GET " + lab_id, silent);
    server.answer("GET " + lab_id + "/logs?tail=10", Canned{200, "starting up\nno licence\n", {}});
    EXPECT_EQ(
        berth({"launch", "desktop", "--wait"}).err,
        "berth: lab failed: image \"registry.example/ide:2\" not found\n  | starting up\n  | no licence\n"
        "       see: berth logs lab, try again with: berth wake lab\n");
}

TEST_F(Waiting, quotes_names_in_what_it_says_to_type) {
    auto odd = failed();
    odd["name"] = "it's Ü";
    server.answer("POST /api/v1/sessions", odd, 201);
    server.answer("GET " + lab_id, odd);
    const auto shown = berth({"launch", "desktop", "--wait"});
    EXPECT_TRUE(
        shown.err.ends_with("       see: berth logs 'it'\\''s Ü', try again with: berth wake 'it'\\''s Ü'\n"))
        << shown.err;
}

TEST_F(Waiting, for_a_wake_after_a_failure_takes_no_notice_of_the_old_start) {
    server.answer("GET " + lab, failed());
    server.answer("POST " + lab_id + "/wake", failed(), 202);
    server.answer("GET " + lab_id, failed());
    server.answer("GET " + lab_id, session("lab", "running", 6, 2));
    const auto shown = berth({"wake", "lab", "--wait"});
    EXPECT_EQ(shown.status, 0);
    EXPECT_TRUE(shown.out.ends_with("open  http://lab-7f3k.localhost:8080/\n")) << shown.out;
}

TEST_F(Waiting, for_the_end_is_over_when_it_is_gone) {
    server.answer("GET " + lab, session("lab", "running", 6));
    server.answer("DELETE " + lab_id, session("lab", "terminating", 6), 202);
    server.answer("GET " + lab_id, session("lab", "terminating", 6));
    server.answer("GET " + lab_id, problem(404, "not_found", "there is no such session"));
    const auto shown = berth({"rm", "-y", "lab", "--wait"});
    EXPECT_EQ(shown.status, 0) << shown.err;
    EXPECT_EQ(shown.out, "lab   gone, workspace lab is kept\n");
}

TEST_F(Waiting, is_left_by_ctrl_c_and_says_how_to_come_back) {
    server.answer("POST /api/v1/sessions", session("lab", "pending", 0), 201);
    server.answer("GET " + lab_id, session("lab", "starting", 2));
    // The signal comes once the program has asked for the session twice: it is waiting by then.
    std::jthread interrupter([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::size_t looks = 0;
            for (const auto& request : server.arrived()) looks += request.line == "GET " + lab_id ? 1u : 0u;
            if (looks >= 2) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        ::kill(::getpid(), SIGINT);
    });
    EXPECT_EQ(berth({"launch", "desktop", "--wait"}),
              (Outcome{130, "lab   admitted 0.0s\nlab   scheduled 0.4s\n",
                       "berth: lab is still starting\n       it goes on; come back with: berth open lab\n"}));
}

}  // namespace
}  // namespace berth::cli
