#include "model/session.hpp"

namespace berth {

State desired(const Asks& asks) {
    if (asks.terminate) return State::terminated;
    if (asks.hibernate && (!asks.wake || *asks.hibernate > *asks.wake)) return State::hibernated;
    if (asks.freeze && (!asks.wake || *asks.freeze > *asks.wake)) return State::frozen;
    return State::running;
}

bool has_failed(const Session& session) {
    return session.status.phase == Phase::failed && session.status.incarnation == session.incarnation;
}

bool takes_part(const Session& session) {
    const auto state = desired(session.asks);
    return (state == State::running || state == State::frozen) && !session.queued_at &&
           !has_failed(session) && session.status.phase != Phase::gone;
}

}  // namespace berth
