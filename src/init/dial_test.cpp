#include "init/tcp_harness.hpp"

namespace berth::init::test {
namespace {

void expect_connected(const Fd& ours, const Listener& listener) {
    ASSERT_TRUE(ours);
    int type = 0;
    int accepting = 1;
    socklen_t size = sizeof type;
    EXPECT_EQ(::getsockopt(ours.get(), SOL_SOCKET, SO_TYPE, &type, &size), 0);
    EXPECT_EQ(type, SOCK_STREAM);
    EXPECT_EQ(::getsockopt(ours.get(), SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size), 0);
    EXPECT_EQ(accepting, 0);
    EXPECT_EQ(::fcntl(ours.get(), F_GETFL) & O_NONBLOCK, 0);
    const auto theirs = listener.accept();
    char byte = 0;
    EXPECT_EQ(::write(ours.get(), "?", 1), 1);
    EXPECT_EQ(::read(theirs.get(), &byte, 1), 1);
    EXPECT_EQ(byte, '?');
    EXPECT_EQ(::write(theirs.get(), "!", 1), 1);
    EXPECT_EQ(::read(ours.get(), &byte, 1), 1);
    EXPECT_EQ(byte, '!');
}

TEST_F(Init, a_dial_gives_a_connected_stream_socket) {
    const Listener listener(AF_INET);
    auto client = ask('D', listener.port());
    EXPECT_EQ(client.read(), (Message{'O', ""}));
    EXPECT_TRUE(client.ended());
    expect_connected(client.received, listener);
}

TEST_F(Init, a_service_on_ipv6_only_is_found_too) {
    const Listener listener(AF_INET6);
    auto client = ask('D', listener.port());
    EXPECT_EQ(client.read(), (Message{'O', ""}));
    expect_connected(client.received, listener);
}

TEST_F(Init, a_dialled_connection_ends_when_its_receiver_closes_it) {
    const Listener listener(AF_INET);
    auto client = ask('D', listener.port());
    ASSERT_EQ(client.read()->kind, 'O');
    ASSERT_TRUE(client.ended());
    const auto theirs = listener.accept();
    client.received.reset();
    char byte = 0;
    EXPECT_EQ(::read(theirs.get(), &byte, 1), 0) << "a copy of it is still open somewhere";
}

TEST_F(Init, a_port_where_nobody_listens_is_refused) {
    Listener listener(AF_INET);
    const auto port = listener.port();
    listener.close();
    auto client = ask('D', port);
    EXPECT_EQ(client.read(), (Message{'E', fields({"ECONNREFUSED", "nothing answers on that port"})}));
    EXPECT_FALSE(client.received);
    EXPECT_TRUE(client.ended());
}

TEST_F(Init, a_port_that_does_not_answer_delays_nobody) {
    // Backlog 0 holds one connection; the next waits for room in vain.
    const Listener full(AF_INET, 0);
    std::vector<Client> waiting;
    for (int i = 0; i < 3; ++i) waiting.push_back(ask('D', full.port()));
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(ask('P').read()->kind, 'O');
    EXPECT_LT(std::chrono::steady_clock::now() - before, 3s);
    EXPECT_EQ(waiting[0].read()->kind, 'O');
    const auto last = waiting[2].read();
    EXPECT_EQ(last, (Message{'E', fields({"ETIMEDOUT", "the port does not answer"})}));
}

TEST_F(Init, what_is_no_port_is_refused) {
    for (const auto* wrong : {"0", "65536", "http"}) {
        EXPECT_EQ(ask('D', wrong).read()->payload.substr(0, 7), fields({"EINVAL", ""})) << wrong;
    }
}

TEST_F(Init, what_is_reached_is_said_and_the_connection_closed) {
    for (const auto& [family, address] : {std::pair(AF_INET, "127.0.0.1"), std::pair(AF_INET6, "::1")}) {
        Listener listener(family);
        const auto port = listener.port();
        auto client = ask('R', fields({address, port}));
        EXPECT_EQ(client.read(), (Message{'O', ""})) << address;
        EXPECT_TRUE(client.ended());
        EXPECT_FALSE(client.received);
        const auto theirs = listener.accept();
        char byte = 0;
        EXPECT_EQ(::read(theirs.get(), &byte, 1), 0) << "the connection is still open";
        listener.close();
        EXPECT_EQ(ask('R', fields({address, port})).read()->payload.substr(0, 12), "ECONNREFUSED") << address;
    }
    // A port of this address only: nothing of ours is tried in its place.
    const Listener listener(AF_INET);
    EXPECT_EQ(ask('R', fields({"127.0.0.2", listener.port()})).read()->kind, 'E');
}

TEST_F(Init, a_client_that_gives_up_a_dial_leaves_nothing_behind) {
    const auto open = [&] {
        const auto all =
            std::filesystem::directory_iterator("/proc/" + std::to_string(process_->pid()) + "/fd");
        return std::distance(begin(all), end(all));
    };
    const Listener listener(AF_INET);
    start();
    {
        const auto first = connect();
    }
    ASSERT_TRUE(eventually([&] { return ask('P').read()->kind == 'O'; }));
    const auto before = open();
    for (int i = 0; i < 200; ++i) ask('D', listener.port());
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(ask('P').read().has_value());
    EXPECT_TRUE(eventually([&] { return open() <= before; })) << before << " " << open();
}

}  // namespace
}  // namespace berth::init::test
