#include "init/harness.hpp"

namespace berth::init::test {
namespace {

TEST_F(Init, the_sixty_fifth_client_is_turned_away_until_one_leaves) {
    std::vector<Client> clients;
    for (int i = 0; i < 64; ++i) clients.push_back(connect());
    auto late = connect();
    EXPECT_EQ(late.read(), (Message{'E', fields({"EAGAIN", "too many clients are connected"})}));
    EXPECT_TRUE(late.ended());
    clients.pop_back();
    EXPECT_TRUE(eventually([&] { return ask('P').read()->kind == 'O'; }));
    clients.front().send('P');
    EXPECT_EQ(clients.front().read()->kind, 'O');
}

TEST_F(Init, the_seventeenth_terminal_is_refused_until_one_ends) {
    for (int i = 0; i < 16; ++i) attach("t" + std::to_string(i), {"cat"});
    auto late = ask('T', fields({"late", "24", "80", ""}));
    EXPECT_EQ(late.read(), (Message{'E', fields({"EAGAIN", "16 terminals are open"})}));
    attach("t7", {"cat"}).send('d', "\x04");
    EXPECT_TRUE(eventually([&] { return ask('T', fields({"late", "24", "80", ""})).read()->kind == 'O'; }));
}

TEST_F(Init, the_sixty_fifth_program_is_refused_although_its_client_is_not) {
    std::vector<Client> clients;
    for (int i = 0; i < 63; ++i) {
        clients.push_back(exec({"sleep", "1000"}));
        ASSERT_EQ(clients.back().read()->kind, 'O');
    }
    // Programs that ignore the hang-up stay for a while after their clients.
    for (int i = 0; i < 1; ++i) {
        auto gone = exec({"sh", "-c", "trap '' HUP; echo ready; while :; do sleep 0.05; done"});
        ASSERT_EQ(gone.read()->kind, 'O');
        gone.read_until("ready", '1');
    }
    eventually([&] { return ask('P').read()->kind == 'O'; });
    EXPECT_EQ(exec({"true"}).read(), (Message{'E', fields({"EAGAIN", "64 programs are running"})}));
    EXPECT_TRUE(eventually([&] { return exec({"true"}).read()->kind == 'O'; }));
}

TEST_F(Init, an_oversized_frame_closes_the_connection) {
    for (const auto* header : {"D\x00\x01\x00\x01", "D\xff\xff\xff\xff"}) {
        auto client = connect();
        client.send_bytes(std::string_view(header, 5));
        EXPECT_TRUE(client.ended());
    }
    auto largest = ask('D', std::string(65536, '1'));
    EXPECT_EQ(largest.read()->payload.substr(0, 6), "EINVAL");
}

TEST_F(Init, a_request_may_come_byte_by_byte) {
    auto client = connect();
    for (const char byte : std::string("P\0\0\0\0", 5)) {
        client.send_bytes({&byte, 1});
        std::this_thread::sleep_for(2ms);
    }
    EXPECT_EQ(client.read()->kind, 'O');
}

TEST_F(Init, what_follows_a_request_in_the_same_bytes_belongs_to_the_stream) {
    auto client = connect();
    const auto request = fields({"main", "24", "80", "", "cat"});
    const auto first = header('T', request.size());
    const auto second = header('d', 6);
    client.send_bytes(std::string(first.data(), 5) + request + std::string(second.data(), 5) + "hello\r");
    EXPECT_EQ(client.read()->kind, 'O');
    client.read_until("hello\r\nhello\r\n");
}

TEST_F(Init, half_a_frame_and_silence_are_closed_after_ten_seconds) {
    auto half = connect();
    half.send_bytes(std::string_view("D\0\0", 3));
    auto silent = connect();
    const auto before = std::chrono::steady_clock::now();
    EXPECT_TRUE(half.ended());
    EXPECT_TRUE(silent.ended());
    EXPECT_GE(std::chrono::steady_clock::now() - before, 9s);
    EXPECT_EQ(ask('P').read()->kind, 'O');
}

TEST_F(Init, a_second_request_on_a_connection_is_not_answered) {
    auto client = connect();
    client.send_bytes(std::string_view("P\0\0\0\0P\0\0\0\0", 10));
    EXPECT_EQ(client.read()->kind, 'O');
    EXPECT_TRUE(client.ended());
}

TEST_F(Init, an_unknown_request_is_answered_as_such) {
    auto client = ask('?', "what");
    EXPECT_EQ(client.read(), (Message{'E', fields({"ENOSYS", "no such request"})}));
    EXPECT_TRUE(client.ended());
}

TEST_F(Init, memory_is_given_back_when_clients_leave) {
    start();
    connect();
    const auto resident = [&] {
        std::istringstream text(Process::contents("/proc/" + std::to_string(process_->pid()) + "/statm"));
        long total = 0;
        long pages = 0;
        text >> total >> pages;
        return pages * 4096;
    };
    const auto before = resident();
    for (int round = 0; round < 3; ++round) {
        std::vector<Client> clients;
        for (int i = 0; i < 40; ++i) clients.push_back(exec({"sh", "-c", "head -c 600000 /dev/zero"}));
        for (auto& client : clients) EXPECT_EQ(client.read_all().back().kind, 'x');
    }
    EXPECT_TRUE(eventually([&] { return resident() < before + (1 << 20); })) << before << " " << resident();
}

}  // namespace
}  // namespace berth::init::test
