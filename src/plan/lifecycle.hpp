#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/session.hpp"
#include "plan/limits.hpp"

/// How long a session stays as it is, and what comes then. Pure.
namespace berth::plan {

/// A limit, and whose it is: `the template`, `the user's quota`, `tier free`, `group physics`,
/// `the default quota`, `this launch`.
struct StayLimit {
    Duration after{};
    std::string whose;
    bool operator==(const StayLimit&) const = default;
};

/// What is in force for one session: of each kind the strictest limit.
struct StayRules {
    std::optional<StayLimit> freeze;
    std::optional<StayLimit> idle;
    std::optional<StayLimit> lifetime;
    Duration warn_before{};
    Duration grace{};
    bool operator==(const StayRules&) const = default;
};

/// Of the quotas that limit the user the first that says something counts, as for counts and amounts; a limit
/// of 0 there is none. What a group says holds beside that, for each of its members.
StayRules stay_rules(const Lifecycle& of_template, const Standing& standing, const StayLimits& of_launch);

/// Throws `invalid` (`invalid_field`) with the path of a limit that is shorter or longer than makes sense.
void check_stay(std::string_view path, std::optional<Duration> after);

/// How much is known of what people did. Everything up to `until` was reported; nothing is known of what was
/// done before `gap`, at a time when nobody could report.
struct Knowledge {
    Time until{};
    std::optional<Time> gap;
    std::optional<Time> more_at;  ///< More is not known before.
};

/// A rung of the ladder: what becomes of a session unless something happens before.
struct NextStop {
    Time at{};       ///< When it begins: the limit, and the grace after it.
    Time warn_at{};  ///< When people are to hear of it, at the latest at the limit.
    State to = State::hibernated;
    StopReason reason = StopReason::idle;
    StayLimit limit;
    Time since{};         ///< What the limit counts from: the last activity, or the start.
    bool warned = false;  ///< People have heard of it.
    bool operator==(const NextStop&) const = default;
};

/// What lies ahead of a session, the nearest first: frozen, where its engine can do that and it would not
/// hibernate before, then hibernated. Both count from the last sign of life. Nothing for one that neither
/// runs nor is frozen, or has no limit.
///
/// A freeze loses nothing and is noticed by nobody, so it has neither warning nor grace. Whoever was not
/// warned of a hibernation in time has the whole warning still before them: a Berth that was away stops
/// nothing by surprise.
std::vector<NextStop> ladder(const Session& session, const StayRules& rules, const Knowledge& known,
                             Time now);

/// The rung of a ladder that people wait for: the nearest, or the one that they were told of.
std::optional<NextStop> next_stop(const std::vector<NextStop>& ladder);
std::optional<NextStop> next_stop(const Session& session, const StayRules& rules, const Knowledge& known,
                                  Time now);

/// What to do about it now.
struct StayDecision {
    enum class Act {
        nothing,
        warn,    ///< Write down that people were told.
        unwarn,  ///< What they were told of does not come any more.
        freeze,  ///< Ask for its memory to be kept and its processor to be taken away.
        stop,    ///< Ask for its hibernation.
    };
    Act act = Act::nothing;
    std::optional<NextStop> next;  ///< What the act is about.
    std::optional<Time> look_at;   ///< When this can be another answer; absent: not by time alone.
};

/// Unknown is not idle: as long as it is not known what people did until the warning was due, or until the
/// stop was to begin, neither comes.
StayDecision judge_stay(const Session& session, const StayRules& rules, const Knowledge& known, Time now);

/// The same of a session whose status is seen to be another than its row says.
StayDecision judge_stay(Session session, const SessionStatus& seen, const StayRules& rules,
                        const Knowledge& known, Time now);

/// Why it stops, for before and after: `30m without activity, the limit of the template`.
std::string stop_sentence(const NextStop& stop);

/// How a status names why it stopped: `Idle`, `LifetimeOver`; empty: somebody asked for it.
std::string stop_word(StopReason reason);

/// Since when a running or frozen session runs at a stretch; nothing when it is neither.
std::optional<Time> running_since(const Session& session);

/// The last sign of life that counts: what people did, a lease, its start. Only of one that runs or is
/// frozen.
Time last_sign(const Session& session, const Knowledge& known);

}  // namespace berth::plan
