#include "engine/init_door.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <thread>

#include "engine/init_fixture.hpp"
#include "engine/init_wire.hpp"

namespace berth::engine {
namespace {

using asio::ip::tcp;

const std::string key = "0123456789abcdef0123456789abcdef";

/// A real berth-init on a TCP port, or an imposter there.
class InitDoorTest : public InitFixture {
  protected:
    InitDoorTest() : acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}) {
        port_ = acceptor_.local_endpoint().port();
    }
    ~InitDoorTest() override {
        if (imposter_.joinable()) imposter_.join();
    }
    void start() {
        acceptor_.close();
        std::ofstream(folder_ + "/key") << key << "\n";
        start_init({"--tcp", std::to_string(port_), "--key-file", folder_ + "/key"});
    }
    InitClient client(const std::string& with_key = key) {
        return InitClient(tcp_door("127.0.0.1", port_, SecretText(with_key)), clock_);
    }
    /// Pings and says what came: the version, or code and message.
    std::string ping(InitClient with, Duration limit = std::chrono::seconds(5)) {
        return run([](InitClient it, Duration within) -> Task<std::string> {
            try {
                co_return co_await it.ping(within);
            } catch (const Error& error) {
                co_return error.code + ": " + error.user;
            }
        }(std::move(with), limit));
    }
    /// Somebody else on the port: reads a greeting, answers `words`, and keeps what is said then.
    void impersonate(std::string words) {
        imposter_ = std::thread([this, words = std::move(words)] {
            auto socket = acceptor_.accept();
            std::string greeting(5 + 32, '\0');
            boost::system::error_code ignored;
            asio::read(socket, asio::buffer(greeting), ignored);
            asio::write(socket, asio::buffer(words), ignored);
            if (words.empty()) return;
            std::string more(4096, '\0');
            more.resize(asio::read(socket, asio::buffer(more), ignored));
            heard_ = more;
        });
    }

    tcp::acceptor acceptor_;
    unsigned short port_ = 0;
    std::thread imposter_;
    std::string heard_;
};

/// Dials, says `question`, ends, and gives all that comes back.
Task<std::string> converse(InitClient client, int port, std::string question) {
    auto stream = co_await client.dial(port);
    co_await asio::async_write(stream, asio::buffer(question), asio::use_awaitable);
    stream.shutdown(Stream::shutdown_send);
    std::string answer;
    while (true) {
        std::string bytes(4096, '\0');
        boost::system::error_code ec;
        const auto count = co_await stream.async_read_some(asio::buffer(bytes),
                                                           asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return answer;
        answer.append(bytes, 0, count);
    }
}

TEST_F(InitDoorTest, a_dialled_port_speaks_first_hears_the_end_and_answers) {
    start();
    tcp::acceptor service(loop_, {asio::ip::address_v4::loopback(), 0});
    constexpr int rounds = 100;
    std::thread application([&] {
        for (int i = 0; i < rounds; ++i) {
            auto socket = service.accept();
            asio::write(socket, asio::buffer(std::string("banner ")));
            std::string said;
            boost::system::error_code end;
            asio::read(socket, asio::dynamic_buffer(said), end);
            asio::write(socket, asio::buffer(said));
        }
    });
    const int port = service.local_endpoint().port();
    for (int i = 0; i < rounds; ++i) EXPECT_EQ(run(converse(client(), port, "question")), "banner question");
    application.join();
}

TEST_F(InitDoorTest, a_closed_port_says_so) {
    start();
    tcp::acceptor service(loop_, {asio::ip::address_v4::loopback(), 0});
    const int port = service.local_endpoint().port();
    service.close();
    try {
        run(converse(client(), port, ""));
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "port_closed");
    }
}

TEST_F(InitDoorTest, what_is_reached_from_inside_is_told_and_what_is_not) {
    start();
    tcp::acceptor service(loop_, {asio::ip::address_v4::loopback(), 0});
    const int port = service.local_endpoint().port();
    const auto reach = [&](std::string address) {
        return run(client().reach(std::move(address), port, std::chrono::seconds(5)));
    };
    EXPECT_EQ(reach("127.0.0.1"), std::nullopt);
    service.close();
    EXPECT_EQ(reach("127.0.0.1"), "port " + std::to_string(port) + ": connection refused");
    EXPECT_EQ(reach("no address"), "port " + std::to_string(port) + ": the address is neither IPv4 nor IPv6");
}

