#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "init/client.hpp"
#include "init/text.hpp"

namespace berth::init {

namespace {

/// Bytes on their way in one direction: read again only when everything was written.
struct Way {
    int from;
    int to;
    std::array<char, 65536> bytes;
    std::size_t head = 0;
    std::size_t tail = 0;
    bool ended = false;

    bool empty() const { return head == tail; }
    bool open() const { return !ended || !empty(); }

    pollfd interest() const {
        if (!empty()) return {.fd = to, .events = POLLOUT, .revents = 0};
        return {.fd = ended ? -1 : from, .events = POLLIN, .revents = 0};
    }

    /// Moves once what is ready; false when the far side takes no more.
    bool move() {
        if (!empty()) {
            const auto written = write_some(to, bytes.data() + head, tail - head);
            if (written < 0) return errno == EINTR || errno == EAGAIN;
            head += static_cast<std::size_t>(written);
            return true;
        }
        const auto got = ::read(from, bytes.data(), bytes.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
        if (got <= 0) ended = true;
        head = 0;
        tail = got > 0 ? static_cast<std::size_t>(got) : 0;
        return true;
    }
};

}  // namespace

int relay(const char* socket_path) {
    const auto connection = connect_to(socket_path);
    if (!connection) {
        complain_about(socket_path, errno);
        return 1;
    }
    ::signal(SIGPIPE, SIG_IGN);
    static Way in{.from = STDIN_FILENO, .to = connection.get(), .bytes = {}};
    static Way out{.from = connection.get(), .to = STDOUT_FILENO, .bytes = {}};
    bool told = false;
    while (out.open()) {
        pollfd ready[] = {in.interest(), out.interest()};
        if (::poll(ready, 2, -1) < 0 && errno != EINTR) return 1;
        if (ready[1].revents != 0 && !out.move()) return 1;
        // The other side may take no more and still have an answer for us: that is read to its end.
        if (ready[0].revents != 0 && !in.move()) in.ended = true, in.head = in.tail;
        if (!in.open() && !told) {
            ::shutdown(connection.get(), SHUT_WR);
            told = true;
        }
    }
    return 0;
}

}  // namespace berth::init
