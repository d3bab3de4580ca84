// What follows when something of a session went wrong: another try, or the end of its start.

#include <fmt/format.h>

#include <algorithm>

#include "plan/session.hpp"

namespace berth::plan {

Duration restart_pause(int restarts) {
    return std::min(Duration(std::chrono::seconds(1)) * (1 << std::clamp(restarts, 0, 5)),
                    Duration(std::chrono::seconds(30)));
}

std::string exit_message(const ObservedComponent& there, const WorkloadComponent& component,
                         const std::string& what) {
    if (!there.message.empty()) return fmt::format("{} was ended: {}", what, there.message);
    if (there.out_of_memory)
        return fmt::format("{} ran out of memory (limit {})", what, to_string(component.resources.memory));
    if (there.exit_code > 128) return fmt::format("{} was ended by signal {}", what, there.exit_code - 128);
    return fmt::format("{} ended with status {}", what, there.exit_code);
}

SessionStatus after_failure(SessionStatus status, const Error& error, const Session& session) {
    const bool hopeless =
        error.kind == Kind::invalid || error.kind == Kind::not_found || error.kind == Kind::forbidden;
    // What runs goes on: what could not be made or mended beside it is not worth its end.
    const bool runs = status.phase == Phase::running || status.phase == Phase::frozen;
    if (hopeless && desired(session.asks) == State::running && !runs) status.phase = Phase::failed;
    status.reason = error.code == "files_not_written" ? "FilesNotWritten"
                    : hopeless                        ? "EngineRefused"
                    : error.kind == Kind::unavailable ? "EngineUnavailable"
                                                      : "EngineFailed";
    status.message = error.user;
    return status;
}

}  // namespace berth::plan
