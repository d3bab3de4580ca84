#include "init/connection.hpp"

#include <poll.h>

namespace berth::init {

void Connection::watch(PollSet& poll) {
    place = dial_place = -1;
    if (phase == Phase::unused) return;
    const bool listens = phase != Phase::dialling && !input_waits && !half_closed;
    // Also with no event asked for: a client that is gone always shows.
    place = poll.add(socket.get(), (listens ? POLLIN : 0) | (has_output() ? POLLOUT : 0));
    if (phase == Phase::dialling) dial_place = poll.add(dial.socket().get(), POLLOUT);
    if (phase == Phase::on_terminal && input_waits) terminal->input_waits = true;
    if (phase == Phase::on_exec) exec->watch(poll, out.fits(chunk_max), input_waits);
    if (phase != Phase::on_terminal && phase != Phase::on_exec) poll.wake_at(deadline);
}

bool Connection::has_output() const {
    return !out.empty() || (phase == Phase::on_terminal && offset != terminal->ring.end());
}

bool Connection::feed() {
    for (;;) {
        // Little is taken out of the ring in advance: what is still in there can be skipped when the client
        // is slow.
        while (phase == Phase::on_terminal && offset != terminal->ring.end() && out.size() < chunk_max) {
            if (offset < terminal->ring.begin()) {
                offset = terminal->ring.begin();
                out.put('o', {Text<20>().add(offset).view()});
            }
            const auto piece = terminal->ring.at(offset, chunk_max);
            out.put('d', {piece});
            offset += piece.size();
        }
        if (out.empty()) return true;
        if (const auto moved = out.flush(socket.get()); moved != Moved::all) return moved == Moved::some;
    }
}

}  // namespace berth::init
