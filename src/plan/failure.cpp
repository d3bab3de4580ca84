// What follows when something of a session went wrong: another try, or the end of its start.

#include <algorithm>

#include "plan/session.hpp"

namespace berth::plan {

Duration restart_pause(int restarts) {
    return std::min(Duration(std::chrono::seconds(1)) * (1 << std::clamp(restarts, 0, 5)),
                    Duration(std::chrono::seconds(30)));
}

SessionStatus after_failure(SessionStatus status, const Error& error, const Session& session) {
    const bool hopeless =
        error.kind == Kind::invalid || error.kind == Kind::not_found || error.kind == Kind::forbidden;
    // What runs goes on: what could not be made or mended beside it is not worth its end.
    if (hopeless && desired(session.asks) == State::running && status.phase != Phase::running)
        status.phase = Phase::failed;
    status.reason = hopeless                          ? "EngineRefused"
                    : error.kind == Kind::unavailable ? "EngineUnavailable"
                                                      : "EngineFailed";
    status.message = error.user;
    return status;
}

}  // namespace berth::plan
