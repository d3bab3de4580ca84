#include "init/client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "init/dial.hpp"
#include "init/handshake.hpp"
#include "init/text.hpp"

namespace berth::init {

Fd connect_to(const char* socket_path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const auto length = std::strlen(socket_path);
    if (length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return {};
    }
    std::memcpy(address.sun_path, socket_path, length);
    Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!connection) return {};
    if (::connect(connection.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
    return connection;
}

bool is_served(std::uint16_t port, const char* key_path) {
    Key key;
    const auto nonce = make_nonce();
    if (!nonce || key.read(key_path)) return false;
    Dial dial;
    if (dial.start(port) == Dial::State::failed) return false;
    const int socket = dial.socket().get();
    const auto until = Clock::now() + dial_time;
    const auto wait = [&](short events) {
        pollfd ready{.fd = socket, .events = events, .revents = 0};
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
        return ::poll(&ready, 1, std::max(0, static_cast<int>(left))) == 1;
    };
    if (!wait(POLLOUT)) return false;
    const auto head = header('H', nonce_size);
    Text<header_size + nonce_size> hello;
    hello.add(view(head)).add(view(*nonce));
    if (::send(socket, hello.view().data(), hello.view().size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return false;
    std::array<char, header_size + nonce_size + 1 + mac_size> answer;
    for (std::size_t filled = 0; filled < answer.size();) {
        if (!wait(POLLIN)) return false;
        const auto got = ::recv(socket, answer.data() + filled, answer.size() - filled, MSG_DONTWAIT);
        if (got <= 0) return false;
        filled += static_cast<std::size_t>(got);
    }
    const auto payload = view(answer).substr(header_size);
    const auto mac = key.server_mac(view(*nonce), payload.substr(0, nonce_size));
    return equal(mac, payload.substr(nonce_size + 1));
}

long write_some(int to, const char* bytes, unsigned long count) {
    constexpr unsigned long at_once = 4096;  // PIPE_BUF: what a writable pipe takes without waiting.
    return ::write(to, bytes, std::min(count, at_once));
}

}  // namespace berth::init
