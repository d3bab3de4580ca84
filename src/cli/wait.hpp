#pragma once

#include "cli/run.hpp"
#include "cli/steps.hpp"

namespace berth::cli {

/// What somebody waits for.
struct Goal {
    std::string phase;           ///< running, frozen, hibernated or gone.
    int after_incarnation = -1;  ///< Only a start later than this one counts.
};

/// Whether `session` has come to what was waited for. Throws `SessionFailed` when it cannot any more.
bool reached(const SessionView& session, const Goal& goal);

/// Waits until the session is what `goal` says, and shows its steps meanwhile: redrawn on a terminal, line by
/// line in a pipe; on standard error when standard output is data. Hears of changes over the events
/// WebSocket, and polls with back-off where there is none.
///
/// Gives the session as it is then, null when it is gone. Throws `SessionFailed`, and `Interrupted` on
/// Ctrl-C, which changes nothing about the session.
json::value wait_for(Run& run, const json::value& session, Goal goal);

}  // namespace berth::cli
