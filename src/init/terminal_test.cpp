#include <algorithm>

#include "init/harness.hpp"

namespace berth::init::test {
namespace {

/// The fields of an answer to T.
struct Answer {
    std::uint64_t offset = 0;
    pid_t pid = 0;
    bool created = false;

    explicit Answer(const Message& message) {
        Fields parts(message.payload);
        offset = number(parts.next().value_or("")).value_or(0);
        pid = static_cast<pid_t>(number(parts.next().value_or("")).value_or(0));
        created = parts.next() == "1";
    }
};

TEST_F(Init, a_terminal_shows_what_its_program_writes) {
    auto terminal = attach("main", {"sh", "-c", "echo hello; tty; exit 3"});
    EXPECT_TRUE(Answer(answer_).created);
    EXPECT_EQ(Answer(answer_).offset, 0U);
    const auto seen = terminal.read_all();
    EXPECT_TRUE(joined(seen, 'd').starts_with("hello\r\n/dev/pts/")) << joined(seen, 'd');
    EXPECT_EQ(seen.back(), (Message{'x', "3"}));
}

TEST_F(Init, what_is_typed_reaches_the_program) {
    auto terminal = attach("main", {"cat"});
    terminal.send('d', "hello\r");
    EXPECT_EQ(terminal.read_until("hello\r\nhello\r\n"), "hello\r\nhello\r\n");
    terminal.send('d', "\x04");
    EXPECT_EQ(terminal.read_all().back(), (Message{'x', "0"}));
}

TEST_F(Init, a_terminal_is_a_session_of_its_own_that_takes_interrupts) {
    auto terminal = attach(
        "main", {"sh", "-c", "trap 'echo stopped; exit 9' INT; echo ready; while :; do sleep 0.01; done"});
    terminal.read_until("ready");
    terminal.send('d', "\x03");
    EXPECT_EQ(terminal.read_all().back(), (Message{'x', "9"}));
}

TEST_F(Init, a_resize_reaches_the_program_and_the_newest_wins) {
    auto first = attach("main");
    auto second = attach("main");
    first.send('r', fields({"50", "132"}));
    first.send('d', "stty size\r");
    first.read_until("50 132");
    second.send('r', fields({"30", "90"}));
    second.send('d', "stty size\r");
    first.read_until("30 90");
    EXPECT_EQ(ask('L').read()->payload,
              fields({"main", std::to_string(Answer(answer_).pid), "30", "90", "sh", ""}));
}

TEST_F(Init, two_clients_see_the_same) {
    auto first = attach("main", {"cat"});
    auto second = attach("main", {"cat"});
    EXPECT_FALSE(Answer(answer_).created);
    second.send('d', "hello\r");
    EXPECT_EQ(first.read_until("hello\r\nhello\r\n"), second.read_until("hello\r\nhello\r\n"));
}

TEST_F(Init, a_terminal_outlives_its_client) {
    auto first = attach("main");
    const auto pid = Answer(answer_).pid;
    first.send('d', "KEPT=yes\r");
    first.read_until("KEPT=yes\r\n");
    first.close();
    auto second = attach("main");
    EXPECT_FALSE(Answer(answer_).created);
    EXPECT_EQ(Answer(answer_).pid, pid);
    second.send('d', "echo kept: $KEPT\r");
    second.read_until("kept: yes");
}

TEST_F(Init, a_client_that_comes_back_gets_exactly_what_it_missed) {
    auto first =
        attach("main", {"sh", "-c", "stty -echo; echo one; read go; echo two; read go; exec sleep 100"});
    const auto seen = first.read_until("one\r\n");
    first.close();
    attach("main").send('d', "\r");
    auto whole = attach("main");
    EXPECT_EQ(whole.read_until("two\r\n"), "one\r\ntwo\r\n");
    auto second = attach("main", {}, std::to_string(seen.size()));
    EXPECT_EQ(Answer(answer_).offset, seen.size());
    EXPECT_EQ(second.read_until("two\r\n"), "two\r\n");
}

TEST_F(Init, an_offset_outside_what_is_kept_is_moved_inside) {
    auto flood =
        attach("main", {"sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x; echo end; exec sleep 100"});
    std::uint64_t end = 0;
    while (auto message = flood.read()) {
        end += message->kind == 'd' ? message->payload.size() : 0;
        if (message->kind == 'o') end = std::stoull(message->payload);
        if (message->payload.ends_with("end\r\n")) break;
    }
    EXPECT_EQ(end, 300005U);
    auto early = attach("main", {}, "5");
    EXPECT_EQ(Answer(answer_).offset, end - 262144);
    EXPECT_EQ(early.read_until("end\r\n").size(), 262144U);
    attach("main", {}, "999999999");
    EXPECT_EQ(Answer(answer_).offset, end);
}

TEST_F(Init, a_slow_client_skips_a_gap_and_holds_up_nobody) {
    auto slow = attach(
        "main", {"sh", "-c", "read go; head -c 8000000 /dev/zero | tr '\\0' x; echo end; exec sleep 100"});
    auto quick = attach("main");
    quick.send('d', "\r");
    // It reads nothing while the other one takes everything to the end.
    quick.read_until("end\r\n");
    std::uint64_t at = 0;
    std::uint64_t gaps = 0;
    std::uint64_t received = 0;
    for (;;) {
        const auto message = slow.read();
        ASSERT_TRUE(message);
        if (message->kind == 'o') {
            ASSERT_GT(std::stoull(message->payload), at);
            gaps += std::stoull(message->payload) - at;
            at = std::stoull(message->payload);
        } else {
            at += message->payload.size();
            received += message->payload.size();
        }
        if (message->payload.ends_with("end\r\n")) break;
    }
    EXPECT_EQ(at, received + gaps);
    EXPECT_GE(at, 8000005U);
    EXPECT_LT(received, 2000000U);
}

TEST_F(Init, input_that_the_program_does_not_read_holds_up_only_who_sent_it) {
    auto terminal = attach(
        "main", {"sh", "-c", "stty raw -echo; echo ready; read go < /dev/stdin; sleep 0.2; cat | wc -c"});
    terminal.read_until("ready");
    const std::string pasted = "\n" + std::string(400000, 'x');
    std::thread paste([&] {
        for (std::size_t at = 0; at < pasted.size(); at += 40000)
            terminal.send('d', pasted.substr(at, 40000));
    });
    EXPECT_EQ(ask('P').read()->kind, 'O');
    paste.join();
    EXPECT_TRUE(eventually([&] { return ask('L').read()->payload.starts_with("main"); }));
    EXPECT_EQ(ask('K', "main").read()->kind, 'O');
    EXPECT_EQ(terminal.read_all().back().kind, 'x');
}

TEST_F(Init, an_ended_terminal_is_replayed_to_who_continues_it) {
    auto first = attach("main", {"sh", "-c", "printf 0123456789; exit 5"});
    EXPECT_EQ(first.read_all().back(), (Message{'x', "5"}));
    for (int again = 0; again < 2; ++again) {
        auto later = attach("main", {"sh"}, "4");
        EXPECT_EQ(answer_.payload, fields({"4", "0", "0", "10"}));
        EXPECT_EQ(later.read_all(), (std::vector<Message>{{'d', "456789"}, {'x', "5"}}));
    }
    EXPECT_EQ(ask('L').read()->payload, "");
    EXPECT_EQ(ask('K', "main").read()->payload.substr(0, 6), "ENOENT");
}

TEST_F(Init, an_ended_terminal_is_made_anew_for_who_asks_for_everything) {
    EXPECT_EQ(attach("main", {"sh", "-c", "echo old"}).read_all().back(), (Message{'x', "0"}));
    auto fresh = attach("main", {"sh", "-c", "echo new; exec sleep 100"});
    EXPECT_TRUE(Answer(answer_).created);
    EXPECT_EQ(fresh.read_until("\n"), "new\r\n");
}

TEST_F(Init, sixteen_ended_terminals_are_remembered_and_the_oldest_goes) {
    for (int i = 0; i < 17; ++i) attach("t" + std::to_string(i), {"true"}).read_all();
    for (int i = 1; i < 17; ++i) {
        auto later = attach("t" + std::to_string(i), {"sleep", "100"}, "0");
        EXPECT_FALSE(Answer(answer_).created) << i;
    }
    attach("t0", {"sleep", "100"}, "0");
    EXPECT_TRUE(Answer(answer_).created);
}

TEST_F(Init, a_killed_terminal_ends_also_when_it_ignores_the_hang_up) {
    auto polite = attach("polite");
    auto stubborn = attach("stubborn", {"sh", "-c", "trap '' HUP; echo ready; while :; do sleep 0.01; done"});
    stubborn.read_until("ready");
    EXPECT_EQ(ask('K', "polite").read(), (Message{'O', ""}));
    EXPECT_EQ(ask('K', "stubborn").read(), (Message{'O', ""}));
    EXPECT_EQ(polite.read_all().back(), (Message{'x', std::to_string(128 + SIGHUP)}));
    EXPECT_EQ(stubborn.read_all().back(), (Message{'x', std::to_string(128 + SIGKILL)}));
    EXPECT_EQ(ask('K', "nobody").read(), (Message{'E', fields({"ENOENT", "there is no such terminal"})}));
}

TEST_F(Init, a_killed_terminal_takes_what_its_shell_left_behind) {
    auto terminal = attach("main", {"sh", "-c", "(trap '' HUP; exec sleep 1000) & echo $! ready; exec cat"});
    const auto left = std::stoi(terminal.read_until("ready"));
    EXPECT_EQ(ask('K', "main").read(), (Message{'O', ""}));
    EXPECT_EQ(terminal.read_all().back(), (Message{'x', std::to_string(128 + SIGHUP)}));
    EXPECT_TRUE(eventually([&] { return !exists(left); }));
}

TEST_F(Init, the_shell_of_a_terminal_is_a_login_shell_at_home) {
    std::filesystem::create_directory(directory_ / "home");
    start({"sleep", "1000"}, {"HOME=" + (directory_ / "home"), "SHELL=/bin/sh"});
    auto terminal = attach("main", {});
    terminal.send('d', "echo $0,$PWD,$TERM,$COLORTERM,\r");
    terminal.read_until("-sh," + (directory_ / "home") + ",xterm-256color,truecolor,\r\n");
}

TEST_F(Init, without_a_usable_shell_or_home_the_next_best_is_taken) {
    start({"sleep", "1000"}, {"HOME=/nowhere", "SHELL=/nowhere/sh"});
    auto terminal = attach("main", {});
    terminal.send('d', "echo $0,$PWD,\r");
    const auto seen = terminal.read_until("sh,/,\r\n");
    EXPECT_NE(seen.find("-"), std::string::npos);
}

TEST_F(Init, a_terminal_whose_program_is_missing_is_refused) {
    auto client = ask('T', fields({"main", "24", "80", "", "/nowhere/program"}));
    EXPECT_EQ(client.read(), (Message{'E', fields({"ENOENT", "the program cannot be started"})}));
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(ask('L').read()->payload, "");
}

TEST_F(Init, a_program_on_a_terminal_gets_default_signals_and_only_its_own_descriptors) {
    auto terminal =
        attach("main", {"sh", "-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status; exec ls /proc/self/fd"});
    const auto seen = joined(terminal.read_all(), 'd');
    EXPECT_NE(seen.find("SigBlk:\t0000000000000000\r\nSigIgn:\t0000000000000000\r\n0  1  2  3\r\n"),
              std::string::npos)
        << seen;
}

TEST_F(Init, a_wrong_frame_in_a_stream_closes_it_and_leaves_the_terminal) {
    auto wrong = attach("main");
    wrong.send('?');
    wrong.read_all();
    auto again = attach("main");
    EXPECT_FALSE(Answer(answer_).created);
}

}  // namespace
}  // namespace berth::init::test
