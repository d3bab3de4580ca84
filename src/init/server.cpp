#include "init/server.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "init/text.hpp"

namespace berth::init {

int Server::listen(const char* path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const std::size_t length = std::strlen(path);
    if (length >= path_.size()) return ENAMETOOLONG;
    std::memcpy(address.sun_path, path, length + 1);

    listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener_) return errno;
    struct stat old;
    if (::lstat(path, &old) == 0 && S_ISSOCK(old.st_mode)) ::unlink(path);
    // Anybody who reaches the directory may connect: on the host that is only its owner, who may be another
    // user than the one we run as, and inside they could do themselves whatever we do for them.
    const auto mask = ::umask(0111);
    const int bound = ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    const int error = errno;
    ::umask(mask);
    if (bound != 0) return error;
    if (::listen(listener_.get(), connections_max) != 0) return errno;
    std::memcpy(path_.data(), path, length + 1);
    return 0;
}

void Server::watch(PollSet& poll) {
    // Clients first: they say which terminals have input waiting.
    execs_.watch(poll);
    for (auto& client : clients_) client.watch(poll);
    terminals_.watch(poll);
    const bool accepts = listener_ && accept_again_ == Time{};
    listener_place_ = accepts ? poll.add(listener_.get(), POLLIN) : -1;
    if (accept_again_ != Time{}) poll.wake_at(accept_again_);
}

void Server::handle(const PollSet& poll, Time now) {
    for (auto& terminal : terminals_) {
        const int events = poll.events(terminal.place);
        if ((events & ~POLLOUT) != 0) terminal.read();
        if ((events & POLLOUT) == 0) continue;
        for (auto& client : clients_) {
            const bool here = client.phase == Connection::Phase::on_terminal && client.terminal == &terminal;
            if (here && client.input_waits) take_frames(client, now);
        }
    }
    for (auto& client : clients_) serve_client(client, poll, now);
    terminals_.tick(now);
    execs_.tick(now);
    if (accept_again_ != Time{} && now >= accept_again_) accept_again_ = Time{};
    if (poll.events(listener_place_) != 0) accept_all(now);
}

void Server::serve_client(Connection& client, const PollSet& poll, Time now) {
    using Phase = Connection::Phase;
    const int events = poll.events(client.place);
    if ((events & POLLIN) != 0) {
        switch (client.in.receive(client.socket.get())) {
            case Moved::all:
                take_frames(client, now);
                break;
            case Moved::some:
                break;
            case Moved::gone:
                client.half_closed = true;
                if (client.phase != Phase::closing) drop(client, now);
        }
    } else if ((events & (POLLHUP | POLLERR)) != 0) {
        drop(client, now);
    }
    if (client.phase == Phase::dialling && poll.events(client.dial_place) != 0) {
        advance_dial(client, client.dial.resume(), now);
    }
    if (client.phase == Phase::on_exec) advance_exec(client, poll, now);
    if (client.phase == Phase::on_terminal) feed(client, now);
    if (client.phase == Phase::closing) flush(client, now);
    tick(client, now);
}

void Server::tick(Connection& client, Time now) {
    using Phase = Connection::Phase;
    if (client.phase == Phase::unused || now < client.deadline) return;
    if (client.phase == Phase::request || client.phase == Phase::closing) drop(client, now);
    if (client.phase == Phase::dialling) refuse(client, {ETIMEDOUT, "the port does not answer"}, now);
}

void Server::accept_all(Time now) {
    for (;;) {
        Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (client) {
            welcome(std::move(client), now);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        // Out of descriptors or memory: the client stays in the queue, and the loop must not spin on it.
        if (errno != EAGAIN) accept_again_ = now + accept_pause;
        return;
    }
}

void Server::turn_away(Fd client) {
    Text<128> payload;
    payload.add(error_name(EAGAIN)).add(std::string_view("\0", 1)).add("too many clients are connected");
    Text<128> frame;
    const auto head = header('E', payload.view().size());
    frame.add({head.data(), head.size()}).add(payload.view());
    // A new socket takes these few bytes; if not, the client sees the end without a word.
    [[maybe_unused]] const auto sent =
        ::send(client.get(), frame.view().data(), frame.view().size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Server::welcome(Fd socket, Time now) {
    const auto free = std::ranges::find(clients_, Connection::Phase::unused, &Connection::phase);
    if (free == clients_.end()) return turn_away(std::move(socket));
    auto& client = *free;
    if (!client.in.open() || !client.out.open()) {
        client = Connection();
        return turn_away(std::move(socket));
    }
    client.phase = Connection::Phase::request;
    client.socket = std::move(socket);
    client.deadline = now + request_time;
    // The request has usually arrived with the connection: a dial is answered without another round.
    if (client.in.receive(client.socket.get()) == Moved::all) take_frames(client, now);
    if (client.phase == Connection::Phase::closing) flush(client, now);
}

void Server::child_ended(pid_t pid, int status) {
    if (execs_.ended(pid, status)) return;
    if (terminals_.ended(pid, status) == nullptr) return;
    const auto now = Clock::now();
    for (auto& client : clients_) {
        if (client.phase == Connection::Phase::on_terminal) feed(client, now);
    }
    if (auto* oldest = terminals_.surplus()) forget(*oldest, now);
}

void Server::stop(Time now) {
    if (listener_) ::unlink(path_.data());
    listener_.reset();
    accept_again_ = Time{};
    terminals_.close_all(now);
    execs_.hang_up_all();
    for (auto& client : clients_) {
        const bool idle =
            client.phase == Connection::Phase::request || client.phase == Connection::Phase::dialling;
        if (idle) drop(client, now);
    }
}

bool Server::quiet() const {
    const auto gone = [](const Connection& client) { return client.phase == Connection::Phase::unused; };
    return !terminals_.any_live() && !execs_.any() && std::ranges::all_of(clients_, gone);
}

void Server::kill_all() {
    terminals_.kill_all();
    execs_.kill_all();
}

}  // namespace berth::init
