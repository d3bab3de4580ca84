#include <sys/resource.h>

#include "init/tcp_harness.hpp"

namespace berth::init::test {
namespace {

constexpr std::size_t big = 50'000'000;

void write_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) throw std::runtime_error("send: " + std::string(std::strerror(errno)));
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

/// Bytes of which each piece is different from what stood there before.
std::string pattern(std::size_t count) {
    std::string bytes(count, '\0');
    for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 24);
    return bytes;
}

/// Until the end; -1 in place of a byte when that was an error.
std::string read_to_end(int from, int* error = nullptr) {
    std::string all;
    for (;;) {
        char bytes[65536];
        const auto got = ::recv(from, bytes, sizeof bytes, 0);
        if (got < 0 && error != nullptr) *error = errno;
        if (got <= 0) return all;
        all.append(bytes, static_cast<std::size_t>(got));
    }
}

std::string read_some(const Fd& from, std::size_t count) {
    std::string bytes(count, '\0');
    const auto got = ::recv(from.get(), bytes.data(), count, MSG_WAITALL);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
}

/// Closes with a reset.
void reset(Fd socket) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

TEST_F(Network, a_forward_is_the_connection_to_the_port) {
    for (const int family : {AF_INET, AF_INET6}) {
        const Listener application(family);
        auto client = forward(application);
        const auto theirs = application.accept();
        client.send_bytes("question");
        EXPECT_EQ(read_some(theirs, 8), "question");
        write_all(theirs.get(), "answer");
        EXPECT_EQ(client.read_bytes(6), "answer");
    }
}

TEST_F(Network, what_comes_right_behind_the_request_is_for_the_port) {
    const Listener application(AF_INET);
    const auto early = pattern(60'000);
    auto client = stranger();
    const auto server_nonce = greet(client);
    client.send_bytes(frame('A', proof(key_, "client", server_nonce, nonce_)) +
                      frame('F', application.port()) + early);
    ::shutdown(client.get(), SHUT_WR);
    const auto theirs = application.accept();
    EXPECT_EQ(read_to_end(theirs.get()), early);
    write_all(theirs.get(), "seen");
    EXPECT_EQ(client.read(), (Message{'O', ""}));
    EXPECT_EQ(client.read_bytes(4), "seen");
}

TEST_F(Network, the_unix_socket_forwards_too) {
    start();
    const Listener application(AF_INET);
    auto client = Init::ask('F', application.port());
    EXPECT_EQ(client.read(), (Message{'O', ""}));
    const auto theirs = application.accept();
    client.send_bytes("question");
    client.close();
    EXPECT_EQ(read_to_end(theirs.get()), "question");
}

TEST_F(Network, a_half_close_is_carried_over_in_each_direction) {
    const Listener application(AF_INET);
    auto client = forward(application);
    auto theirs = application.accept();
    client.send_bytes("all I have");
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_EQ(read_to_end(theirs.get()), "all I have");
    write_all(theirs.get(), "an answer after the end");
    EXPECT_EQ(client.read_bytes(23), "an answer after the end");
    theirs.reset();
    EXPECT_EQ(client.read_bytes(1), "");

    auto other = forward(application);
    theirs = application.accept();
    write_all(theirs.get(), "a greeting");
    ::shutdown(theirs.get(), SHUT_WR);
    EXPECT_EQ(other.read_bytes(100), "a greeting");
    other.send_bytes("still here");
    EXPECT_EQ(read_some(theirs, 10), "still here");
    other.close();
    EXPECT_EQ(read_to_end(theirs.get()), "");
}

TEST_F(Network, fifty_megabytes_pass_a_slow_reader_in_bounded_memory) {
    const Listener application(AF_INET);
    const auto bytes = pattern(big);
    auto client = forward(application);
    const auto theirs = application.accept();
    const auto before = resident();
    for (const bool down : {true, false}) {
        std::thread writer([&] {
            write_all(down ? theirs.get() : client.get(), bytes);
            ::shutdown(down ? theirs.get() : client.get(), SHUT_WR);
        });
        std::this_thread::sleep_for(300ms);  // The buffers between the two are full.
        EXPECT_LT(resident(), before + (1 << 20));
        const auto got = read_to_end(down ? client.get() : theirs.get());
        writer.join();
        EXPECT_TRUE(got == bytes) << got.size();
    }
    EXPECT_LT(resident(), before + (1 << 20));
}

TEST_F(Network, both_directions_flow_at_once_on_many_connections) {
    const Listener application(AF_INET);
    const auto bytes = pattern(2'000'000);
    std::vector<Client> clients;
    std::vector<Fd> theirs;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(forward(application));
        theirs.push_back(application.accept());
    }
    std::vector<std::string> got(16);
    for (std::size_t i = 0; i < 8; ++i) {
        for (const auto& [side, socket] : {std::pair{i, clients[i].get()}, {8 + i, theirs[i].get()}}) {
            threads.emplace_back([&bytes, socket] { write_all(socket, bytes), ::shutdown(socket, SHUT_WR); });
            threads.emplace_back([&got, side, socket] { got[side] = read_to_end(socket); });
        }
    }
    for (auto& thread : threads) thread.join();
    for (const auto& text : got) EXPECT_TRUE(text == bytes) << text.size();
}

