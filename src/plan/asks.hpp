#pragma once

#include "model/session.hpp"

/// What a person may ask of a session: dated, the latest wins, asking twice is asking once. Pure; the caller
/// writes the row back in the transaction that read it. Every one throws `conflict` (`session_ending`) once
/// its end was asked for.
namespace berth::plan {

/// What an ask came to.
enum class Asked {
    changed,  ///< The row is to be written.
    nothing,  ///< It is so already, or on its way.
};

/// Runs again: from hibernated, hibernating or failed a new incarnation starts, a frozen one goes on.
Asked ask_wake(Session& session, Time now);
/// Keeps its memory and takes its processor away. Throws `conflict` (`not_running`) for one that does not
/// run,
/// (`not_freezable`) where its engine cannot do that.
Asked ask_freeze(Session& session, Time now);
Asked ask_hibernate(Session& session, Time now);
/// Counts as being used now: an idle session has its whole time before it again, a frozen one goes on. Throws
/// `conflict` (`not_running`) for one that neither runs nor is frozen.
Asked ask_extend(Session& session, Time now);
/// Throws `conflict` (`not_running`) for a session that has no use to be counted.
void require_running(const Session& session);
/// Whether what somebody did then makes a frozen session go on: it froze because nobody seemed to use it, or
/// was asked to before that.
bool wakes(const Session& session, Time used_at);
/// A fresh start of a session that runs, or a wake of one that does not.
Asked ask_restart(Session& session, Time now);
/// Ends it for good. Never throws.
Asked ask_terminate(Session& session, Time now);

}  // namespace berth::plan
