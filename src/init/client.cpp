#include "init/client.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

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

long write_some(int to, const char* bytes, unsigned long count) {
    constexpr unsigned long at_once = 4096;  // PIPE_BUF: what a writable pipe takes without waiting.
    return ::write(to, bytes, std::min(count, at_once));
}

}  // namespace berth::init
