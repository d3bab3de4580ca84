#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "init/fd.hpp"
#include "init/handshake.hpp"
#include "init/limits.hpp"
#include "init/poll_set.hpp"

namespace berth::init {

/// Who has connected over TCP and not proven yet to know the key: at most `guests_max`, apart from clients.
///
/// Whoever says something wrong, or not enough within `request_time`, is closed without a word. When all
/// places are taken the one that waits longest goes, so that idle strangers keep nobody out.
class Gate {
  public:
    Key& key() { return key_; }

    /// Lets a new connection in, which is to be asked at once whether it has said something (`advance`).
    struct Guest {
        Fd socket;
        std::uint64_t number = 0;  ///< How many came before.
        Time deadline;
        Handshake handshake;
        int place = -1;
    };
    Guest* admit(Fd socket, Time now);

    /// Reads what has come. Gives the socket once its other side has proven itself: nothing was read of what
    /// came behind the proof.
    Fd advance(Guest& guest);

    void watch(PollSet& poll);
    /// `welcome` gets each socket that came through.
    template <class Welcome>
    void handle(const PollSet& poll, Time now, Welcome&& welcome);

    void close() { guests_ = {}; }

  private:
    Key key_;
    std::array<Guest, guests_max> guests_;
    std::uint64_t came_ = 0;
};

template <class Welcome>
void Gate::handle(const PollSet& poll, Time now, Welcome&& welcome) {
    for (auto& guest : guests_) {
        if (poll.events(guest.place) != 0) {
            if (auto proven = advance(guest)) welcome(std::move(proven));
        }
        if (guest.socket && now >= guest.deadline) guest = Guest();
    }
}

}  // namespace berth::init
