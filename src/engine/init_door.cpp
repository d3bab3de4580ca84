#include "engine/init_door.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "net/http_client_connection.hpp"
#include "net/mac.hpp"

namespace berth::engine {
namespace {

constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t read_size = 32u << 10;

Error not_running(const std::string& why) {
    return Error(Kind::unavailable, "not_running", "the component is not running", "", why);
}

Error not_the_component() {
    return Error(Kind::unavailable, "not_running", "who answers there is not the component");
}

/// Whether who listens there is process 1 of the component: a program of the session can take the socket's
/// place in its folder, and then hand over what holds us up. SO_PEERCRED names the process that called
/// listen(2). Where the number is not known, its number in each namespace from ours inwards (NSpid,
/// proc_pid_status(5)) must be that of a first process; one that is dead is nobody's.
bool is_process_1(int socket, std::optional<int> process) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    if (peer.pid == 0) return true;  // Of a namespace that cannot be seen from ours: nothing to compare with.
    if (process) return peer.pid == *process;
    std::ifstream status("/proc/" + std::to_string(peer.pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("NSpid:")) continue;
        std::istringstream numbers(line.substr(6));
        const std::vector<int> levels{std::istream_iterator<int>(numbers), {}};
        return levels.size() == 1 || (levels.size() == 2 && levels.back() == 1);
    }
    return false;
}

Task<ControlSocket> connect_process_1(std::string path, std::optional<int> process) {
    auto socket = co_await net::connect_unix(std::move(path));
    if (!is_process_1(socket.native_handle(), process)) throw not_running("the socket is not process 1's");
    co_return socket;
}

/// Lets the kernel find out within a minute that an idle other side has vanished.
void expect_life(int socket) {
    const auto set = [socket](int level, int option, int value) {
        ::setsockopt(socket, level, option, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

Task<ControlSocket> connect_tcp(std::string host, int port) {
    net::Address address{.host = std::move(host), .port = port};
    auto socket = co_await net::connect_socket(std::move(address));
    expect_life(socket.native_handle());
    co_return socket;
}

/// The answer to our nonce: the server's nonce, once its proof has been looked at.
Task<std::string> read_proof(ControlSocket& socket, const SecretText& key, std::string nonce) {
    // Exactly its bytes, for an honest server has nothing more to say before our own proof.
    std::string answer = write_frame('O', std::string(2 * nonce_bytes + 1 + 64, '\0'));
    const auto head = answer.substr(0, answer.size() - (2 * nonce_bytes + 1 + 64));
    co_await asio::async_read(socket, asio::buffer(answer), asio::use_awaitable);
    if (!answer.starts_with(head)) throw not_the_component();
    const auto fields = split_fields(std::string_view(answer).substr(head.size()));
    if (fields.size() != 2 || fields[0].size() != 2 * nonce_bytes) throw not_the_component();
    const auto expected = net::hmac_sha256_hex(key, "berth-init server\n" + nonce + "\n" + fields[0]);
    if (!net::same_mac(expected, fields[1])) throw not_the_component();
    co_return fields[0];
}

/// The handshake up to our own proof, which it gives: the frame that goes in front of the request.
Task<std::string> prove(ControlSocket& socket, const SecretText& key) {
    const auto nonce = net::random_hex(nonce_bytes);
    const auto hello = write_frame('H', nonce);
    co_await asio::async_write(socket, asio::buffer(hello), asio::use_awaitable);
    const auto server_nonce = co_await read_proof(socket, key, nonce);
    co_return write_frame('A',
                          net::hmac_sha256_hex(key, "berth-init client\n" + server_nonce + "\n" + nonce));
}

Task<ControlSocket> connect(const InitDoor& door) {
    std::string why;
    try {
        co_return co_await door.connect();
    } catch (const Error& error) {
        why = error.what();
    }
    throw not_running(why);
}

}  // namespace

InitDoor unix_door(std::string path, std::optional<int> process) {
    return {.connect = [path = std::move(path), process] { return connect_process_1(path, process); }};
}

InitDoor tcp_door(std::string host, int port, SecretText key) {
    return {.connect = [host = std::move(host), port] { return connect_tcp(host, port); },
            .key = std::move(key)};
}

Task<ControlSocket> ask(InitDoor door, std::string request) {
    auto socket = co_await connect(door);
    std::string why;
    try {
        if (door.key) request.insert(0, co_await prove(socket, *door.key));
        co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
        co_return socket;
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        why = error.what();
    }
    throw Error(Kind::unavailable, "not_running", "the component ended before it answered", "", why);
}

Task<InitFrame> read_frame(ControlSocket& socket, InitFrames& frames) {
    std::string bytes(read_size, '\0');
    std::optional<InitFrame> frame;
    while (!(frame = frames.next())) {
        boost::system::error_code ec;
        const auto count = co_await socket.async_read_some(asio::buffer(bytes),
                                                           asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        if (ec) throw Error(Kind::unavailable, "not_running", "the component ended before it answered");
        frames.feed(std::string_view(bytes).substr(0, count));
    }
    co_return *frame;
}

Task<InitFrame> read_answer(ControlSocket& socket, InitFrames& frames) {
    auto frame = co_await read_frame(socket, frames);
    if (frame.kind != 'O' && frame.kind != 'E')
        throw Error(Kind::internal, "init_answer", "the component's process 1 answered what was not asked");
    co_return frame;
}

}  // namespace berth::engine
