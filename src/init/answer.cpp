// What the server says to its clients: requests, and the frames of the two streams.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "init/server.hpp"
#include "init/text.hpp"
#include "init/usage.hpp"
#include "init/version.hpp"

namespace berth::init {

namespace {

constexpr std::string_view nul("\0", 1);

constexpr Refusal not_begun{EAGAIN, "it waits for what it is to start with"};
constexpr Refusal too_many_forwards{EAGAIN, "512 connections are forwarded"};

/// Whether who connected is one of the processes that we are the first of: what is not has no number here.
bool is_of_the_component(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getpid() == 1 && ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           peer.pid != 0;
}

Text<20> decimal(std::uint64_t value) {
    return Text<20>().add(value);
}

}  // namespace

void Server::take_frames(Connection& client, Time now) {
    using Phase = Connection::Phase;
    client.input_waits = false;
    for (;;) {
        if (client.phase == Phase::closing) client.in.clear();  // It had its one request.
        if (client.phase == Phase::unused || client.phase == Phase::dialling) return;
        const auto found = scan(client.in.bytes());
        if (found.outcome == Scanned::partial) return;
        if (found.outcome == Scanned::oversized) return drop(client, now);
        switch (take(client, found.frame, now)) {
            case Taken::all:
                if (client.phase == Phase::unused || client.phase == Phase::closing) return;
                client.in.consume(found.size);
                client.taken = 0;
                break;
            case Taken::part:
                client.input_waits = true;
                return;
            case Taken::nonsense:
                return drop(client, now);
        }
    }
}

Server::Taken Server::take(Connection& client, const Frame& frame, Time now) {
    if (client.phase == Connection::Phase::on_terminal) return take_for_terminal(client, frame);
    if (client.phase == Connection::Phase::on_exec) return take_for_exec(client, frame);
    if (client.phase == Connection::Phase::delivering) return take_for_delivery(client, frame, now);
    answer(client, frame, now);
    return Taken::all;
}

Server::Taken Server::take_for_terminal(Connection& client, const Frame& frame) {
    auto& terminal = *client.terminal;
    if (frame.kind == 'd') {
        client.taken += terminal.input(frame.payload.substr(client.taken));
        return client.taken == frame.payload.size() ? Taken::all : Taken::part;
    }
    if (frame.kind != 'r') return Taken::nonsense;
    Fields fields(frame.payload);
    const auto size = read_size(fields);
    if (!size) return Taken::nonsense;
    if (terminal.state == Terminal::State::live) terminal.size = resize(terminal.pty.master.get(), *size);
    return Taken::all;
}

Server::Taken Server::take_for_exec(Connection& client, const Frame& frame) {
    auto& exec = *client.exec;
    Fields fields(frame.payload);
    switch (frame.kind) {
        case '0':
            client.taken += exec.write_input(frame.payload.substr(client.taken));
            return client.taken == frame.payload.size() ? Taken::all : Taken::part;
        case 'c':
            exec.close_input();
            return Taken::all;
        case 's': {
            const auto signal = number(frame.payload, NSIG - 1);
            if (!signal || *signal == 0) return Taken::nonsense;
            exec.signal(static_cast<int>(*signal));
            return Taken::all;
        }
        case 'r': {
            const auto size = read_size(fields);
            if (!size) return Taken::nonsense;
            if (exec.on_terminal && exec.output) resize(exec.output.get(), *size);
            return Taken::all;
        }
        default:
            return Taken::nonsense;
    }
}

Server::Taken Server::take_for_delivery(Connection& client, const Frame& frame, Time now) {
    client.deadline = now + delivery_time;
    if (const auto refusal = delivery_.take(frame)) {
        refuse(client, refusal, now);
    } else if (frame.kind == 'g') {
        client.out.put('O');
        finish(client, now);
    }
    return Taken::all;
}

void Server::answer(Connection& client, const Frame& frame, Time now) {
    static Request request;
    if (const auto refusal = read_request(frame, request)) return refuse(client, refusal, now);
    switch (request.kind) {
        case 'D':
        case 'F':
        case 'R':
            return start_dial(client, request, now);
        case 'P':
            client.out.put('O', {version});
            break;
        case 'U': {
            const auto used = read_usage();
            if (!used) return refuse(client, {ENOENT, "there are no files of a control group"}, now);
            client.out.put('O', {decimal(used->cpu).view(), nul, decimal(used->memory).view()});
            break;
        }
        case 'L': {
            Text<8192> list;
            terminals_.list(list);
            client.out.put('O', {list.view()});
            break;
        }
        case 'K': {
            auto* terminal = terminals_.find(request.id);
            if (terminal == nullptr || terminal->state != Terminal::State::live) {
                return refuse(client, {ENOENT, "there is no such terminal"}, now);
            }
            terminals_.close(*terminal, now);
            client.out.put('O');
            break;
        }
        case 'S':
            return tell_state(client, now);
        case 'B':
        case 'W':
            return start_delivery(client, request, now);
        case 'T':
            return open_terminal(client, request, now);
        default:
            return start_exec(client, request, now);
    }
    finish(client, now);
}

void Server::start_dial(Connection& client, const Request& request, Time now) {
    using enum Connection::Purpose;
    client.purpose = request.kind == 'D' ? hand_over : request.kind == 'F' ? forward : reach;
    if (client.purpose == hand_over && client.entrance == Entrance::network) {
        return refuse(client, {ENOSYS, "no descriptor travels over TCP: ask for F"}, now);
    }
    if (client.purpose == forward && forwards_.full()) return refuse(client, too_many_forwards, now);
    client.phase = Connection::Phase::dialling;
    client.deadline = now + dial_time;
    const auto state =
        client.purpose == reach ? client.dial.start(request.endpoint) : client.dial.start(request.port);
    // A socket that is connected already is writable: `F` goes on in the next round, when its own frame is
    // out of the inbox and what is left there is for the port.
    if (state != Dial::State::connected || client.purpose != forward) advance_dial(client, state, now);
}

void Server::advance_dial(Connection& client, Dial::State state, Time now) {
    if (state == Dial::State::waiting) return;
    if (state == Dial::State::failed) {
        return refuse(client, {client.dial.error(), "nothing answers on that port"}, now);
    }
    if (client.purpose == Connection::Purpose::forward) return start_forward(client, now);
    if (client.purpose == Connection::Purpose::hand_over) client.out.carry(std::move(client.dial.socket()));
    client.dial.socket().reset();
    client.out.put('O');
    finish(client, now);
}

void Server::start_forward(Connection& client, Time now) {
    if (forwards_.full()) return refuse(client, too_many_forwards, now);
    forwards_.start(std::move(client.socket), std::move(client.dial.socket()), client.in.bytes());
    client = Connection();
}

void Server::open_terminal(Connection& client, const Request& request, Time now) {
    if (waits()) return refuse(client, not_begun, now);
    const auto opened = terminals_.open(request, [&](Terminal& old) { forget(old, now); });
    if (opened.refusal) return refuse(client, opened.refusal, now);
    auto& terminal = *opened.terminal;
    const auto wanted = request.offset.value_or(0);
    client.offset = std::clamp(wanted, terminal.ring.begin(), terminal.ring.end());
    client.terminal = &terminal;
    client.phase = Connection::Phase::on_terminal;
    const auto pid = static_cast<std::uint64_t>(terminal.state == Terminal::State::live ? terminal.pid : 0);
    client.out.put('O', {decimal(client.offset).view(), nul, decimal(pid).view(), nul,
                         opened.created ? "1" : "0", nul, decimal(terminal.ring.end()).view()});
    feed(client, now);
}

void Server::start_exec(Connection& client, const Request& request, Time now) {
    if (waits()) return refuse(client, not_begun, now);
    const auto started = execs_.start(request);
    if (started.refusal) return refuse(client, started.refusal, now);
    client.exec = started.exec;
    client.phase = Connection::Phase::on_exec;
    client.out.put('O', {decimal(static_cast<std::uint64_t>(started.exec->pid)).view()});
    if (client.out.flush(client.socket.get()) == Moved::gone) drop(client, now);
}

void Server::tell_state(Connection& client, Time now) {
    client.out.put('O', {waits() ? "waiting" : "started"});
    for (auto note = delivery_.note(); !note.empty(); note.remove_prefix(std::min(note.size(), chunk_max))) {
        client.out.put('n', {note.substr(0, chunk_max)});
    }
    finish(client, now);
}

void Server::start_delivery(Connection& client, const Request& request, Time now) {
    if (client.entrance == Entrance::inside && is_of_the_component(client.socket.get())) {
        return refuse(client, {EPERM, "a component does not deliver to itself"}, now);
    }
    if (client.entrance == Entrance::network && request.salt.empty()) {
        return refuse(client, {EPROTO, "a delivery over a network is sealed"}, now);
    }
    // Of two the newer counts: the other one's Berth may have died without a word.
    for (auto& other : clients_) {
        if (other.phase == Connection::Phase::delivering) drop(other, now);
    }
    if (const auto refusal = delivery_.begin(request.kind, request.salt, gate_.key()))
        return refuse(client, refusal, now);
    client.phase = Connection::Phase::delivering;
    client.deadline = now + delivery_time;
    client.out.put('O');
    if (client.out.flush(client.socket.get()) == Moved::gone) drop(client, now);
}

void Server::advance_exec(Connection& client, const PollSet& poll, Time now) {
    auto& exec = *client.exec;
    if (poll.events(exec.input_place) != 0) take_frames(client, now);
    if (client.phase != Connection::Phase::on_exec) return;
    exec.read(poll, client.out);
    if (exec.over()) {
        client.out.put('x', {decimal(static_cast<std::uint64_t>(*exec.status)).view()});
        execs_.forget(exec);
        client.exec = nullptr;
        return finish(client, now);
    }
    if (client.out.flush(client.socket.get()) == Moved::gone) drop(client, now);
}

void Server::feed(Connection& client, Time now) {
    if (!client.feed()) return drop(client, now);
    const auto& terminal = *client.terminal;
    if (terminal.state != Terminal::State::ended || client.has_output()) return;
    client.out.put('x', {decimal(static_cast<std::uint64_t>(terminal.status)).view()});
    finish(client, now);
}

void Server::forget(Terminal& terminal, Time now) {
    for (auto& client : clients_) {
        if (client.phase != Connection::Phase::on_terminal || client.terminal != &terminal) continue;
        // Its backlog goes: the rest is one gap, and the status is still told.
        client.out.put('x', {decimal(static_cast<std::uint64_t>(terminal.status)).view()});
        finish(client, now);
    }
    terminals_.forget(terminal);
}

void Server::refuse(Connection& client, Refusal refusal, Time now) {
    client.lingers = client.phase == Connection::Phase::delivering;
    client.out.put('E', {error_name(refusal.error), nul, refusal.reason});
    finish(client, now);
}

void Server::finish(Connection& client, Time now) {
    if (client.phase == Connection::Phase::delivering) delivery_.abandon();
    client.phase = Connection::Phase::closing;
    client.deadline = now + farewell_time;
    client.terminal = nullptr;
    client.input_waits = false;
    client.in.clear();
}

void Server::flush(Connection& client, Time now) {
    const auto before = client.out.size();
    if (client.out.flush(client.socket.get()) == Moved::some) {
        // Slow is not gone.
        if (client.out.size() < before) client.deadline = now + farewell_time;
        return;
    }
    if (client.lingers && !client.half_closed) {
        ::shutdown(client.socket.get(), SHUT_WR);
        return;
    }
    // Bytes that nobody read would turn our end into a reset, which could overtake the last answer.
    if (!client.half_closed) client.in.receive(client.socket.get());
    client = Connection();
}

void Server::drop(Connection& client, Time now) {
    if (client.phase == Connection::Phase::on_exec) execs_.abandon(*client.exec, now);
    if (client.phase == Connection::Phase::delivering) delivery_.abandon();
    client = Connection();
}

}  // namespace berth::init