TEST_F(Network, a_reader_that_stops_delays_nobody_else) {
    const Listener application(AF_INET);
    auto stuck = forward(application);
    const auto theirs = application.accept();
    std::thread writer([&] {
        const auto bytes = pattern(big);
        ::send(theirs.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    });
    std::this_thread::sleep_for(100ms);
    auto other = forward(application);
    const auto its = application.accept();
    const auto before = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) {
        other.send_bytes("ping");
        ASSERT_EQ(read_some(its, 4), "ping");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - before, 3s);
    stuck.close();
    writer.join();
}

TEST_F(Network, a_port_where_nobody_listens_refuses_a_forward) {
    auto client = ask('F', std::to_string(free_port()));
    EXPECT_EQ(client.read(), (Message{'E', fields({"ECONNREFUSED", "nothing answers on that port"})}));
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(ask('F', "http").read()->payload.substr(0, 7), fields({"EINVAL", ""}));
}

TEST_F(Network, a_reset_of_one_side_reaches_the_other) {
    const Listener application(AF_INET);
    auto client = forward(application);
    reset(application.accept());
    int error = 0;
    EXPECT_EQ(read_to_end(client.get(), &error), "");
    EXPECT_EQ(error, ECONNRESET);

    auto other = forward(application);
    const auto theirs = application.accept();
    error = 0;
    reset(Fd(::dup(other.get()))), other.close();
    EXPECT_EQ(read_to_end(theirs.get(), &error), "");
    EXPECT_EQ(error, ECONNRESET);
}

TEST_F(Network, an_answer_before_a_reset_is_not_lost) {
    const Listener application(AF_INET);
    auto client = forward(application);
    auto theirs = application.accept();
    const auto upload = pattern(big);
    std::thread writer([&] { ::send(client.get(), upload.data(), upload.size(), MSG_NOSIGNAL); });
    std::this_thread::sleep_for(100ms);
    write_all(theirs.get(), "413 too large");
    theirs.reset();  // With the upload unread: the kernel makes this a reset.
    EXPECT_EQ(client.read_bytes(13), "413 too large");
    writer.join();
    EXPECT_EQ(client.read_bytes(1), "");
}

TEST_F(Network, the_program_s_end_ends_a_forward_after_its_last_words) {
    auto& process = start();
    const Listener application(AF_INET);
    auto client = forward(application);
    const auto theirs = application.accept();
    const auto words = pattern(300'000);
    write_all(theirs.get(), words);
    const auto before = std::chrono::steady_clock::now();
    process.signal(SIGTERM);
    EXPECT_TRUE(read_to_end(client.get()) == words);
    EXPECT_EQ(process.wait(), 128 + SIGTERM);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 900ms) << "it waited for what does not come";
}

TEST_F(Network, the_513th_forward_is_refused_until_one_ends) {
    const Listener application(AF_INET, 1024);
    std::vector<Client> clients;
    std::vector<Fd> theirs;
    start();
    const auto before = resident();
    for (int i = 0; i < 512; ++i) {
        clients.push_back(Init::ask('F', application.port()));
        ASSERT_EQ(clients.back().read(), (Message{'O', ""})) << i;
        theirs.push_back(application.accept());
    }
    EXPECT_LT(resident(), before + (1 << 20)) << "idle forwards hold memory";
    EXPECT_EQ(ask('F', application.port()).read(),
              (Message{'E', fields({"EAGAIN", "512 connections are forwarded"})}));
    EXPECT_EQ(ask('P').read()->kind, 'O');
    clients.pop_back();
    theirs.pop_back();
    EXPECT_TRUE(eventually([&] { return ask('F', application.port()).read()->kind == 'O'; }));
}