TEST_F(InitDoorTest, it_says_its_version_and_runs_programs_and_terminals) {
    start();
    EXPECT_EQ(ping(client()).find(':'), std::string::npos);
    const auto seen = run([](InitClient with) -> Task<std::string> {
        ExecRequest request{.command = {"sh", "-c", "cat; exit 7"}};
        const auto process = co_await with.exec(std::move(request));
        co_await process->write("through\n");
        co_await process->close_input();
        std::string out;
        while (const auto event = co_await process->read()) {
            out += event->bytes;
            if (event->kind == TerminalEvent::Kind::exited) out += std::to_string(event->status);
        }
        co_return out;
    }(client()));
    EXPECT_EQ(seen, "through\n7");
    const auto shown = run([](InitClient with) -> Task<std::string> {
        TerminalRequest request{.id = "main", .command = {"sh", "-c", "read line; echo got $line"}};
        const auto process = co_await with.terminal(std::move(request));
        co_await process->write("it\r");
        std::string out;
        while (const auto event = co_await process->read()) out += event->bytes;
        co_return out;
    }(client()));
    EXPECT_EQ(shown, "it\r\ngot it\r\n");
}

TEST_F(InitDoorTest, any_connector_will_do) {
    start();
    tcp::acceptor service(loop_, {asio::ip::address_v4::loopback(), 0});
    std::thread application([&] {
        auto socket = service.accept();
        asio::write(socket, asio::buffer(std::string("banner ")));
        std::string said;
        boost::system::error_code end;
        asio::read(socket, asio::dynamic_buffer(said), end);
        asio::write(socket, asio::buffer(said));
    });
    // Like a port-forward: the client's end of a pair, and somebody who carries bytes between the other end
    // and the port.
    asio::local::stream_protocol::socket ours(loop_), theirs(loop_);
    asio::local::connect_pair(ours, theirs);
    std::thread carrier([&] {
        tcp::socket far(loop_);
        far.connect({asio::ip::address_v4::loopback(), port_});
        pollfd ends[] = {{theirs.native_handle(), POLLIN, 0}, {far.native_handle(), POLLIN, 0}};
        while (ends[0].fd >= 0 || ends[1].fd >= 0) {
            if (::poll(ends, 2, 20'000) <= 0) return;
            for (const int i : {0, 1}) {
                if (ends[i].revents == 0) continue;
                const int to = i == 0 ? far.native_handle() : theirs.native_handle();
                char bytes[4096];
                const auto got = ::read(ends[i].fd, bytes, sizeof bytes);
                if (got > 0 && ::send(to, bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got)
                    continue;
                ::shutdown(to, SHUT_WR);
                ends[i].fd = -1;
            }
        }
    });
    const InitDoor door{.connect = [&ours]() -> Task<ControlSocket> {
                            return [](asio::local::stream_protocol::socket from) -> Task<ControlSocket> {
                                co_return std::move(from);
                            }(std::move(ours));
                        },
                        .key = SecretText(key)};
    EXPECT_EQ(run(converse(InitClient(door, clock_), service.local_endpoint().port(), "question")),
              "banner question");
    carrier.join();
    application.join();
}

TEST_F(InitDoorTest, nobody_there_is_not_running) {
    acceptor_.close();
    EXPECT_EQ(ping(client()), "not_running: the component is not running");
}

TEST_F(InitDoorTest, the_wrong_key_finds_somebody_else) {
    start();
    EXPECT_EQ(ping(client(std::string(32, 'x'))), "not_running: who answers there is not the component");
}

TEST_F(InitDoorTest, an_imposter_hears_a_greeting_and_nothing_more) {
    const std::string nonce(32, 'a');
    for (const auto& words :
         {write_frame('O', join_fields({nonce, std::string(64, '0')})), std::string(102, '\0'),
          write_frame('O', nonce + std::string(65, 'a')), write_frame('E', std::string(97, 'e')),
          std::string("HTTP/1.1 400 Bad Request\r\n") + std::string(100, ' ')}) {
        impersonate(words);
        EXPECT_EQ(ping(client()), "not_running: who answers there is not the component");
        imposter_.join();
        EXPECT_EQ(heard_, "");
    }
}

TEST_F(InitDoorTest, who_hangs_up_or_says_nothing_is_not_running) {
    impersonate("");
    EXPECT_EQ(ping(client()), "not_running: the component ended before it answered");
    imposter_.join();
    impersonate("O");
    EXPECT_EQ(ping(client(), std::chrono::milliseconds(300)),
              "timed_out: the component's process 1: no answer within 300ms");
}

}  // namespace
}  // namespace berth::engine
