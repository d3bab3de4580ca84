#include "api/harness.hpp"
#include "api/live.hpp"

namespace berth::api::testing {
namespace {

struct Running : World {
    Running() {
        send(as_root, "POST", "/api/v1/templates", json::object{{"document", template_document("shell")}});
        const auto made = send(as_ann, "POST", "/api/v1/sessions", {{"template", "shell"}});
        id = body_of(made).at("id").as_string();
        set_phase(id, Phase::running);
    }
    std::string id;
};

TEST(Terminal, it_says_where_it_is_and_carries_bytes_both_ways) {
    Running world;
    const auto socket = world.open(world.as_ann, "/api/v1/sessions/shell/terminal?id=t1&rows=30&cols=100");
    ASSERT_TRUE(socket);
    world.run_until([&] { return !socket->texts().empty(); });
    EXPECT_EQ(socket->texts().front(),
              (json::value{{"type", "attached"}, {"offset", 0}, {"liveFrom", 0}, {"id", "t1"}}));
    socket->say({.text = true, .bytes = R"({"type":"resize","rows":10,"cols":20})"});
    socket->say({.text = true, .bytes = "no JSON at all"});
    socket->say({.text = false, .bytes = "echo me"});
    world.run_until([&] { return socket->binary().find("echo me") != std::string::npos; });
    world.run(world.activity.report());
    const auto session = world.get(world.as_ann, "/api/v1/sessions/shell");
    EXPECT_EQ(session.at("lastActive"),
              (json::value{{"at", "2026-03-01T09:00:00.000Z"}, {"source", "terminal"}}));
    socket->leave();
    world.run_until([&] { return socket.use_count() == 1; });
}

TEST(Terminal, a_program_marks_its_output_and_says_how_it_ended) {
    Running world;
    const auto socket =
        world.open(world.as_ann, "/api/v1/sessions/shell/exec?command=sh&command=-c&command=ls");
    ASSERT_TRUE(socket);
    world.run_until([&] { return socket->closed.has_value(); });
    EXPECT_EQ(socket->binary(), "\x01simulated: sh -c ls\n");
    EXPECT_EQ(socket->texts(), (json::array{json::object{{"type", "exited"}, {"status", 0}}}));
    EXPECT_EQ(socket->closed, 1000);
    world.run(world.activity.report());
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/sessions/shell").at("lastActive").at("source"), "exec");
}

TEST(Terminal, a_screen_is_bytes_both_ways) {
    Running world;
    const auto socket = world.open(world.as_ann, "/api/v1/sessions/shell/vnc");
    ASSERT_TRUE(socket);
    socket->say({.text = false, .bytes = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"});
    world.run_until([&] { return socket->binary().find("HTTP/1.1 200") != std::string::npos; });
    world.run(world.activity.report());
    EXPECT_FALSE(world.get(world.as_ann, "/api/v1/sessions/shell").as_object().contains("lastActive"));
    socket->say({.text = false, .bytes = std::string("\x04\x01\0\0\0\0\0\x61", 8)});
    world.run_until([&] {
        world.run(world.activity.report());
        return world.get(world.as_ann, "/api/v1/sessions/shell").as_object().contains("lastActive");
    });
}

TEST(Terminal, a_page_hears_why_it_is_not_let_in) {
    Running world;
    const auto cookie = world.cookie_of(world.ann), stranger = world.cookie_of(world.bob);
    const Proof signed_out{{{"Origin", world.origin.url}}};
    const auto path = "/api/v1/sessions/" + world.id + "/terminal";
    world.set_phase(world.id, Phase::hibernated);
    const std::vector<std::pair<Proof, int>> table{{cookie, 4409}, {stranger, 4404}, {signed_out, 4401}};
    for (const auto& [proof, code] : table) {
        const auto socket = world.open(proof, path);
        ASSERT_TRUE(socket);
        world.run_until([&] { return socket->closed.has_value(); });
        EXPECT_EQ(socket->closed, code);
        EXPECT_EQ(socket->texts().front().at("type"), "problem");
    }
    const auto program = world.ask(world.as_ann, "GET", path, {}, {{"Upgrade", "websocket"}});
    EXPECT_EQ(program.status, 409);
    EXPECT_EQ(body_of(program).at("code"), "not_running");
}

TEST(Terminal, an_administrator_does_not_enter_the_session_of_another) {
    Running world;
    for (const auto* what : {"terminal", "exec?command=ls", "vnc", "logs"})
        EXPECT_EQ(world
                      .ask(world.as_root, "GET", "/api/v1/sessions/" + world.id + "/" + what, {},
                           {{"Upgrade", "websocket"}})
                      .status,
                  404)
            << what;
    EXPECT_EQ(world.ask(world.as_root, "GET", "/api/v1/sessions/" + world.id).status, 200);
}

TEST(Terminal, what_is_asked_for_has_limits) {
    Running world;
    for (const auto* wrong : {"rows=0", "cols=1001", "id=", "offset=-1", "component=nothing"}) {
        const auto answer =
            world.ask(world.as_ann, "GET", std::string("/api/v1/sessions/shell/terminal?") + wrong, {},
                      {{"Upgrade", "websocket"}});
        EXPECT_TRUE(answer.status == 400 || answer.status == 404) << wrong << " " << answer.status;
    }
}

class Lines final : public net::BodyWriter {
  public:
    Task<> write(std::string_view bytes) override {
        text += bytes;
        co_return;
    }
    std::string text;
};

TEST(Logs, they_are_lines_of_text) {
    Running world;
    const auto response = world.ask(world.as_ann, "GET", "/api/v1/sessions/shell/logs?tail=10");
    EXPECT_EQ(text_of(response, "Content-Type"), "text/plain; charset=utf-8");
    ASSERT_TRUE(response.stream);
    Lines lines;
    world.run(response.stream(lines));
    EXPECT_EQ(lines.text, "this is a simulated session\n");
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/sessions/shell/logs?tail=10001").status, 400);
}

TEST(Live, keys_pointers_and_clipboards_are_of_people) {
    const auto bytes = [](std::initializer_list<int> list) { return std::string(list.begin(), list.end()); };
    const auto key = bytes({4, 1, 0, 0, 0, 0, 0, 97}), pointer = bytes({5, 0, 0, 1, 0, 1});
    const auto update = bytes({3, 1, 0, 0, 0, 0, 4, 0, 3, 0}), encodings = bytes({2, 0, 0, 1, 0, 0, 0, 0});
    const auto paste = bytes({6, 0, 0, 0, 0, 0, 0, 2, 'h', 'i'});
    EXPECT_TRUE(shows_person(key));
    EXPECT_TRUE(shows_person(pointer));
    EXPECT_TRUE(shows_person(paste));
    EXPECT_TRUE(shows_person(update + encodings + key));
    EXPECT_FALSE(shows_person(update + encodings));
    EXPECT_FALSE(shows_person("RFB 003.008\n"));
    EXPECT_FALSE(shows_person(""));
    EXPECT_FALSE(shows_person(key.substr(0, 7)));
    EXPECT_FALSE(shows_person(bytes({1})));
}

}  // namespace
}  // namespace berth::api::testing
