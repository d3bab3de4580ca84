#include "init/tcp_harness.hpp"

namespace berth::init::test {
namespace {

TEST_F(Network, who_knows_the_key_is_answered_after_one_more_round) {
    auto client = ask('P');
    EXPECT_EQ(client.read()->kind, 'O');
    EXPECT_TRUE(client.ended());
}

TEST_F(Network, both_families_and_the_unix_socket_are_served) {
    start();
    auto client = stranger(AF_INET6);
    const auto server_nonce = greet(client);
    client.send_bytes(frame('A', proof(key_, "client", server_nonce, nonce_)) + frame('P', ""));
    EXPECT_EQ(client.read()->kind, 'O');
    EXPECT_EQ(Init::ask('P').read()->kind, 'O');
}

TEST_F(Network, a_handshake_may_come_byte_by_byte) {
    auto client = stranger();
    const auto drip = [&](const std::string& bytes) {
        for (const char byte : bytes) {
            client.send_bytes({&byte, 1});
            std::this_thread::sleep_for(1ms);
        }
    };
    drip(frame('H', nonce_));
    const auto answer = client.read().value();
    const auto server_nonce = answer.payload.substr(0, 32);
    drip(frame('A', proof(key_, "client", server_nonce, nonce_)) + frame('P', ""));
    EXPECT_EQ(client.read()->kind, 'O');
}

TEST_F(Network, who_does_not_know_the_key_is_closed_without_a_word) {
    const std::string other(32, 'x');
    auto client = stranger();
    const auto server_nonce = greet(client);
    client.send_bytes(frame('A', proof(other, "client", server_nonce, nonce_)) + frame('P', ""));
    EXPECT_TRUE(client.ended());
}

TEST_F(Network, no_two_servers_nonces_are_the_same_and_a_replayed_proof_is_worth_nothing) {
    auto first = stranger();
    const auto seen = greet(first);
    const auto recorded = frame('A', proof(key_, "client", seen, nonce_)) + frame('P', "");
    first.send_bytes(recorded);
    ASSERT_EQ(first.read()->kind, 'O');
    auto second = stranger();
    EXPECT_NE(greet(second), seen);
    second.send_bytes(recorded);
    EXPECT_TRUE(second.ended());
}

TEST_F(Network, the_servers_own_proof_is_not_a_clients) {
    auto client = stranger();
    client.send('H', nonce_);
    const auto answer = client.read().value();
    client.send_bytes(frame('A', answer.payload.substr(33)) + frame('P', ""));
    EXPECT_TRUE(client.ended());
}

TEST_F(Network, anything_else_is_closed_at_once_and_without_a_word) {
    const std::string nonce(32, 'a');
    for (const auto& words :
         {std::string("GET / HTTP/1.1\r\n\r\n"), frame('P', ""), frame('A', std::string(64, '0')),
          frame('H', std::string(31, 'a')), frame('H', std::string(33, 'a')),
          frame('H', std::string(32, 'A')), frame('H', std::string(31, 'a') + " "),
          std::string("H\xff\xff\xff\xff", 5), frame('H', nonce) + frame('P', ""),
          frame('H', nonce) + frame('A', std::string(65, '0'))}) {
        auto client = stranger();
        client.send_bytes(words);
        const auto said = client.read_all();
        EXPECT_LE(said.size(), words.starts_with(frame('H', nonce)) ? 1u : 0u) << words;
    }
    EXPECT_EQ(ask('P').read()->kind, 'O');
}

TEST_F(Network, silence_and_half_a_handshake_are_closed_after_ten_seconds) {
    auto silent = stranger();
    auto half = stranger();
    half.send_bytes("H");
    auto greeted = stranger();
    greet(greeted);
    const auto before = std::chrono::steady_clock::now();
    EXPECT_TRUE(silent.ended());
    EXPECT_TRUE(half.ended());
    EXPECT_TRUE(greeted.ended());
    EXPECT_GE(std::chrono::steady_clock::now() - before, 9s);
}

TEST_F(Network, idle_strangers_keep_nobody_out) {
    std::vector<Client> idle;
    idle.reserve(40);
    for (int i = 0; i < 40; ++i) idle.push_back(stranger());
    EXPECT_EQ(ask('P').read()->kind, 'O');
    // 32 places: nine came too many, the last of them the client. The longest waiting went.
    for (std::size_t i = 0; i < 9; ++i) EXPECT_TRUE(idle[i].ended()) << i;
    EXPECT_FALSE(greet(idle.back()).empty());
    EXPECT_EQ(Init::ask('P').read()->kind, 'O');
}

TEST_F(Network, the_sixty_fifth_client_is_turned_away_with_a_reason) {
    std::vector<Client> clients;
    clients.reserve(64);
    start();
    for (int i = 0; i < 64; ++i) clients.push_back(Init::connect());
    auto late = ask('P');
    EXPECT_EQ(late.read(), (Message{'E', fields({"EAGAIN", "too many clients are connected"})}));
    EXPECT_TRUE(late.ended());
    clients.pop_back();
    EXPECT_TRUE(eventually([&] { return ask('P').read()->kind == 'O'; }));
}

TEST_F(Network, a_descriptor_cannot_travel) {
    const Listener application(AF_INET);
    auto client = ask('D', application.port());
    EXPECT_EQ(client.read(), (Message{'E', fields({"ENOSYS", "no descriptor travels over TCP: ask for F"})}));
}

TEST_F(Network, terminals_and_programs_work_as_over_the_unix_socket) {
    auto terminal = ask('T', fields({"main", "24", "80", "", "sh"}));
    EXPECT_EQ(terminal.read()->kind, 'O');
    terminal.send('d', "echo $((40 + 2))\r");
    terminal.read_until("42");
    auto program = ask('X', fields({"", "", "24", "80", "", "sh", "-c", "cat; exit 5"}));
    EXPECT_EQ(program.read()->kind, 'O');
    program.send('0', "through");
    program.send('c');
    const auto heard = program.read_all();
    EXPECT_EQ(joined(heard, '1'), "through");
    EXPECT_EQ(heard.back(), (Message{'x', "5"}));
}

TEST_F(Network, the_unix_socket_may_be_missing) {
    start({"sleep", "1000"}, {"BERTH_INIT_SOCKET=/nowhere/s"});
    EXPECT_EQ(ask('P').read()->kind, 'O');
    EXPECT_EQ(process_->err(), "");
}

TEST_F(Network, without_a_key_or_a_port_it_does_not_start) {
    const auto complaint = [&](const std::string& key) {
        if (!key.empty()) std::ofstream(directory_ / "key", std::ios::trunc) << key;
        auto& process = start({"true"});
        EXPECT_EQ(process.wait(), 125);
        return process.err();
    };
    EXPECT_EQ(complaint(std::string(31, 'k') + "\n"),
              "berth-init: the key is shorter than 32 bytes: invalid argument\n");
    EXPECT_EQ(complaint(std::string(4097, 'k') + "\n"),
              "berth-init: the key is longer than 4096 bytes: invalid argument\n");
    std::filesystem::remove(directory_ / "key");
    EXPECT_EQ(complaint(""), "berth-init: the key file cannot be opened: no such file or directory\n");
    std::ofstream(directory_ / "key") << std::string(4096, 'k') + "\r\n";
    EXPECT_EQ(start({"true"}).wait(), 0);
    const Listener taken(AF_INET);
    port_ = taken.number();
    EXPECT_EQ(complaint(key_), "berth-init: the port cannot be had: address already in use\n");
}

TEST_F(Network, a_port_and_a_key_go_together) {
    for (const auto& words : {Words{"run", "--tcp", "7000", "true"}, Words{"run", "--key-file", "k", "true"},
                              Words{"run", "--tcp", "0", "--key-file", "k", "true"},
                              Words{"run", "--tcp", "65536", "--key-file", "k", "true"},
                              Words{"run", "--tcp"}, Words{"serve"}, Words{"run", "--what", "7", "true"}}) {
        Process process(directory_, words);
        EXPECT_EQ(process.wait(), 2) << words[1];
    }
}

}  // namespace
}  // namespace berth::init::test
