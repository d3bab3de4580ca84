#include "init/harness.hpp"

namespace berth::init::test {
namespace {

/// The pid in the answer to X.
pid_t started(Client& client) {
    const auto answer = client.read().value_or(Message{});
    EXPECT_EQ(answer.kind, 'O') << answer.payload;
    return answer.kind == 'O' ? std::stoi(answer.payload) : -1;
}

TEST_F(Init, a_program_has_separate_output_errors_and_status) {
    auto client = exec({"sh", "-c", "echo out; echo err >&2; exit 6"});
    started(client);
    const auto seen = client.read_all();
    EXPECT_EQ(joined(seen, '1'), "out\n");
    EXPECT_EQ(joined(seen, '2'), "err\n");
    EXPECT_EQ(seen.back(), (Message{'x', "6"}));
}

TEST_F(Init, input_reaches_a_program_until_it_is_closed) {
    auto client = exec({"sh", "-c", "cat; echo end"});
    started(client);
    client.send('0', "one ");
    client.send('0', "two\n");
    client.read_until("one two\n", '1');
    client.send('c');
    EXPECT_EQ(client.read_all(), (std::vector<Message>{{'1', "end\n"}, {'x', "0"}}));
}

TEST_F(Init, ten_megabytes_pass_through_a_program_and_back) {
    auto client = exec({"cat"});
    started(client);
    std::string sent(10'000'000, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 % 251);
    std::thread writer([&] {
        for (std::size_t at = 0; at < sent.size(); at += 65536) client.send('0', sent.substr(at, 65536));
        client.send('c');
    });
    const auto seen = client.read_all();
    writer.join();
    EXPECT_TRUE(joined(seen, '1') == sent);
    EXPECT_EQ(seen.back(), (Message{'x', "0"}));
}

TEST_F(Init, a_client_that_does_not_read_stops_the_program_and_nobody_else) {
    auto client = exec({"sh", "-c", "head -c 10000000 /dev/zero"});
    const auto pid = started(client);
    std::this_thread::sleep_for(300ms);  // Long enough to write everything, were it taken.
    EXPECT_EQ(ask('P').read()->kind, 'O');
    EXPECT_TRUE(exists(pid)) << "it wrote more than pipe and buffers hold";
    const auto seen = client.read_all();
    EXPECT_EQ(joined(seen, '1').size(), 10'000'000U);
    EXPECT_EQ(seen.back(), (Message{'x', "0"}));
}

TEST_F(Init, the_status_comes_after_the_last_output_also_of_children) {
    auto client = exec({"sh", "-c", "(sleep 0.2; echo late) & exit 2"});
    started(client);
    EXPECT_EQ(client.read_all(), (std::vector<Message>{{'1', "late\n"}, {'x', "2"}}));
}

TEST_F(Init, input_for_a_program_that_reads_none_is_dropped) {
    auto client = exec({"sh", "-c", "exec <&-; sleep 0.1; echo done"});
    started(client);
    for (int i = 0; i < 8; ++i) client.send('0', std::string(65536, 'x'));
    EXPECT_EQ(client.read_all(), (std::vector<Message>{{'1', "done\n"}, {'x', "0"}}));
}

TEST_F(Init, a_program_gets_its_directory_and_environment) {
    start({"sleep", "1000"}, {"COLOR=red", "SIZE=1"});
    auto client = exec({"sh", "-c", "echo $PWD $COLOR $SIZE $MORE"}, "", "/usr", "SIZE=2\x01MORE=a b");
    started(client);
    EXPECT_EQ(client.read_all(), (std::vector<Message>{{'1', "/usr red 2 a b\n"}, {'x', "0"}}));
}

TEST_F(Init, a_program_is_found_in_the_path_it_is_given) {
    std::ofstream(directory_ / "tool") << "#!/bin/sh\necho found\n";
    std::filesystem::permissions(directory_ / "tool", std::filesystem::perms::owner_all);
    const auto path = (directory_ / "").substr(0, (directory_ / "").size() - 1);
    auto client = exec({"tool"}, "", "", "PATH=" + path);
    started(client);
    EXPECT_EQ(client.read_all(), (std::vector<Message>{{'1', "found\n"}, {'x', "0"}}));
}

TEST_F(Init, a_program_that_cannot_be_started_says_why) {
    EXPECT_EQ(exec({"/nowhere/program"}).read(),
              (Message{'E', fields({"ENOENT", "the program cannot be started"})}));
    EXPECT_EQ(exec({"/etc/passwd"}).read(),
              (Message{'E', fields({"EACCES", "the program cannot be started"})}));
    EXPECT_EQ(exec({"true"}, "", "/nowhere").read(),
              (Message{'E', fields({"ENOENT", "the working directory cannot be entered"})}));
}

TEST_F(Init, a_signal_reaches_the_program_and_its_children) {
    auto client =
        exec({"sh", "-c", "trap 'echo term; exit 8' TERM; echo ready; while :; do sleep 0.01; done"});
    started(client);
    client.read_until("ready\n", '1');
    client.send('s', std::to_string(SIGTERM));
    const auto seen = client.read_all();
    EXPECT_EQ(joined(seen, '1'), "term\n");
    EXPECT_EQ(seen.back(), (Message{'x', "8"}));
}

TEST_F(Init, a_program_goes_with_its_client) {
    auto client = exec({"sh", "-c", "sleep 1000 & echo $!; wait"});
    const auto pid = started(client);
    const auto child = std::stoi(client.read_until("\n", '1'));
    client.close();
    EXPECT_TRUE(eventually([&] { return !exists(pid) && !exists(child); }));
}

TEST_F(Init, a_program_that_ignores_the_hang_up_is_killed) {
    auto client = exec({"sh", "-c", "trap '' HUP; sleep 1000 & echo $!; wait"});
    const auto pid = started(client);
    const auto child = std::stoi(client.read_until("\n", '1'));
    const auto before = std::chrono::steady_clock::now();
    client.close();
    EXPECT_TRUE(eventually([&] { return !exists(pid) && !exists(child); }));
    EXPECT_GE(std::chrono::steady_clock::now() - before, 1900ms);
}

TEST_F(Init, a_client_that_stops_sending_is_gone_as_well) {
    auto client = exec({"sleep", "1000"});
    const auto pid = started(client);
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_TRUE(client.read_all().empty());
    EXPECT_TRUE(eventually([&] { return !exists(pid); }));
}

TEST_F(Init, a_program_with_a_terminal_has_a_size_and_one_stream) {
    auto client = exec({"sh", "-c", "stty size; echo err >&2; echo $TERM; read x; stty size; exit 4"}, "t");
    started(client);
    EXPECT_EQ(client.read_until("256color\r\n", '1'), "24 80\r\nerr\r\nxterm-256color\r\n");
    client.send('r', fields({"40", "100"}));
    client.send('0', "\r");
    const auto seen = client.read_all();
    EXPECT_EQ(joined(seen, '1'), "\r\n40 100\r\n");
    EXPECT_EQ(seen.back(), (Message{'x', "4"}));
}

TEST_F(Init, closing_the_input_of_a_terminal_types_the_end_of_file) {
    auto client = exec({"cat"}, "t");
    started(client);
    client.send('c');
    EXPECT_EQ(client.read_all().back(), (Message{'x', "0"}));
}

TEST_F(Init, a_terminal_that_a_client_runs_gives_all_its_output_first) {
    auto client = exec({"sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x"}, "t");
    started(client);
    const auto seen = client.read_all();
    EXPECT_EQ(joined(seen, '1').size(), 1'000'000U);
    EXPECT_EQ(seen.back(), (Message{'x', "0"}));
}

TEST_F(Init, a_terminal_that_a_client_runs_goes_with_it) {
    auto client = exec({"sh", "-c", "trap '' HUP; echo ready; while :; do sleep 0.01; done"}, "t");
    const auto pid = started(client);
    client.read_until("ready", '1');
    client.close();
    EXPECT_TRUE(eventually([&] { return !exists(pid); }));
    EXPECT_EQ(ask('L').read()->payload, "");
}

}  // namespace
}  // namespace berth::init::test
