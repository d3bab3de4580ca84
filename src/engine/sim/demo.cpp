#include "engine/sim/demo.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <deque>

namespace berth::engine::demo {
namespace {

constexpr std::size_t line_max = 80;  // Of what is typed, to tell an `exit`.

/// What a simulated program says waits until it is read; after its end there is nothing more.
class Simulated : public Process {
  public:
    explicit Simulated(const asio::any_io_executor& executor)
        : arrived_(executor, asio::steady_timer::time_point::max()) {}

    Task<std::optional<TerminalEvent>> read() override {
        boost::system::error_code ec;
        while (events_.empty()) {
            if (ended_) co_return std::nullopt;
            co_await arrived_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none) co_return std::nullopt;
        }
        auto event = events_.front();
        events_.pop_front();
        co_return event;
    }
    Task<> write(std::string) override { co_return; }
    Task<> close_input() override { co_return; }
    Task<> resize(int, int) override { co_return; }
    Task<> signal(int number) override {
        end(128 + number);
        co_return;
    }

  protected:
    void say(std::string bytes) { tell({.bytes = std::move(bytes)}); }
    void end(int status) {
        tell({.kind = TerminalEvent::Kind::exited, .status = status});
        ended_ = true;
    }

  private:
    void tell(TerminalEvent event) {
        if (ended_) return;
        events_.push_back(std::move(event));
        arrived_.cancel();
    }

    asio::steady_timer arrived_;
    std::deque<TerminalEvent> events_;
    bool ended_ = false;
};

class Echo final : public Simulated {
  public:
    explicit Echo(const asio::any_io_executor& executor) : Simulated(executor) {
        say("simulated session: what you type comes back, and exit ends it\r\n$ ");
    }

    Task<> write(std::string bytes) override {
        for (const char letter : bytes) type(letter);
        co_return;
    }
    Task<> close_input() override {
        end(0);
        co_return;
    }

  private:
    void type(char letter) {
        constexpr char end_of_input = 4;  // Ctrl-D, which counts on an empty line only.
        if (letter == end_of_input) {
            if (line_.empty()) end(0);
        } else if (letter == '\r' || letter == '\n') {
            say("\r\n");
            if (line_ == "exit") return end(0);
            line_.clear();
            say("$ ");
        } else {
            if (line_.size() < line_max) line_ += letter;
            say({letter});
        }
    }

    std::string line_;
};

/// Nothing runs, so that nothing reads its input: it says what would have run, and has ended.
class Program final : public Simulated {
  public:
    Program(const asio::any_io_executor& executor, const std::vector<std::string>& command)
        : Simulated(executor) {
        say(fmt::format("simulated: {}\n", fmt::join(command, " ")));
        end(0);
    }
};

}  // namespace

std::pair<Stream, Stream> connect(asio::any_io_executor near, asio::any_io_executor far) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        throw Error(Kind::internal, "internal", "no socket pair to be had");
    const asio::generic::stream_protocol protocol(AF_UNIX, 0);
    return {Stream(near, protocol, ends[0]), Stream(far, protocol, ends[1])};
}

std::string page_of(std::string_view who) {
    const auto body =
        fmt::format("<!doctype html><title>Simulated</title><h1>Simulated</h1><p>{}</p>\n", who);
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{}",
                       body.size(), body);
}

Task<> answer(Stream stream, std::string page) {
    asio::streambuf buffer(64 << 10);
    boost::system::error_code ec;
    for (;;) {
        const auto size = co_await asio::async_read_until(stream, buffer, "\r\n\r\n",
                                                          asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return;
        buffer.consume(size);
        co_await asio::async_write(stream, asio::buffer(page), asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return;
    }
}

std::unique_ptr<Process> terminal(asio::any_io_executor executor) {
    return std::make_unique<Echo>(executor);
}

std::unique_ptr<Process> program(asio::any_io_executor executor, const std::vector<std::string>& command) {
    return std::make_unique<Program>(executor, command);
}

}  // namespace berth::engine::demo