TEST_F(Network, there_are_descriptors_for_all_of_them_and_the_program_keeps_its_own_limit) {
    rlimit given{};
    ::getrlimit(RLIMIT_NOFILE, &given);
    auto lower = given;
    lower.rlim_cur = 256;
    ::setrlimit(RLIMIT_NOFILE, &lower);
    auto& process = start({"sh", "-c", "ulimit -Sn; exec sleep 1000"});
    ::setrlimit(RLIMIT_NOFILE, &given);
    const Listener application(AF_INET, 1024);
    std::vector<Client> clients;
    stranger();
    for (int i = 0; i < 200; ++i) {
        clients.push_back(Init::ask('F', application.port()));
        ASSERT_EQ(clients.back().read(), (Message{'O', ""})) << i;
    }
    EXPECT_EQ(process.out(), "256\n");
}

TEST_F(Network, an_idle_forward_takes_no_processor_whatever_was_shut_down) {
    const Listener application(AF_INET);
    std::vector<Client> clients;
    std::vector<Fd> theirs;
    const auto add = [&](Client client) {
        EXPECT_EQ(client.read()->kind, 'O');
        clients.push_back(std::move(client));
        theirs.push_back(application.accept());
    };
    for (int i = 0; i < 4; ++i) add(ask('F', application.port()));
    for (int i = 0; i < 4; ++i) add(Init::ask('F', application.port()));
    ::shutdown(clients[1].get(), SHUT_WR);
    ::shutdown(theirs[2].get(), SHUT_WR);
    ::shutdown(clients[5].get(), SHUT_WR);
    clients[6].close();
    const auto full = pattern(big);
    // Clients that read nothing, and ports that say more or less than fits and then hang up.
    for (std::size_t size = 2'000'000; size < 12'000'000; size += 1'000'000) {
        add(ask('F', application.port()));
        ::shutdown(clients.back().get(), SHUT_WR);
        EXPECT_EQ(read_to_end(theirs.back().get()), "");
        std::string_view rest(full.data(), size);
        for (int tries = 0; tries < 50 && !rest.empty(); ++tries) {
            const auto sent = ::send(theirs.back().get(), rest.data(), rest.size(), MSG_DONTWAIT);
            if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
            std::this_thread::sleep_for(1ms);
        }
        theirs.back().reset();
    }
    for (const std::size_t i : {3, 7}) {
        // A port that reads nothing, and a client that says more than fits and then hangs up.
        while (::send(clients[i].get(), full.data(), full.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) continue;
        std::this_thread::sleep_for(100ms);
        clients[i].close();
    }
    const auto ticks = [&] {
        const auto text = Process::contents("/proc/" + std::to_string(process_->pid()) + "/stat");
        std::istringstream fields(text.substr(text.rfind(')') + 2));
        std::string skipped;
        long user = 0;
        long system = 0;
        for (int i = 0; i < 11; ++i) fields >> skipped;
        fields >> user >> system;
        return user + system;
    };
    std::this_thread::sleep_for(300ms);
    const auto before = ticks();
    std::this_thread::sleep_for(500ms);
    EXPECT_LE(ticks() - before, 5);
}

TEST_F(Network, the_other_side_is_asked_for_signs_of_life) {
    const Listener application(AF_INET);
    auto client = forward(application);
    sockaddr_in own{};
    socklen_t size = sizeof own;
    ::getsockname(client.get(), reinterpret_cast<sockaddr*>(&own), &size);
    // Field 6 of proc_net_tcp: 02 is the keepalive timer.
    char peer[64];
    std::snprintf(peer, sizeof peer, ":%04X 0000000000000000FFFF00000100007F:%04X 01", port_,
                  ntohs(own.sin_port));
    std::string table;
    // Until our kernel has acknowledged the answer there is another timer first.
    EXPECT_TRUE(eventually([&] {
        table = Process::contents("/proc/net/tcp6");
        const auto line = table.find(peer);
        return line != std::string::npos && table.substr(line + std::strlen(peer) + 19, 2) == "02";
    })) << peer
        << "\n"
        << table;
}

}  // namespace
}  // namespace berth::init::test
