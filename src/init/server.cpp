#include "init/server.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "init/tcp.hpp"
#include "init/text.hpp"

namespace berth::init {

int Server::listen(const char* path) {
    return inside_.open(path);
}

Refusal Server::listen_tcp(std::uint16_t port, const char* key_path) {
    if (const auto refusal = gate_.key().read(key_path)) return refusal;
    if (const int error = network_.open(port)) return {error, "the port cannot be had"};
    return {};
}

void Server::watch(PollSet& poll) {
    // Clients first: they say which terminals have input waiting.
    execs_.watch(poll);
    for (auto& client : clients_) client.watch(poll);
    terminals_.watch(poll);
    forwards_.watch(poll);
    gate_.watch(poll);
    inside_.watch(poll);
    network_.watch(poll);
    poll.wake_at(look_at_);
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
    forwards_.handle(poll);
    if (now >= look_at_) look_for_life(now);
    gate_.handle(poll, now, [&](Fd proven) { welcome(std::move(proven), Entrance::network, now); });
    inside_.handle(poll, now, [&](Fd client) { welcome(std::move(client), Entrance::inside, now); });
    network_.handle(poll, now, [&](Fd stranger) { let_in(std::move(stranger), now); });
}

void Server::let_in(Fd stranger, Time now) {
    send_at_once(stranger.get());
    expect_life(stranger.get());
    if (look_at_ == Time::max()) look_at_ = now + look_time;
    auto* guest = gate_.admit(std::move(stranger), now);
    if (guest == nullptr) return;
    if (auto proven = gate_.advance(*guest)) welcome(std::move(proven), Entrance::network, now);
}

void Server::look_for_life(Time now) {
    forwards_.drop_vanished();
    bool any = forwards_.any();
    for (auto& client : clients_) {
        if (client.phase == Connection::Phase::unused || client.entrance != Entrance::network) continue;
        if (vanished(client.socket.get())) drop(client, now);
        any = true;
    }
    look_at_ = any ? now + look_time : Time::max();
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
    const bool silent =
        client.phase == Phase::request || client.phase == Phase::delivering || client.phase == Phase::closing;
    if (silent) return drop(client, now);
    if (client.phase == Phase::dialling) refuse(client, {ETIMEDOUT, "the port does not answer"}, now);
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
    // Bytes that nobody read would turn our end into a reset, which could overtake that answer.
    char request[4096];
    [[maybe_unused]] const auto got = ::recv(client.get(), request, sizeof request, MSG_DONTWAIT);
}

void Server::welcome(Fd socket, Entrance entrance, Time now) {
    const auto free = std::ranges::find(clients_, Connection::Phase::unused, &Connection::phase);
    if (free == clients_.end()) return turn_away(std::move(socket));
    auto& client = *free;
    if (!client.in.open() || !client.out.open()) {
        client = Connection();
        return turn_away(std::move(socket));
    }
    client.phase = Connection::Phase::request;
    client.socket = std::move(socket);
    client.entrance = entrance;
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
    inside_.close();
    network_.close();
    gate_.close();
    forwards_.stop();
    terminals_.close_all(now);
    execs_.hang_up_all();
    for (auto& client : clients_) {
        const bool idle = client.phase == Connection::Phase::request ||
                          client.phase == Connection::Phase::dialling ||
                          client.phase == Connection::Phase::delivering;
        if (idle) drop(client, now);
    }
}

bool Server::quiet() const {
    const auto gone = [](const Connection& client) { return client.phase == Connection::Phase::unused; };
    return !terminals_.any_live() && !execs_.any() && !forwards_.any() && std::ranges::all_of(clients_, gone);
}

void Server::kill_all() {
    terminals_.kill_all();
    execs_.kill_all();
}

}  // namespace berth::init
