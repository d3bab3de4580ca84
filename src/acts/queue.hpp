#pragma once

#include "plan/queue.hpp"
#include "store/store.hpp"

/// Who starts now, and who waits for room.
namespace berth::acts {

/// A session that is about to run.
struct Entry {
    UserId user;
    std::string engine;
    const TemplateSpec& spec;
    plan::Amounts things = {};  ///< What it adds besides what runs: sessions, volumes.
};

/// Whether it starts at once; else it has to wait for its turn. It may wait where its template says so, or
/// when it is the engine that has no room. Throws `too_many` (`quota_exceeded`) where it may not, and where
/// waiting would never help.
bool may_start(store::Rows& rows, const Entry& entry);

/// Puts a session that was asked to run, and that no row counts yet, into the queue unless it may start.
/// Throws as `may_start`.
void start_or_wait(store::Rows& rows, Session& session, const Entry& entry, Time now);

/// The same of a session that has run before.
void start_or_wait(store::Rows& rows, Session& session, Time now);

/// What a look at the queue came to.
struct LetIn {
    std::vector<Session> entered;                 ///< With the time since which they waited in `queued_at`.
    std::map<std::string, std::int64_t> waiting;  ///< How many go on waiting, by engine.
};

/// The kind of the events that tell those that wait where they stand.
inline constexpr std::string_view place_told = "session.queued";

/// Lets in whoever there is room for, and tells the others where they stand. `actor` is whose events these
/// are.
LetIn let_in(store::Tx& tx, const std::string& actor, Time now);

}  // namespace berth::acts
