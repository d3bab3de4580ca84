#include "engine/init_client.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <csignal>
#include <cstring>

#include "base/timeout.hpp"
#include "engine/init_wire.hpp"
#include "net/handed_socket.hpp"

namespace berth::engine {
namespace {

constexpr std::chrono::seconds start_limit{10};
constexpr std::chrono::milliseconds busy_pause{2};
constexpr std::size_t read_size = 32u << 10;
constexpr std::size_t write_size = 32u << 10;
constexpr std::size_t descriptors_max = 8;  // Nobody sends that many; all are closed.

/// Closes what a session handed over and nobody wants.
void drop(int descriptor) {
    if (descriptor < 0) return;
    net::forestall_linger(descriptor);
    ::close(descriptor);
}

/// What arrived: bytes, and at most one descriptor that rode along.
struct Arrival {
    std::string bytes;
    int descriptor = -1;
    bool truncated = false;
};

/// Keeps the first descriptor of a message and closes the others.
void take_descriptors(msghdr& message, Arrival& arrival) {
    for (auto* control = CMSG_FIRSTHDR(&message); control != nullptr;
         control = CMSG_NXTHDR(&message, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
        const auto count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(control) + i * sizeof(int), sizeof descriptor);
            if (arrival.descriptor < 0)
                arrival.descriptor = descriptor;
            else
                drop(descriptor);
        }
    }
    arrival.truncated = (message.msg_flags & MSG_CTRUNC) != 0;
}

/// One read that also takes descriptors; nothing when it would block, empty bytes at the end.
std::optional<Arrival> receive_now(int socket) {
    std::array<char, 512> bytes;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> control;
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto count = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    Arrival arrival;
    if (count <= 0) return arrival;
    arrival.bytes.assign(bytes.data(), static_cast<std::size_t>(count));
    take_descriptors(message, arrival);
    return arrival;
}

/// The family of a connected socket of TCP over IP; nothing for any other descriptor.
std::optional<int> connected_family(int descriptor) {
    int type = 0, family = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
        return std::nullopt;
    size = sizeof family;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) return std::nullopt;
    if (family != AF_INET && family != AF_INET6) return std::nullopt;
    int protocol = 0;
    size = sizeof protocol;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0 || protocol != IPPROTO_TCP)
        return std::nullopt;
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return std::nullopt;
    return family;
}

struct Descriptor {
    int number = -1;
    Descriptor() = default;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { drop(number); }
};

Error ended_while_dialled() {
    return Error(Kind::unavailable, "not_running", "the component ended while it was dialled");
}

/// The connection that process 1 makes and hands over.
Task<std::optional<Stream>> dial_socket(InitDoor door, int port) {
    auto request = write_frame('D', std::to_string(port));
    auto socket = co_await ask(std::move(door), std::move(request));
    InitFrames frames;
    Descriptor received;
    std::optional<InitFrame> frame;
    while (!(frame = frames.next())) {
        auto arrival = receive_now(socket.native_handle());
        if (!arrival) {
            co_await socket.async_wait(ControlSocket::wait_read, asio::use_awaitable);
            continue;
        }
        if (arrival->descriptor >= 0 && received.number >= 0) drop(arrival->descriptor);
        if (received.number < 0) received.number = arrival->descriptor;
        if (arrival->bytes.empty()) throw ended_while_dialled();
        frames.feed(arrival->bytes);
    }
    if (frame->kind == 'E') throw init_refusal(frame->payload, port);
    const auto family = received.number < 0 ? std::nullopt : connected_family(received.number);
    if (frame->kind != 'O' || !family)
        throw Error(Kind::internal, "init_answer",
                    "the component's process 1 did not hand over a connection");
    Stream stream(co_await asio::this_coro::executor);
    stream.assign(asio::generic::stream_protocol(*family, 0), received.number);
    received.number = -1;
    co_return stream;
}

