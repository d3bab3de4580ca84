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

class Echo final : public Process {
  public:
    explicit Echo(const asio::any_io_executor& executor)
        : arrived_(executor, asio::steady_timer::time_point::max()) {
        events_.push_back({.bytes = "simulated session: what you type comes back\r\n$ "});
    }

    Task<std::optional<TerminalEvent>> read() override {
        boost::system::error_code ec;
        while (events_.empty()) {
            co_await arrived_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none) co_return std::nullopt;
        }
        auto event = events_.front();
        events_.pop_front();
        co_return event;
    }
    Task<> write(std::string bytes) override {
        events_.push_back({.bytes = std::move(bytes)});
        arrived_.cancel();
        co_return;
    }
    Task<> close_input() override { co_return; }
    Task<> resize(int, int) override { co_return; }
    Task<> signal(int) override { co_return; }

  private:
    asio::steady_timer arrived_;
    std::deque<TerminalEvent> events_;
};

}  // namespace

std::pair<Stream, Stream> connect(asio::any_io_executor near, asio::any_io_executor far) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        throw Error(Kind::internal, "internal", "no socket pair to be had");
    const asio::generic::stream_protocol protocol(AF_UNIX, 0);
    return {Stream(near, protocol, ends[0]), Stream(far, protocol, ends[1])};
}

Task<> answer(Stream stream, std::string who) {
    asio::streambuf buffer(64 << 10);
    boost::system::error_code ec;
    const auto body =
        fmt::format("<!doctype html><title>Simulated</title><h1>Simulated</h1><p>{}</p>\n", who);
    const auto page = fmt::format(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
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

}  // namespace berth::engine::demo
