#include "net/handed_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "base/task.hpp"

namespace berth::net {
namespace {

using Tcp = asio::ip::tcp;

/// A socket as a session hands it over, a copy that the session keeps, and what it is connected to.
class Handed : public testing::Test {
  protected:
    Handed() : far(io) {
        Tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
        Tcp::socket made(io);
        made.connect(acceptor.local_endpoint());
        acceptor.accept(far);
        copy = ::dup(made.native_handle());
        socket =
            std::make_unique<HandedSocket<>>(io, asio::generic::stream_protocol(AF_INET, 0), made.release());
    }
    ~Handed() override {
        if (copy >= 0) ::close(copy);
    }

    asio::io_context io;
    Tcp::socket far;
    std::unique_ptr<HandedSocket<>> socket;
    int copy = -1;
};

TEST_F(Handed, a_read_waits_in_the_loop_whatever_the_other_holder_does_to_the_flags) {
    auto read = [](HandedSocket<>& from, int held) -> Task<std::string> {
        std::string bytes(6, '\0');
        // A full read makes Asio try the next one at once.
        co_await asio::async_read(from, asio::buffer(bytes.data(), 3), asio::use_awaitable);
        ::fcntl(held, F_SETFL, ::fcntl(held, F_GETFL) & ~O_NONBLOCK);
        co_await asio::async_read(from, asio::buffer(bytes.data() + 3, 3), asio::use_awaitable);
        co_return bytes;
    };
    auto bytes = asio::co_spawn(io, read(*socket, copy), asio::use_future);
    far.send(asio::buffer("abc", 3));
    // The loop itself sends the rest: one that stood in recv(2) would never come to it.
    asio::steady_timer later(io, std::chrono::milliseconds(50));
    later.async_wait([this](boost::system::error_code) { far.send(asio::buffer("def", 3)); });
    io.run_for(std::chrono::seconds(10));
    ASSERT_EQ(bytes.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    EXPECT_EQ(bytes.get(), "abcdef");
}

TEST_F(Handed, it_closes_at_once_although_the_other_side_reads_nothing) {
    const std::string piece(1 << 16, 'x');
    while (::send(copy, piece.data(), piece.size(), MSG_DONTWAIT) > 0) {
    }
    const linger long_time{.l_onoff = 1, .l_linger = 60};
    ASSERT_EQ(::setsockopt(copy, SOL_SOCKET, SO_LINGER, &long_time, sizeof long_time), 0);
    ::close(std::exchange(copy, -1));
    const auto begin = std::chrono::steady_clock::now();
    socket.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30))
        << "of 60 that were asked for";
}

TEST_F(Handed, what_was_sent_arrives_when_it_closes) {
    ::close(std::exchange(copy, -1));
    socket->send(asio::buffer("bye", 3));
    socket.reset();
    std::string bytes(8, '\0');
    boost::system::error_code end;
    bytes.resize(asio::read(far, asio::buffer(bytes), end));
    EXPECT_EQ(bytes, "bye");
    EXPECT_EQ(end, asio::error::eof);
}

}  // namespace
}  // namespace berth::net
