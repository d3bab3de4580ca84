#pragma once

#include "acts/ask.hpp"
#include "plan/lifecycle.hpp"

/// How long sessions stay, from the rows.
namespace berth::acts {

/// What is in force for the session, of a template with that lifecycle.
plan::StayRules stay_rules_of(store::Rows& rows, const Session& session, const Lifecycle& lifecycle);

/// What lies ahead of the session, the nearest first; nothing for one that neither runs nor is frozen, or has
/// no limit.
std::vector<plan::NextStop> ladder_of(store::Rows& rows, const Session& session, const Lifecycle& lifecycle,
                                      Time now);

/// Gives an idle session its whole time again. Throws `not_found`, `conflict` (`not_running`), and `conflict`
/// (`lifetime_over`) when what ends it comes whatever is done.
Session extend(store::Tx& tx, const Caller& caller, const std::string& name, Time now);

/// What something inside of a session says of itself.
struct Lease {
    Duration ttl{};    ///< From 1 s to `limits::lease_max`.
    std::string what;  ///< For people: `training`.
};

/// Counts as being used until the lease is over, and a frozen session goes on; a shorter one replaces a
/// longer one. Throws `not_found`, `conflict` (`not_running`), `invalid` (`invalid_field`).
Session lease(store::Tx& tx, const Caller& caller, const std::string& name, const Lease& lease, Time now);

/// How the clock was set: what is dated from `since` to `now` was dated after it.
struct ClockSet {
    Duration by{};
    Time since{}, now{};
};

/// What was dated before the clock was set, and is counted from, moves along, so that nothing ends, or goes
/// on, by that. Gives the sessions that it was done for.
std::vector<SessionId> follow_clock(store::Tx& tx, const ClockSet& set);

}  // namespace berth::acts
