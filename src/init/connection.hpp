#pragma once

#include <cstddef>
#include <cstdint>

#include "init/box.hpp"
#include "init/dial.hpp"
#include "init/exec.hpp"
#include "init/fd.hpp"
#include "init/limits.hpp"
#include "init/poll_set.hpp"
#include "init/terminal.hpp"

namespace berth::init {

/// Where a client came in: at the Unix socket, or over TCP with a proof that it knows the key.
enum class Entrance { inside, network };

/// One client and its one request.
///
///     request -> dialling -> closing        request -> on_terminal | on_exec | delivering -> closing
///
/// A client whose connection becomes the one to a port goes to `Forwards` after dialling.
///
/// A client that closes, or stops sending, is gone in every phase; only a request that it completed before is
/// still answered.
struct Connection {
    enum class Phase {
        unused,
        request,      ///< Nothing complete has arrived.
        dialling,     ///< The port has neither accepted nor refused.
        on_terminal,  ///< Streams to and from `terminal`.
        on_exec,      ///< Streams to and from `exec`.
        delivering,   ///< Streams what is for the component; one client at a time.
        closing,      ///< The last bytes are on their way.
    };

    Phase phase = Phase::unused;
    Entrance entrance = Entrance::inside;
    Fd socket;
    Inbox in;
    Outbox out;
    Time deadline;  ///< Of the phases request, dialling, delivering and closing.
    Dial dial;
    enum class Purpose { hand_over, forward, reach };
    Purpose purpose = Purpose::hand_over;  ///< What the dialled port is for: see D, F and R.
    Terminal* terminal = nullptr;
    std::uint64_t offset = 0;  ///< Of the next byte of the terminal to put into `out`.
    Exec* exec = nullptr;
    std::size_t taken = 0;     ///< Bytes of the first frame's payload that the program already has.
    bool input_waits = false;  ///< The program took only a part of the first frame.
    bool half_closed = false;  ///< Nothing more will come.
    bool lingers = false;      ///< Hears its client out after the last word, which a reset could overtake.
    int place = -1;
    int dial_place = -1;

    /// Waits for what the phase needs.
    void watch(PollSet& poll);

    /// True when there is something to send, now or in the terminal's ring.
    bool has_output() const;

    /// Moves what the terminal wrote into `out` and from there to the client, as far as it takes it. True
    /// when the client is still there.
    bool feed();
};

}  // namespace berth::init
