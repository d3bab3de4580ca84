#include "cli/remote.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <memory>
#include <ostream>
#include <set>

#include "base/task.hpp"
#include "base/timeout.hpp"
#include "cli/terminal_mode.hpp"
#include "cli/views.hpp"

namespace berth::cli {
namespace {

using Outbox = asio::experimental::channel<void(boost::system::error_code, net::Message)>;

constexpr std::size_t outbox_max = 8;  // Messages; a slow peer stops the reading of standard input.
constexpr std::size_t piece_max = 32u << 10;
constexpr auto farewell = std::chrono::seconds(1);
constexpr unsigned char from_output = 1;
constexpr unsigned char from_error = 2;

/// One program at the other end. Lives until all of its tasks have ended.
struct Remote {
    Remote(asio::any_io_executor executor, Client& at, Console& here, Tty how)
        : client(at), console(here), tty(how), outbox(executor, outbox_max), signals(executor) {}

    Client& client;
    Console& console;
    Tty tty;
    std::unique_ptr<net::WebSocket> socket;
    Outbox outbox;
    asio::signal_set signals;
    int ended_by = 0;  ///< A signal that came twice.
};

using RemotePtr = std::shared_ptr<Remote>;

net::Message text_message(const json::object& frame) {
    return {.text = true, .bytes = json::write(frame)};
}

Task<> send(RemotePtr remote, net::Message message) {
    boost::system::error_code ec;
    co_await remote->outbox.async_send(ec, std::move(message), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) throw boost::system::system_error(asio::error::operation_aborted);
}

Task<> write_messages(RemotePtr remote) {
    while (true) {
        boost::system::error_code ec;
        auto message = co_await remote->outbox.async_receive(asio::redirect_error(asio::use_awaitable, ec));
        if (ec) break;
        // A peer that is gone ends the reading side, which says so.
        try {
            co_await remote->socket->write(std::move(message));
        } catch (const Error&) {
            break;
        }
    }
}

/// Bytes of standard input; empty at its end. The descriptor stays blocking: other programs share it.
Task<std::string> read_input_piece(asio::posix::stream_descriptor& input) {
    boost::system::error_code ec;
    co_await input.async_wait(asio::posix::stream_descriptor::wait_read,
                              asio::redirect_error(asio::use_awaitable, ec));
    // Files cannot be waited for, and never block.
    if (ec && ec != asio::error::operation_not_supported) throw boost::system::system_error(ec);
    std::string piece(piece_max, '\0');
    const auto count = ::read(input.native_handle(), piece.data(), piece.size());
    piece.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    co_return piece;
}

Task<> pump_input(RemotePtr remote) {
    const int copy = ::dup(remote->console.in);
    if (copy >= 0) {
        asio::posix::stream_descriptor input(co_await asio::this_coro::executor, copy);
        while (true) {
            net::Message message;
            message.bytes = co_await read_input_piece(input);
            if (message.bytes.empty()) break;
            co_await send(remote, std::move(message));
        }
    }
    auto end = text_message({{"type", "eof"}});
    co_await send(remote, std::move(end));
}

Task<> pass_signals(RemotePtr remote) {
    std::set<int> seen;
    while (true) {
        const int number = co_await remote->signals.async_wait(asio::use_awaitable);
        net::Message message;
        if (number == SIGWINCH) {
            const auto size = terminal_size(remote->console.in);
            message = text_message({{"type", "resize"}, {"rows", size.rows}, {"cols", size.columns}});
        } else if (seen.insert(number).second) {
            message = text_message({{"type", "signal"}, {"number", number}});
        } else {
            remote->ended_by = number;
            co_await remote->socket->close(1000, "interrupted");
            break;
        }
        co_await send(remote, std::move(message));
    }
}

/// The exit status when this frame tells it; throws what a problem frame says.
std::optional<int> read_frame(const std::string& text) {
    const auto tree = json::parse(text);
    const auto* frame = tree.if_object();
    if (frame == nullptr) return std::nullopt;
    const auto type = text_at(tree, "type");
    if (type == "problem")
        throw Error(Kind::unavailable, text_at(tree, "code"), text_at(tree, "detail"), text_at(tree, "next"));
    const auto* status = frame->if_contains("status");
    if (type != "exited" || status == nullptr || !status->is_int64()) return std::nullopt;
    return static_cast<int>(status->get_int64());
}

Task<int> pump_output(RemotePtr remote) {
    while (true) {
        const auto message = co_await remote->socket->read();
        if (!message) break;
        if (message->text) {
            if (const auto status = read_frame(message->bytes)) co_return *status;
            continue;
        }
        if (message->bytes.empty()) continue;
        const auto kind = static_cast<unsigned char>(message->bytes.front());
        auto& out = kind == from_error ? remote->console.err : remote->console.out;
        if (kind == from_output || kind == from_error)
            out << std::string_view(message->bytes).substr(1) << std::flush;
    }
    if (remote->ended_by != 0) co_return 128 + remote->ended_by;
    throw Error(Kind::unavailable, "connection_lost",
                "the connection to the program was lost before it ended");
}

Task<int> talk(Client& client, Console& console, std::string path, Tty tty) {
    const auto executor = co_await asio::this_coro::executor;
    const auto remote = std::make_shared<Remote>(executor, client, console, tty);
    remote->socket = co_await client.websocket(std::move(path));
    std::unique_ptr<RawTerminal> raw;
    if (tty == Tty::raw && console.in_terminal) raw = std::make_unique<RawTerminal>(console.in);
    for (const int number : {SIGINT, SIGTERM}) remote->signals.add(number);
    if (tty == Tty::raw) remote->signals.add(SIGWINCH);
    TaskGroup group(executor);
    group.start("input", pump_input(remote));
    group.start("signals", pass_signals(remote));
    group.start("output", write_messages(remote));
    int status = 1;
    std::exception_ptr failure;
    try {
        status = co_await pump_output(remote);
    } catch (...) {
        failure = std::current_exception();
    }
    group.cancel();
    auto joining = group.join();
    try {
        co_await finish_within(client.clock(), farewell, "exec", std::move(joining));
    } catch (const Error&) {  // What still hangs ends with the loop.
    }
    auto closing = remote->socket->close(1000, "");
    try {
        co_await finish_within(client.clock(), farewell, "exec", std::move(closing));
    } catch (const Error&) {  // The other side is gone, which is what was wanted.
    }
    if (failure) std::rethrow_exception(failure);
    co_return status;
}

}  // namespace

int run_remote(Client& client, Console& console, std::string path, Tty tty) {
    return client.finish(talk(client, console, std::move(path), tty));
}

}  // namespace berth::cli
