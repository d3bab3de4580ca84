#pragma once

#include "acts/rows.hpp"
#include "plan/asks.hpp"
#include "store/store.hpp"

namespace berth::acts {

/// Who asks for what of which session.
struct Ask {
    Caller caller;
    std::string name;  ///< Id or name of the session.
    plan::Asked (*ask)(Session&, Time) = nullptr;
    std::string kind;  ///< Of the audit event.
    Time now{};
};

/// Writes the ask down, when it asks for anything, and tells of it. A start is within the quota of the
/// session's user, or waits for room where its template or the engine lets it. Throws `not_found`, `too_many`
/// (`quota_exceeded`), `conflict` (`session_ending`).
Session put_ask(store::Tx& tx, const Ask& ask);

/// Tells of an ask that the row has: who asked (`actor`), what (`kind`), when, and what else is to be said.
void tell_asked(store::Tx& tx, const Session& session, Happening happening);

/// A frozen session goes on because its user used it then, which was seen by `source`.
void wake_used(store::Tx& tx, Session session, Time at, const std::string& source);

/// Gives the session another name. Throws `not_found`, `invalid`, `conflict` (`name_taken`).
void rename_session(store::Tx& tx, const Ask& ask, const std::string& name);

}  // namespace berth::acts
