#include "engine/init_client.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>

#include "engine/init_fixture.hpp"
#include "engine/init_wire.hpp"

namespace berth::engine {
namespace {

TEST(InitWire, frames_come_apart_however_they_are_cut) {
    const auto bytes =
        write_frame('d', "hello") + write_frame('x', "") + write_frame('d', std::string(65536, 'x'));
    InitFrames frames;
    std::vector<InitFrame> seen;
    for (const char byte : bytes) {
        frames.feed(std::string_view(&byte, 1));
        while (auto frame = frames.next()) seen.push_back(std::move(*frame));
    }
    EXPECT_EQ(seen, (std::vector<InitFrame>{{'d', "hello"}, {'x', ""}, {'d', std::string(65536, 'x')}}));
    EXPECT_THROW(write_frame('d', std::string(65537, 'x')), Error);
    frames.feed(std::string("d\x00\x01\x00\x01", 5));
    EXPECT_THROW(frames.next(), Error);
}

TEST(InitWire, fields_hold_no_separator) {
    EXPECT_EQ(split_fields(join_fields({"a", "", "b"})), (std::vector<std::string>{"a", "", "b"}));
    EXPECT_THROW(join_fields({std::string("a\0b", 3)}), Error);
    EXPECT_EQ(init_refusal(std::string("ECONNREFUSED\0x", 14), 8888).user, "port 8888: connection refused");
    EXPECT_EQ(init_refusal(std::string("ENOENT\0ls: x", 12), 0).code, "program_not_found");
    EXPECT_EQ(init_refusal(std::string("EACCES\0ls: x", 12), 0).code, "cannot_run");
}

/// A real berth-init behind its Unix socket, or an imposter that answers what a test wants.
class InitClientTest : public InitFixture {
  protected:
    /// Dials and says what came: the port that it is connected to, or the error's code.
    std::string dial(int port) {
        return run([](InitClient client, int to) -> Task<std::string> {
            try {
                auto stream = co_await client.dial(to, std::chrono::seconds(5));
                sockaddr_in peer{};
                socklen_t size = sizeof peer;
                ::getpeername(stream.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size);
                co_return std::to_string(ntohs(peer.sin_port));
            } catch (const Error& error) {
                co_return error.code;
            }
        }(InitClient(unix_door(path()), clock_), port));
    }
    /// Serves one connection: sends `frame`, with descriptors of its own along.
    void impersonate(std::string frame, std::vector<int> descriptors) {
        acceptor_ = std::make_unique<asio::local::stream_protocol::acceptor>(
            loop_, asio::local::stream_protocol::endpoint(path()));
        asio::co_spawn(
            loop_,
            [](asio::local::stream_protocol::acceptor& acceptor, std::string bytes,
               std::vector<int> along) -> Task<> {
                auto socket = co_await acceptor.async_accept(asio::use_awaitable);
                char control[256] = {};
                iovec part{bytes.data(), bytes.size()};
                msghdr message{};
                message.msg_iov = &part;
                message.msg_iovlen = 1;
                if (!along.empty()) {
                    message.msg_control = control;
                    message.msg_controllen = CMSG_SPACE(along.size() * sizeof(int));
                    auto* header = CMSG_FIRSTHDR(&message);
                    header->cmsg_level = SOL_SOCKET;
                    header->cmsg_type = SCM_RIGHTS;
                    header->cmsg_len = CMSG_LEN(along.size() * sizeof(int));
                    std::memcpy(CMSG_DATA(header), along.data(), along.size() * sizeof(int));
                }
                ::sendmsg(socket.native_handle(), &message, 0);
                char byte = 0;
                co_await socket.async_read_some(asio::buffer(&byte, 1), asio::use_awaitable);
            }(*acceptor_, std::move(frame), std::move(descriptors)),
            [](const std::exception_ptr&) {});
    }

    std::unique_ptr<asio::local::stream_protocol::acceptor> acceptor_;
};

TEST_F(InitClientTest, a_port_is_dialled_and_a_closed_one_says_so) {
    start_init();
    asio::ip::tcp::acceptor service(loop_, {asio::ip::address_v4::loopback(), 0});
    const int port = service.local_endpoint().port();
    EXPECT_EQ(dial(port), std::to_string(port));
    service.close();
    EXPECT_EQ(dial(port), "port_closed");
    EXPECT_FALSE(run(InitClient(unix_door(path()), clock_).ping()).empty());
}

TEST_F(InitClientTest, nobody_there_is_not_running) {
    EXPECT_EQ(dial(80), "not_running");
}

TEST_F(InitClientTest, only_a_connected_tcp_socket_is_taken) {
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    impersonate(write_frame('O', ""), {null});
    EXPECT_EQ(dial(80), "init_answer");
    acceptor_.reset();
    std::filesystem::remove(path());
    const int unconnected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    impersonate(write_frame('O', ""), {unconnected, null, null});
    EXPECT_EQ(dial(80), "init_answer");
    acceptor_.reset();
    std::filesystem::remove(path());
    impersonate(write_frame('O', ""), {});
    EXPECT_EQ(dial(80), "init_answer");
    ::close(null);
    ::close(unconnected);
}

TEST_F(InitClientTest, a_program_runs_with_its_input_and_says_its_status) {
    start_init();
    const auto seen = run([](InitClient client) -> Task<std::string> {
        ExecRequest request{.command = {"sh", "-c", "cat; echo no >&2; exit 7"}};
        const auto process = co_await client.exec(request);
        co_await process->write("through\n");
        co_await process->close_input();
        std::string out, errors;
        while (true) {
            const auto event = co_await process->read();
            if (!event) co_return "cut off";
            if (event->kind == TerminalEvent::Kind::output) out += event->bytes;
            if (event->kind == TerminalEvent::Kind::error_output) errors += event->bytes;
            if (event->kind == TerminalEvent::Kind::exited)
                co_return out + errors + std::to_string(event->status);
        }
    }(InitClient(unix_door(path()), clock_)));
    EXPECT_EQ(seen, "through\nno\n7");
}

TEST_F(InitClientTest, a_program_that_ends_before_its_input_does_says_its_status_all_the_same) {
    start_init();
    const auto seen = run([](InitClient client) -> Task<std::string> {
        ExecRequest request{.command = {"sh", "-c", "echo out; exit 7"}};
        const auto process = co_await client.exec(request);
        // Long enough that process 1 has closed its end; were it not, this would prove less and still pass.
        asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(300));
        co_await timer.async_wait(asio::use_awaitable);
        co_await process->write("nobody reads this\n");
        co_await process->close_input();
        std::string out;
        while (const auto event = co_await process->read()) {
            if (event->kind == TerminalEvent::Kind::output) out += event->bytes;
            if (event->kind == TerminalEvent::Kind::exited) co_return out + std::to_string(event->status);
        }
        co_return out + "cut off";
    }(InitClient(unix_door(path()), clock_)));
    EXPECT_EQ(seen, "out\n7");
}

TEST_F(InitClientTest, a_program_that_is_not_there_is_named) {
    start_init();
    try {
        ExecRequest request{.command = {"/no/such/program"}};
        run(InitClient(unix_door(path()), clock_).exec(request));
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "program_not_found");
    }
}

}  // namespace
}  // namespace berth::engine
