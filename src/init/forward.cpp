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

constexpr int readable = POLLIN | POLLHUP | POLLERR;
constexpr int writable = POLLOUT | POLLHUP | POLLERR;

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

bool Way::send(int to, std::string_view bytes) {
    const auto sent = empty() ? send_some(to, bytes) : 0;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (bytes.empty()) return true;
    if (!pages_) pages_ = Pages(kept_max);
    if (!pages_) return false;
    std::memcpy(pages_.data() + tail_, bytes.data(), bytes.size());
    tail_ += bytes.size();
    return true;
}

bool Way::pull(int from, int to, Rest rest) {
    static std::array<char, kept_max> shared;
    const auto got = ::recv(from, shared.data(), shared.size(), MSG_DONTWAIT);
    if (got > 0) return send(to, {shared.data(), static_cast<std::size_t>(got)});
    const bool nothing_now = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (got < 0 && !nothing_now) return false;
    if (nothing_now && rest == Rest::may_come) return true;
    state_ = State::ended;
    pass_on_end(to);
    return true;
}

bool Way::push(int to) {
    const auto sent = send_some(to, {pages_.data() + head_, tail_ - head_});
    if (sent < 0) return false;
    head_ += static_cast<std::size_t>(sent);
    if (!empty()) return true;
    pages_ = Pages();
    head_ = tail_ = 0;
    if (state_ == State::ended) pass_on_end(to);
    return true;
}

void Way::pass_on_end(int to) {
    ::shutdown(to, SHUT_WR);
    close();
}

void Way::close() {
    *this = Way();
    state_ = State::over;
}

void Forward::watch(PollSet& poll) {
    const auto wait = [&poll](const Fd& socket, const Way& from, const Way& to, bool left) {
        const int events = (from.reads() ? POLLIN : 0) | (to.writes() ? POLLOUT : 0);
        // An error always shows. So does an orderly end, again and again: nobody asks for that twice.
        return events != 0 || !left ? poll.add(socket.get(), events) : -1;
    };
    client_place = wait(client, up, down, client_left);
    port_place = wait(port, down, up, port_left);
}

void Forward::move(const PollSet& poll) {
    const int at_client = poll.events(client_place);
    const int at_port = poll.events(port_place);
    // What nobody wants to read or write can still be gone.
    const bool client_idle = !up.reads() && !down.writes();
    const bool port_idle = !down.reads() && !up.writes();
    const bool failed =
        (client_idle && (at_client & POLLERR) != 0) || (port_idle && (at_port & POLLERR) != 0);
    if (client_idle && (at_client & POLLHUP) != 0) client_left = true;
    if (port_idle && (at_port & POLLHUP) != 0) port_left = true;
    if (failed) return give_up();
    // Downwards first: a port that takes no more has often just said why.
    const bool flows_down = move_down(at_client, at_port);
    const bool flows_up = move_up(at_client, at_port);
    if (!flows_down || !flows_up) return give_up();
    settle();
}

bool Forward::move_up(int at_client, int at_port) {
    if (up.writes()) return (at_port & writable) == 0 || up.push(port.get());
    if (!up.reads() || (at_client & readable) == 0) return true;
    return up.pull(client.get(), port.get(), Way::Rest::may_come);
}

bool Forward::move_down(int at_client, int at_port) {
    if (down.writes()) return (at_client & writable) == 0 || down.push(client.get());
    if (!down.reads() || (at_port & readable) == 0) return true;
    return down.pull(port.get(), client.get(), Way::Rest::may_come);
}

void Forward::finish() {
    constexpr int pieces_max = 64;  // A port may write for ever: there is another round, until `stop_time`.
    up.close();
    for (int i = 0; i < pieces_max && down.reads(); ++i) {
        if (!down.pull(port.get(), client.get(), Way::Rest::last_words)) return give_up();
    }
    settle();
}

void Forward::give_up() {
    reset(client);
    reset(port);
    *this = Forward();
}

void Forward::settle() {
    if (up.over() && down.over()) *this = Forward();
}

bool Forwards::full() const {
    return std::ranges::all_of(all_, in_use);
}

bool Forwards::any() const {
    return std::ranges::any_of(all_, in_use);
}

void Forwards::start(Fd client, Fd port, std::string_view sent) {
    auto& forward = *std::ranges::find_if_not(all_, in_use);
    forward.client = std::move(client);
    forward.port = std::move(port);
    send_at_once(forward.port.get());
    const auto answer = header('O', 0);
    const bool told = forward.down.send(forward.client.get(), {answer.data(), answer.size()});
    if (!told || (!sent.empty() && !forward.up.send(forward.port.get(), sent))) forward.give_up();
}

void Forwards::watch(PollSet& poll) {
    for (auto& forward : all_) {
        if (in_use(forward)) forward.watch(poll);
    }
}

void Forwards::handle(const PollSet& poll) {
    for (auto& forward : all_) {
        if (in_use(forward)) forward.move(poll);
        if (in_use(forward) && stopping_) forward.finish();
    }
}

void Forwards::drop_vanished() {
    for (auto& forward : all_) {
        if (in_use(forward) && vanished(forward.client.get())) forward.give_up();
    }
}

void Forwards::stop() {
    stopping_ = true;
    for (auto& forward : all_) {
        if (in_use(forward)) forward.finish();
    }
}

}  // namespace berth::init