/// Reads all of `bytes`, and nothing behind it.
Task<> read_exactly(ControlSocket& socket, asio::mutable_buffer bytes) {
    boost::system::error_code ec;
    co_await asio::async_read(socket, bytes, asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    if (ec) throw ended_while_dialled();
}

/// The connection to process 1, which becomes the one to the port.
Task<std::optional<Stream>> forward_socket(InitDoor door, int port) {
    auto request = write_frame('F', std::to_string(port));
    auto socket = co_await ask(std::move(door), std::move(request));
    // What the port says comes right behind the answer.
    std::string head(init_header_size, '\0');
    co_await read_exactly(socket, asio::buffer(head));
    std::string payload(payload_size(head), '\0');
    co_await read_exactly(socket, asio::buffer(payload));
    if (head[0] == 'E') throw init_refusal(payload, port);
    if (head[0] != 'O' || !payload.empty())
        throw Error(Kind::internal, "init_answer", "the component's process 1 did not make a connection");
    Stream stream(co_await asio::this_coro::executor);
    const auto protocol = socket.local_endpoint().protocol();
    stream.assign(protocol, socket.release());
    co_return stream;
}

/// Asks again while all places at process 1 are taken, as when many come at once to what has just woken:
/// whoever calls has a deadline.
Task<std::optional<Stream>> dial_patiently(InitDoor door, int port, Clock& clock) {
    while (true) {
        try {
            auto work = door.key ? forward_socket(door, port) : dial_socket(door, port);
            co_return co_await std::move(work);
        } catch (const Error& error) {
            if (error.code != "init_busy") throw;
        }
        co_await clock.sleep(busy_pause);
    }
}

template <class Number>
Number number_of(std::string_view digits) {
    Number number{};
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

enum class Running { in_terminal, by_itself };

class InitProcess final : public Process {
  public:
    InitProcess(ControlSocket socket, InitFrames frames, Running how, std::optional<TerminalEvent> attached)
        : socket_(std::move(socket)), frames_(std::move(frames)), how_(how), attached_(std::move(attached)) {}

    Task<std::optional<TerminalEvent>> read() override {
        if (attached_) co_return std::exchange(attached_, std::nullopt);
        while (!ended_) {
            if (const auto frame = frames_.next()) {
                if (auto event = event_of(*frame)) co_return event;
                continue;
            }
            const bool more = co_await fill();
            if (!more) break;
        }
        co_return std::nullopt;
    }

    Task<> write(std::string bytes) override {
        const char kind = how_ == Running::in_terminal ? 'd' : '0';
        for (std::size_t at = 0; at < bytes.size(); at += write_size) {
            auto frame = write_frame(kind, std::string_view(bytes).substr(at, write_size));
            co_await deliver(std::move(frame));
        }
    }

    Task<> close_input() override {
        if (how_ == Running::in_terminal)
            co_await write("\x04");
        else
            co_await deliver(write_frame('c', ""));
    }

    Task<> resize(int rows, int columns) override {
        co_await deliver(write_frame('r', join_fields({std::to_string(rows), std::to_string(columns)})));
    }

    /// In a terminal only what a keyboard can say has a meaning.
    Task<> signal(int number) override {
        if (how_ == Running::by_itself) {
            co_await deliver(write_frame('s', std::to_string(number)));
        } else if (number == SIGINT) {
            co_await write("\x03");
        } else if (number == SIGQUIT) {
            co_await write("\x1c");
        } else if (number == SIGTSTP) {
            co_await write("\x1a");
        }
    }

  private:
    /// Whether anybody still takes it is for the reader to tell: a program that ends before its input does
    /// has left its last output and its status on the way.
    Task<> deliver(std::string frame) {
        boost::system::error_code ec;
        co_await asio::async_write(socket_, asio::buffer(frame),
                                   asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    }

    Task<bool> fill() {
        std::string bytes(read_size, '\0');
        boost::system::error_code ec;
        const auto count = co_await socket_.async_read_some(asio::buffer(bytes),
                                                            asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        if (ec) co_return false;
        frames_.feed(std::string_view(bytes).substr(0, count));
        co_return true;
    }

    std::optional<TerminalEvent> event_of(const InitFrame& frame) {
        using enum TerminalEvent::Kind;
        switch (frame.kind) {
            case 'd':
            case '1':
                return TerminalEvent{.kind = output, .bytes = frame.payload};
            case '2':
                return TerminalEvent{.kind = error_output, .bytes = frame.payload};
            case 'o':
                return TerminalEvent{.kind = TerminalEvent::Kind::offset,
                                     .offset = number_of<std::uint64_t>(frame.payload)};
            case 'x':
                ended_ = true;
                return TerminalEvent{.kind = exited, .status = number_of<int>(frame.payload)};
            default:
                return std::nullopt;  // A newer process 1 may say more.
        }
    }

    ControlSocket socket_;
    InitFrames frames_;
    Running how_;
    std::optional<TerminalEvent> attached_;  // What is to be told first.
    bool ended_ = false;
};

Task<InitFrame> ask_once(InitDoor door, std::string request) {
    auto socket = co_await ask(std::move(door), std::move(request));
    InitFrames frames;
    co_return co_await read_answer(socket, frames);
}

Task<std::string> ping_socket(InitDoor door) {
    const auto frame = co_await ask_once(std::move(door), write_frame('P', ""));
    if (frame.kind == 'E') throw init_refusal(frame.payload, 0);
    co_return frame.payload;
}

Task<std::optional<std::string>> reach_from(InitDoor door, std::string address, int port) {
    const auto frame =
        co_await ask_once(std::move(door), write_frame('R', join_fields({address, std::to_string(port)})));
    // The process 1 of an older Berth cannot tell; what it was started with has been in force for long.
    if (frame.kind == 'O' || split_fields(frame.payload)[0] == "ENOSYS") co_return std::nullopt;
    co_return init_refusal(frame.payload, port).user;
}

Task<InitUsage> ask_usage(InitDoor door) {
    const auto frame = co_await ask_once(std::move(door), write_frame('U', ""));
    const auto fields = split_fields(frame.payload);
    if (frame.kind != 'O' || fields.size() != 2)
        throw Error(Kind::unavailable, "usage_unknown", "the component does not say how much it uses");
    co_return InitUsage{.cpu_nanoseconds = number_of<std::uint64_t>(fields[0]),
                        .memory = {number_of<std::int64_t>(fields[1])}};
}

Task<std::unique_ptr<Process>> begin(InitDoor door, std::string request, Running how) {
    auto socket = co_await ask(std::move(door), std::move(request));
    InitFrames frames;
    const auto answer = co_await read_answer(socket, frames);
    if (answer.kind == 'E') throw init_refusal(answer.payload, 0);
    std::optional<TerminalEvent> attached;
    if (how == Running::in_terminal) {
        const auto fields = split_fields(answer.payload);
        attached = {.kind = TerminalEvent::Kind::offset, .offset = number_of<std::uint64_t>(fields[0])};
        // The process 1 of an older Berth does not say it.
        attached->live_from = fields.size() > 3 ? number_of<std::uint64_t>(fields[3]) : attached->offset;
    }
    co_return std::make_unique<InitProcess>(std::move(socket), std::move(frames), how, std::move(attached));
}

std::string join_environment(const std::map<std::string, std::string>& env) {
    std::string text;
    for (const auto& [name, value] : env) {
        if (value.find('\x01') != std::string::npos)
            throw Error(Kind::invalid, "invalid_field",
                        "variable " + quoted(name) + " holds a control character");
        text += (text.empty() ? "" : "\x01") + name + "=" + value;
    }
    return text;
}

}  // namespace

Task<Stream> InitClient::dial(int port, Duration limit) const {
    if (port < 1 || port > 65535)
        throw Error(Kind::invalid, "invalid_field", "a port is a number from 1 to 65535");
    auto work = dial_patiently(door_, port, *clock_);
    auto stream = co_await finish_within(*clock_, limit, "port " + std::to_string(port), std::move(work));
    co_return std::move(*stream);
}

Task<std::string> InitClient::ping(Duration limit) const {
    auto work = ping_socket(door_);
    co_return co_await finish_within(*clock_, limit, "the component's process 1", std::move(work));
}

Task<std::optional<std::string>> InitClient::reach(std::string address, int port, Duration limit) const {
    auto work = reach_from(door_, address, port);
    co_return co_await finish_within(*clock_, limit, "port " + std::to_string(port), std::move(work));
}

Task<InitUsage> InitClient::usage() const {
    auto work = ask_usage(door_);
    co_return co_await finish_within(*clock_, start_limit, "the component's process 1", std::move(work));
}

Task<std::unique_ptr<Process>> InitClient::terminal(TerminalRequest request) const {
    std::vector<std::string> fields{request.id, std::to_string(request.rows), std::to_string(request.columns),
                                    request.offset ? std::to_string(*request.offset) : ""};
    fields.insert(fields.end(), request.command.begin(), request.command.end());
    auto work = begin(door_, write_frame('T', join_fields(fields)), Running::in_terminal);
    co_return co_await finish_within(*clock_, start_limit, "the terminal", std::move(work));
}

Task<std::unique_ptr<Process>> InitClient::exec(ExecRequest request,
                                                std::map<std::string, std::string> env) const {
    if (request.command.empty()) throw Error(Kind::invalid, "invalid_field", "the command is empty");
    std::vector<std::string> fields{request.directory, request.terminal ? "t" : "",
                                    std::to_string(request.rows), std::to_string(request.columns),
                                    join_environment(env)};
    fields.insert(fields.end(), request.command.begin(), request.command.end());
    const auto program = quoted(request.command.front());
    auto work = begin(door_, write_frame('X', join_fields(fields)), Running::by_itself);
    try {
        co_return co_await finish_within(*clock_, start_limit, program, std::move(work));
    } catch (const Error& error) {
        if (error.code == "program_not_found")
            throw Error(error.kind, error.code, program + ": there is no such program in the component");
        if (error.code == "cannot_run") throw Error(error.kind, error.code, program + ": " + error.user);
        throw;
    }
}

}  // namespace berth::engine
