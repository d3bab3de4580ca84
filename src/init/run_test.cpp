#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "init/harness.hpp"

namespace berth::init::test {
namespace {

TEST_F(Init, exits_with_the_status_of_its_program) {
    EXPECT_EQ(start({"sh", "-c", "exit 7"}).wait(), 7);
    EXPECT_EQ(start({"true"}).wait(), 0);
    EXPECT_EQ(start({"sh", "-c", "kill -KILL $$"}).wait(), 128 + SIGKILL);
}

TEST_F(Init, a_missing_program_is_127_and_says_so) {
    auto& process = start({"/nowhere/program"});
    EXPECT_EQ(process.wait(), 127);
    EXPECT_EQ(process.err(), "berth-init: \"/nowhere/program\": no such file or directory\n");
    EXPECT_FALSE(std::filesystem::exists(directory_ / "s"));
}

TEST_F(Init, a_program_that_cannot_be_run_is_126_and_says_so) {
    std::ofstream(directory_ / "text") << "words";
    auto& process = start({directory_ / "text"});
    EXPECT_EQ(process.wait(), 126);
    EXPECT_EQ(process.err(), "berth-init: \"" + (directory_ / "text") + "\": permission denied\n");
}

TEST_F(Init, an_impossible_socket_is_125_and_says_so) {
    auto& process = start({"true"}, {});
    EXPECT_EQ(process.wait(), 0);
    Process other(directory_, {"run", "true"}, {});
    EXPECT_EQ(other.wait(), 0);
    std::filesystem::create_directory(directory_ / "s");
    auto& blocked = start({"true"});
    EXPECT_EQ(blocked.wait(), 125);
    EXPECT_EQ(blocked.err(), "berth-init: \"" + (directory_ / "s") + "\": address already in use\n");
}

TEST_F(Init, without_a_program_it_explains_itself) {
    Process process(directory_, {"run", "--"});
    EXPECT_EQ(process.wait(), 2);
    EXPECT_EQ(process.err().substr(0, 21), "usage: berth-init run");
}

TEST_F(Init, the_program_gets_its_words_its_environment_and_default_signals) {
    auto& process =
        start({"sh", "-c", "echo $1 $COLOR; grep -E '^Sig(Blk|Ign)' /proc/self/status", "sh", "a b"},
              {"COLOR=red"});
    EXPECT_EQ(process.wait(), 0);
    EXPECT_EQ(process.out(), "a b red\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(Init, signals_are_passed_on) {
    auto& process = start({"sh", "-c",
                           "trap 'echo usr1' USR1; trap 'echo hup' HUP; trap 'echo winch' WINCH;"
                           "trap 'echo term; exit 3' TERM; echo ready; while :; do sleep 0.01; done"});
    const auto says = [&](const std::string& word) {
        return eventually([&] { return process.out().ends_with(word + "\n"); });
    };
    ASSERT_TRUE(says("ready"));
    for (const auto& [number, word] : {std::pair{SIGUSR1, "usr1"}, {SIGHUP, "hup"}, {SIGWINCH, "winch"}}) {
        process.signal(number);
        EXPECT_TRUE(says(word)) << process.out();
    }
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait(), 3);
}

TEST_F(Init, a_program_ended_by_a_signal_gives_its_number) {
    auto& process = start();
    connect();
    process.signal(SIGINT);
    EXPECT_EQ(process.wait(), 128 + SIGINT);
}

TEST_F(Init, orphans_are_collected) {
    auto& process = start({"sh", "-c", "(true & true &) ; (sleep 0.05 &) ; echo ready; exec sleep 1000"});
    ASSERT_TRUE(eventually([&] { return process.out() == "ready\n"; }));
    const auto children =
        "/proc/" + std::to_string(process.pid()) + "/task/" + std::to_string(process.pid()) + "/children";
    const auto count = [&] {
        const auto text = Process::contents(children);
        return std::ranges::count(text, ' ');
    };
    EXPECT_TRUE(eventually([&] { return count() == 1; })) << Process::contents(children);
}

TEST_F(Init, a_stale_socket_is_replaced_and_the_own_one_removed) {
    ASSERT_EQ(start({"true"}).wait(), 0);
    const Fd stale(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    (directory_ / "s").copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    auto& process = start();
    EXPECT_EQ(ask('P').read()->kind, 'O');
    struct stat file;
    ASSERT_EQ(::stat((directory_ / "s").c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0666U);
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait(), 128 + SIGTERM);
    EXPECT_FALSE(std::filesystem::exists(directory_ / "s"));
}

TEST_F(Init, says_its_version_on_both_ways) {
    Process process(directory_, {"version"});
    ASSERT_EQ(process.wait(), 0);
    auto client = ask('P');
    EXPECT_EQ(client.read()->payload + "\n", process.out());
    EXPECT_TRUE(client.ended());
}

TEST_F(Init, terminals_and_programs_hear_of_the_end_before_it_comes) {
    start();
    auto terminal =
        attach("main", {"sh", "-c", "trap 'echo bye; exit 4' HUP; echo ready; while :; do sleep 0.01; done"});
    terminal.read_until("ready");
    auto running =
        exec({"sh", "-c", "trap 'echo bye; exit 5' HUP; echo ready; while :; do sleep 0.01; done"});
    running.read_until("ready", '1');
    process_->signal(SIGTERM);
    const auto seen = terminal.read_all();
    // Before it a shell may report that the command it waited for was hung up too.
    EXPECT_TRUE(joined(seen, 'd').ends_with("bye\r\n")) << joined(seen, 'd');
    EXPECT_EQ(seen.back(), (Message{'x', "4"}));
    const auto heard = running.read_all();
    EXPECT_EQ(joined(heard, '1'), "bye\n");
    EXPECT_EQ(heard.back(), (Message{'x', "5"}));
    EXPECT_EQ(process_->wait(), 128 + SIGTERM);
}

TEST_F(Init, who_ignores_the_end_is_killed_and_does_not_delay_it) {
    start();
    auto terminal =
        attach("main", {"sh", "-c", "trap '' HUP TERM; echo $$ ready; while :; do sleep 0.01; done"});
    const auto pid = std::stoi(terminal.read_until("ready"));
    const auto before = std::chrono::steady_clock::now();
    process_->signal(SIGTERM);
    EXPECT_EQ(process_->wait(), 128 + SIGTERM);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
    EXPECT_TRUE(eventually([&] { return !exists(pid); }));
}

}  // namespace
}  // namespace berth::init::test
