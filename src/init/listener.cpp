#include "init/listener.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "init/tcp.hpp"

namespace berth::init {

int Listener::open(const char* path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const std::size_t length = std::strlen(path);
    if (length >= path_.size()) return ENAMETOOLONG;
    std::memcpy(address.sun_path, path, length + 1);

    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return errno;
    struct stat old;
    if (::lstat(path, &old) == 0 && S_ISSOCK(old.st_mode)) ::unlink(path);
    // Anybody who reaches the directory may connect: on the host that is only its owner, who may be another
    // user than the one we run as, and inside they could do themselves whatever we do for them.
    const auto mask = ::umask(0111);
    const int bound = ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    const int error = errno;
    ::umask(mask);
    if (bound != 0) return error;
    if (::listen(socket.get(), connections_max) != 0) return errno;
    std::memcpy(path_.data(), path, length + 1);
    socket_ = std::move(socket);
    return 0;
}

int Listener::open(std::uint16_t port) {
    socket_ = listen_tcp(port);
    return socket_ ? 0 : errno;
}

void Listener::watch(PollSet& poll) {
    const bool accepts = socket_ && again_ == Time{};
    place_ = accepts ? poll.add(socket_.get(), POLLIN) : -1;
    if (again_ != Time{}) poll.wake_at(again_);
}

void Listener::close() {
    if (socket_ && path_[0] != '\0') ::unlink(path_.data());
    socket_.reset();
    again_ = Time{};
}

}  // namespace berth::init
