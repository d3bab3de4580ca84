#pragma once

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
/// session's user. Throws `not_found`, `too_many` (`quota_exceeded`), `conflict` (`session_ending`).
Session put_ask(store::Tx& tx, const Ask& ask);

/// Nothing when the stopped session may run again within the quota of its user, else the refusal.
std::optional<Error> refuse_start(store::Rows& rows, const Session& session);

/// Gives the session another name. Throws `not_found`, `invalid`, `conflict` (`name_taken`).
void rename_session(store::Tx& tx, const Ask& ask, const std::string& name);

}  // namespace berth::acts
