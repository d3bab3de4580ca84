#include "plan/asks.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "plan/lifecycle.hpp"

namespace berth::plan {
namespace {

void refuse_ending(const Session& session) {
    if (session.asks.terminate)
        throw Error(Kind::conflict, "session_ending", "session " + quoted(session.name) + " is being deleted",
                    "launch a new one on the same workspace");
}

void start_again(Session& session, Time now) {
    // A clock that went back must not make the wake older than what it ends.
    session.asks.wake =
        std::max({now, session.asks.hibernate.value_or(now), session.asks.freeze.value_or(now)});
    session.incarnation += 1;
    session.asked_at = now;
    session.look_at = now;
    // What was said of the last start is not said of this one.
    session.stay = Stay{.limits = session.stay.limits};
}

/// Whether it is to run and has to wait for room: it keeps its place, however often it is asked for.
bool waits(const Session& session) {
    return session.queued_at && desired(session.asks) == State::running;
}

void count_use(Session& session, Time now, std::string source) {
    session.last_active_at = std::max(now, session.last_active_at.value_or(now));
    session.last_active_source = std::move(source);
    session.look_at = now;
}

/// A frozen session goes on where it was.
void go_on(Session& session, Time now) {
    session.asks.wake = std::max(now, session.asks.freeze.value_or(now));
    session.look_at = now;
    session.stay.stopped_by = StopReason::asked;
    session.stay.stopped_because.clear();
}

}  // namespace

Asked ask_wake(Session& session, Time now) {
    refuse_ending(session);
    if (waits(session)) return Asked::nothing;
    if (takes_part(session) && desired(session.asks) == State::running) return Asked::nothing;
    if (!takes_part(session)) {
        start_again(session, now);
    } else {
        go_on(session, now);
        count_use(session, now, "wake");
    }
    return Asked::changed;
}

Asked ask_freeze(Session& session, Time now) {
    refuse_ending(session);
    if (desired(session.asks) == State::frozen) return Asked::nothing;
    require_running(session);
    if (!session.status.freezable)
        throw Error(Kind::conflict, "not_freezable",
                    "engine " + quoted(session.engine) + " cannot freeze a session", "hibernate it instead");
    session.asks.freeze = std::max(now, session.asks.wake.value_or(now) + Duration(1));
    session.look_at = now;
    session.stay.stopped_by = StopReason::asked;
    session.stay.stopped_because.clear();
    return Asked::changed;
}

Asked ask_hibernate(Session& session, Time now) {
    refuse_ending(session);
    if (desired(session.asks) == State::hibernated) return Asked::nothing;
    session.asks.hibernate = std::max(now, session.asks.wake.value_or(now) + Duration(1));
    session.look_at = now;
    session.queued_at.reset();
    // What did not count explains also afterwards why it stopped.
    session.stay = Stay{.limits = session.stay.limits, .uncounted = session.stay.uncounted};
    return Asked::changed;
}

void require_running(const Session& session) {
    if (running_since(session)) return;
    throw Error(Kind::conflict, "not_running", "session " + quoted(session.name) + " does not run",
                "nothing stops what does not run; wake it to use it");
}

Asked ask_extend(Session& session, Time now) {
    refuse_ending(session);
    require_running(session);
    if (desired(session.asks) == State::frozen) go_on(session, now);
    count_use(session, now, "extend");
    return Asked::changed;
}

bool wakes(const Session& session, Time used_at) {
    if (desired(session.asks) != State::frozen || !takes_part(session)) return false;
    return session.stay.stopped_by == StopReason::idle || used_at >= *session.asks.freeze;
}

Asked ask_restart(Session& session, Time now) {
    refuse_ending(session);
    if (waits(session)) return Asked::nothing;
    const bool not_begun = session.status.incarnation < session.incarnation;
    if (takes_part(session) && not_begun) return Asked::nothing;
    start_again(session, now);
    return Asked::changed;
}

Asked ask_terminate(Session& session, Time now) {
    if (session.asks.terminate) return Asked::nothing;
    session.asks.terminate = now;
    session.queued_at.reset();
    session.look_at = now;
    return Asked::changed;
}

}  // namespace berth::plan
