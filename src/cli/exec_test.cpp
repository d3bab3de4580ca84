#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "cli/stage.hpp"

namespace berth::cli {
namespace {

const std::string path = "/api/v1/sessions/lab/exec";

Frame exited(int status) {
    return {true, "{\"type\":\"exited\",\"status\":" + std::to_string(status) + "}"};
}

class Exec : public Stage {
  protected:
    /// A program that copies its input to both outputs and then ends with a status.
    void copy_program(int status) {
        server.talk(path, [status, text = std::string()](const Frame* heard, bool&) mutable {
            std::vector<Frame> frames;
            if (heard != nullptr && !heard->text) text += heard->bytes;
            if (heard == nullptr || !heard->text) return frames;
            frames.push_back({false, "\x01" + text});
            frames.push_back({false, "\x02" + std::string("warned\n")});
            frames.push_back(exited(status));
            return frames;
        });
    }
};

TEST_F(Exec, connects_standard_input_and_both_outputs_and_ends_as_the_command) {
    copy_program(3);
    EXPECT_EQ(berth({"exec", "lab", "-c", "web", "--", "cat", "-n", "a b"}, "one\ntwo\n"),
              (Outcome{3, "one\ntwo\n", "warned\n"}));
    EXPECT_EQ(server.arrived().front().line,
              "WS " + path + "?tty=0&component=web&command=cat&command=-n&command=a%20b");
}

TEST_F(Exec, takes_a_command_without_dashes_and_leaves_its_options_alone) {
    copy_program(0);
    EXPECT_EQ(berth({"exec", "-i", "lab", "ls", "-l", "--help"}).status, 0);
    EXPECT_EQ(server.arrived().front().line, "WS " + path + "?tty=0&command=ls&command=-l&command=--help");
}

TEST_F(Exec, carries_more_input_than_fits_into_one_message) {
    copy_program(0);
    std::string much(300'000, 'x');
    const auto shown = berth({"exec", "lab", "--", "cat"}, much);
    EXPECT_EQ(shown.status, 0);
    EXPECT_EQ(shown.out, much);
}

TEST_F(Exec, asks_for_a_terminal_of_the_right_size) {
    copy_program(0);
    EXPECT_EQ(berth({"exec", "-t", "lab", "--", "top"}).status, 0);
    EXPECT_EQ(server.arrived().front().line, "WS " + path + "?tty=1&rows=24&cols=80&command=top");
}

bool raw(int terminal) {
    termios mode{};
    return tcgetattr(terminal, &mode) == 0 && (mode.c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

TEST_F(Exec, without_a_command_is_a_shell_whose_terminal_follows_this_one) {
    winsize size{.ws_row = 30, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    int keys = -1;
    ASSERT_EQ(openpty(&keys, &terminal, nullptr, nullptr, &size), 0);
    in_terminal = out_terminal = true;
    std::string typed, resized;
    server.talk(path, [&](const Frame* heard, bool&) {
        if (heard != nullptr) (heard->text ? resized : typed) += heard->bytes;
        std::vector<Frame> frames;
        if (typed.ends_with("q") && !resized.empty())
            frames = {{false,
                       "\x01"
                       "bye"},
                      exited(0)};
        return frames;
    });
    // Somebody types Ctrl-C and q and makes the window larger once the terminal is raw.
    std::jthread person([&](const std::stop_token& stop) {
        while (!raw(terminal) && !stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        const winsize larger{.ws_row = 40, .ws_col = 120, .ws_xpixel = 0, .ws_ypixel = 0};
        ioctl(keys, TIOCSWINSZ, &larger);
        ::kill(::getpid(), SIGWINCH);
        EXPECT_EQ(::write(keys, "\x03q", 2), 2);
    });
    EXPECT_EQ(berth({"exec", "lab"}), (Outcome{0, "bye", ""}));
    person.join();
    EXPECT_EQ(typed, "\x03q");
    EXPECT_EQ(resized, R"({"type":"resize","rows":40,"cols":120})");
    EXPECT_TRUE(
        server.arrived().front().line.starts_with("WS " + path + "?tty=1&rows=30&cols=100&command=sh"));
    EXPECT_FALSE(raw(terminal));
    ::close(keys);
    ::close(terminal);
}

TEST_F(Exec, tells_why_the_command_could_not_run) {
    server.talk(path, [](const Frame*, bool& close) {
        close = true;
        return std::vector<Frame>{
            {true, R"({"type":"problem","code":"not_running","detail":"lab is hibernated"})"}};
    });
    EXPECT_EQ(berth({"exec", "lab", "--", "ls"}), (Outcome{1, "", "berth: lab is hibernated\n"}));
}

TEST_F(Exec, of_a_program_that_is_not_there_ends_as_a_shell_would) {
    for (const auto& [code, status] : {std::pair{"program_not_found", 127}, std::pair{"cannot_run", 126}}) {
        server.talk(path, [word = std::string(code)](const Frame*, bool& close) {
            close = true;
            return std::vector<Frame>{
                {true, R"({"type":"problem","code":")" + word + R"(","detail":"vim: no such file"})"}};
        });
        EXPECT_EQ(berth({"exec", "lab", "--", "vim"}), (Outcome{status, "", "berth: vim: no such file\n"}));
    }
}

TEST_F(Exec, refused_before_the_upgrade_keeps_the_words_of_the_server) {
    server.answer("GET " + path + "?tty=0&command=ls",
                  problem(409, "not_running", "lab is hibernated", "wake it"));
    EXPECT_EQ(berth({"exec", "lab", "--", "ls"}),
              (Outcome{1, "", "berth: lab is hibernated\n       wake it\n"}));
}

TEST_F(Exec, says_when_the_connection_was_lost) {
    server.talk(path, [](const Frame*, bool& close) {
        close = true;
        return std::vector<Frame>{{false, "\x01half"}};
    });
    EXPECT_EQ(berth({"exec", "lab", "--", "ls"}),
              (Outcome{1, "half", "berth: the connection to the program was lost before it ended\n"}));
}

class Logs : public Stage {};

TEST_F(Logs, are_printed_as_they_are) {
    server.answer("GET /api/v1/sessions/lab/logs?follow=false&tail=2&component=web",
                  Canned{200, "one\n\x1b[1mtwo\n", {}});
    EXPECT_EQ(berth({"logs", "lab", "--tail", "2", "-c", "web"}), (Outcome{0, "one\n\x1b[1mtwo\n", ""}));
}

TEST_F(Logs, of_nothing_fail_with_the_words_of_the_server) {
    server.answer("GET /api/v1/sessions/lab/logs?follow=true",
                  problem(404, "not_found", "there is no such session"));
    EXPECT_EQ(berth({"logs", "-f", "lab"}), (Outcome{1, "", "berth: there is no such session\n"}));
}

}  // namespace
}  // namespace berth::cli
