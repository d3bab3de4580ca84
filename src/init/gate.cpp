#include "init/gate.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace berth::init {

Gate::Guest* Gate::admit(Fd socket, Time now) {
    const auto nonce = make_nonce();
    if (!nonce) return nullptr;
    auto* place = std::ranges::find_if(guests_, [](const Guest& guest) { return !guest.socket; });
    if (place == guests_.end()) place = std::ranges::min_element(guests_, {}, &Guest::number);
    *place = {.socket = std::move(socket),
              .number = came_++,
              .deadline = now + request_time,
              .handshake = Handshake(*nonce)};
    return place;
}

Fd Gate::advance(Guest& guest) {
    using State = Handshake::State;
    const int socket = guest.socket.get();
    for (;;) {
        const auto room = guest.handshake.room();
        const auto got = ::recv(socket, room.data(), room.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return {};
        const auto before = guest.handshake.state();
        const auto state = got > 0 ? guest.handshake.took(static_cast<std::size_t>(got), key_) : State::wrong;
        bool good = state != State::wrong;
        if (before == State::hello && state == State::proof) {
            // A new socket takes these few bytes.
            const auto answer = guest.handshake.answer();
            const auto sent = ::send(socket, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            good = sent == static_cast<ssize_t>(answer.size());
        }
        if (good && state != State::proven) continue;
        auto proven = good ? std::move(guest.socket) : Fd();
        guest = Guest();
        return proven;
    }
}

void Gate::watch(PollSet& poll) {
    for (auto& guest : guests_) {
        guest.place = guest.socket ? poll.add(guest.socket.get(), POLLIN) : -1;
        if (guest.socket) poll.wake_at(guest.deadline);
    }
}

}  // namespace berth::init
