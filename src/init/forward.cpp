#include "init/forward.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "init/frame.hpp"
#include "init/tcp.hpp"

namespace berth::init {

namespace {

bool in_use(const Forward& forward) {
    return static_cast<bool>(forward.client);
}

/// Closes with a reset, so that the other side cannot take a broken stream for a whole one.
void reset(Fd& socket) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket.reset();
}

/// How many bytes the socket took at once, which may be none; -1 when it takes no more for good.
ssize_t send_some(int to, std::string_view bytes) {
    for (;;) {
        const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) return sent;
        if (errno == EAGAIN) return 0;
        if (errno != EINTR) return -1;
    }
}

}  // namespace

void Way::send(int to, std::string_view bytes) {
    if (over()) return;
    const auto sent = empty() ? send_some(to, bytes) : 0;
    if (sent < 0) return close(State::broken);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (bytes.empty()) return;
    if (empty()) {
        pages_ = Pages(kept_max);
        head_ = tail_ = 0;
    }
    if (!pages_) return close(State::broken);
    std::memcpy(pages_.data() + tail_, bytes.data(), bytes.size());
    tail_ += bytes.size();
}

bool Way::pull(int from, int to, Rest rest) {
    static std::array<char, kept_max> shared;
    const auto got = ::recv(from, shared.data(), shared.size(), MSG_DONTWAIT);
    if (got > 0) {
        send(to, {shared.data(), static_cast<std::size_t>(got)});
        return true;
    }
    const bool nothing_now = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (got < 0 && !nothing_now) return false;
    if (nothing_now && rest == Rest::may_come) return true;
    state_ = State::ended;
    pass_on_end(to);
    return true;
}

void Way::push(int to) {
    const auto sent = send_some(to, {pages_.data() + head_, tail_ - head_});
    if (sent < 0) return close(State::broken);
    head_ += static_cast<std::size_t>(sent);
    if (!empty()) return;
    pages_ = Pages();
    if (state_ == State::ended) pass_on_end(to);
}

void Way::pass_on_end(int to) {
    ::shutdown(to, SHUT_WR);
    close(State::over);
}

void Forward::watch(PollSet& poll) {
    const auto wait = [&poll](const Fd& socket, const Way& from, const Way& to, bool left) {
        const int events = (from.reads() ? POLLIN : 0) | (to.writes() ? POLLOUT : 0);
        // An error always shows. So does an orderly end, again and again: nobody asks for that twice.
        return events != 0 || !left ? poll.add(socket.get(), events) : -1;
    };
    client_place = wait(client, up, down, client_left);
    port_place = wait(port, down, up, port_left);
    poll.wake_at(deadline);
}

void Forward::move(const PollSet& poll, Time now) {
    constexpr int trouble = POLLERR | POLLHUP;
    const int at_client = poll.events(client_place);
    const int at_port = poll.events(port_place);
    // What nobody wants to read or write can still be gone.
    const bool client_idle = !up.reads() && !down.writes();
    const bool port_idle = !down.reads() && !up.writes();
    if ((client_idle && (at_client & POLLERR) != 0) || (port_idle && (at_port & POLLERR) != 0)) {
        return give_up();
    }
    if (client_idle && (at_client & POLLHUP) != 0) client_left = true;
    if (port_idle && (at_port & POLLHUP) != 0) port_left = true;

    const bool more_down = (at_port & (POLLIN | trouble)) != 0 && down.reads();
    const bool more_up = (at_client & (POLLIN | trouble)) != 0 && up.reads();
    if ((at_client & (POLLOUT | trouble)) != 0 && down.writes()) down.push(client.get());
    if ((at_port & (POLLOUT | trouble)) != 0 && up.writes()) up.push(port.get());
    if (more_down && !down.pull(port.get(), client.get(), Way::Rest::may_come)) return give_up();
    if (more_up && !up.pull(client.get(), port.get(), Way::Rest::may_come)) return give_up();
    settle(now);
}

void Forward::finish(Time now) {
    constexpr int pieces_max = 64;  // One that writes for ever has the rounds of `stop_time`.
    if (!up.over()) up.close(Way::State::over);
    for (int i = 0; i < pieces_max && down.reads(); ++i) {
        if (!down.pull(port.get(), client.get(), Way::Rest::last_words)) return give_up();
    }
    settle(now);
}

void Forward::settle(Time now) {
    const bool broken = up.state() == Way::State::broken || down.state() == Way::State::broken;
    if (up.over() && down.over()) {
        if (broken) return give_up();
        *this = Forward();
    } else if (broken && deadline == Time::max()) {
        deadline = now + farewell_time;
    }
}

void Forward::give_up() {
    reset(client);
    reset(port);
    *this = Forward();
}

bool Forwards::full() const {
    return std::ranges::all_of(all_, in_use);
}

bool Forwards::any() const {
    return std::ranges::any_of(all_, in_use);
}

void Forwards::start(Fd client, Fd port, std::string_view sent, Time now) {
    auto& forward = *std::ranges::find_if_not(all_, in_use);
    forward.client = std::move(client);
    forward.port = std::move(port);
    send_at_once(forward.port.get());
    const auto answer = header('O', 0);
    forward.down.send(forward.client.get(), {answer.data(), answer.size()});
    if (!sent.empty()) forward.up.send(forward.port.get(), sent);
    forward.settle(now);
}

void Forwards::watch(PollSet& poll) {
    for (auto& forward : all_) {
        if (in_use(forward)) forward.watch(poll);
    }
}

void Forwards::handle(const PollSet& poll, Time now) {
    for (auto& forward : all_) {
        if (in_use(forward)) forward.move(poll, now);
        if (in_use(forward) && stopping_) forward.finish(now);
        if (in_use(forward) && now >= forward.deadline) forward.give_up();
    }
}

void Forwards::drop_vanished() {
    for (auto& forward : all_) {
        if (in_use(forward) && vanished(forward.client.get())) forward.give_up();
    }
}

void Forwards::stop(Time now) {
    stopping_ = true;
    for (auto& forward : all_) {
        if (in_use(forward)) forward.finish(now);
    }
}

}  // namespace berth::init
