#include "plan/lifecycle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "model/limits.hpp"

namespace berth::plan {
namespace {

constexpr Duration look_again{2000};  // For reports of what people did that are on their way.

void add(std::optional<StayLimit>& strictest, std::optional<Duration> after, std::string_view whose) {
    if (!after || *after <= Duration(0)) return;
    if (!strictest || *after < strictest->after) strictest = StayLimit{*after, std::string(whose)};
}

using QuotaMember = std::optional<Duration> Quota::*;

/// Of the tiers of the user's groups: the strictest, and none when all that say something say none.
bool add_tiers(std::optional<StayLimit>& strictest, const std::vector<Membership>& groups,
               QuotaMember member) {
    bool said = false;
    for (const auto& [group, tier] : groups) {
        if (!tier || !(tier->quota.*member)) continue;
        said = true;
        add(strictest, tier->quota.*member, whose_tier(*tier));
    }
    return said;
}

/// What is in force for the user: of their own quota, their tier, their groups' tiers and the default the
/// first that says something; and what each group says of all its members.
void add_standing(std::optional<StayLimit>& strictest, const Standing& standing, QuotaMember member) {
    for (const auto& [group, tier] : standing.groups) add(strictest, group.quota.*member, whose_group(group));
    if (standing.own.*member) return add(strictest, standing.own.*member, whose_own);
    if (standing.tier && standing.tier->quota.*member)
        return add(strictest, standing.tier->quota.*member, whose_tier(*standing.tier));
    if (add_tiers(strictest, standing.groups, member)) return;
    add(strictest, standing.common.*member, whose_default);
}

/// The strictest that anybody says.
std::optional<StayLimit> strictest_of(std::optional<Duration> of_template, const Standing& standing,
                                      QuotaMember member, std::optional<Duration> of_launch) {
    std::optional<StayLimit> strictest;
    add(strictest, of_template, "the template");
    add_standing(strictest, standing, member);
    add(strictest, of_launch, "this launch");
    return strictest;
}

NextStop stop_at_limit(const StayRules& rules, StopReason reason, const StayLimit& limit, Time since) {
    // A notice that is longer than the limit itself would never let anybody work without it.
    const auto grace = std::min(rules.grace, limit.after / 2);
    const auto notice = std::min(rules.warn_before, limit.after / 2);
    const auto at = since + limit.after + grace;
    return {.at = at,
            .warn_at = std::min(at - notice, since + limit.after),
            .reason = reason,
            .limit = limit,
            .since = since};
}

/// What ends the run: nobody uses it, or it has lasted long enough.
std::optional<NextStop> end_of(const Session& session, const StayRules& rules, const Knowledge& known,
                               Time since, Time now) {
    std::optional<NextStop> next;
    if (rules.idle) next = stop_at_limit(rules, StopReason::idle, *rules.idle, last_sign(session, known));
    if (rules.lifetime) {
        auto end = stop_at_limit(rules, StopReason::lifetime, *rules.lifetime, since);
        if (!next || end.at <= next->at) next = std::move(end);
    }
    if (!next) return std::nullopt;
    const auto notice = next->at - next->warn_at;
    const auto& stay = session.stay;
    next->warned = stay.warned_at && stay.warned_of == next->reason && *stay.warned_at >= next->since;
    if (next->warned)
        next->at = std::max(next->at, *stay.warned_at + notice);
    else if (now > next->warn_at)
        next->at = std::max(next->at, now + notice);
    return next;
}

StayDecision judge_end(const Session& session, std::optional<NextStop> end, const Knowledge& known,
                       Time now) {
    using enum StayDecision::Act;
    StayDecision decision{.next = std::move(end)};
    const auto& next = decision.next;
    const bool warned = next && next->warned;
    if (session.stay.warned_at && !warned) decision.act = unwarn;
    if (!next) return decision;
    const auto due = warned ? next->at : next->warn_at;
    if (now < due) {
        decision.look_at = due;
    } else if (next->reason == StopReason::idle && known.until < due) {
        decision.look_at = std::max(now + look_again, known.more_at.value_or(now));
    } else {
        decision.act = warned ? stop : warn;
        decision.look_at = warned ? now : next->at;
    }
    return decision;
}

}  // namespace

StayRules stay_rules(const Lifecycle& of_template, const Standing& standing, const StayLimits& of_launch) {
    return {.freeze = strictest_of(of_template.freeze_after, standing, &Quota::freeze_after,
                                   of_launch.freeze_after),
            .idle = strictest_of(of_template.hibernate_after, standing, &Quota::hibernate_after,
                                 of_launch.hibernate_after),
            .lifetime = strictest_of(of_template.max_lifetime, standing, &Quota::max_lifetime,
                                     of_launch.max_lifetime),
            .warn_before = of_template.warn_before,
            .grace = of_template.grace};
}

void check_stay(std::string_view path, std::optional<Duration> after) {
    if (!after || (*after >= limits::stay_min && *after <= limits::stay_max)) return;
    throw Error(
        Kind::invalid, "invalid_field",
        fmt::format("{}: expected {} to {}", path, to_string(limits::stay_min), to_string(limits::stay_max)));
}

std::optional<Time> running_since(const Session& session) {
    const auto& status = session.status;
    const auto state = desired(session.asks);
    const bool lives = (status.phase == Phase::running || status.phase == Phase::frozen) &&
                       (state == State::running || state == State::frozen) &&
                       status.incarnation == session.incarnation;
    if (!lives) return std::nullopt;
    const auto seconds = status.timings.routed.value_or(0);
    return session.asked_at + Duration(std::llround(seconds * 1000));
}

Time last_sign(const Session& session, const Knowledge& known) {
    auto last = running_since(session).value_or(session.asked_at);
    for (const auto& sign : {session.last_active_at, session.stay.leased_until, known.gap})
        if (sign) last = std::max(last, *sign);
    return last;
}

std::vector<NextStop> ladder(const Session& session, const StayRules& rules, const Knowledge& known,
                             Time now) {
    std::vector<NextStop> ahead;
    const auto since = running_since(session);
    if (!since) return ahead;
    const auto end = end_of(session, rules, known, *since, now);
    const bool may_freeze = session.status.freezable && desired(session.asks) == State::running;
    if (rules.freeze && may_freeze) {
        const auto idle_since = last_sign(session, known);
        const auto at = idle_since + rules.freeze->after;
        if (!end || at < end->at)
            ahead.push_back({.at = at,
                             .warn_at = at,
                             .to = State::frozen,
                             .reason = StopReason::idle,
                             .limit = *rules.freeze,
                             .since = idle_since});
    }
    if (end) ahead.push_back(*end);
    return ahead;
}

std::optional<NextStop> next_stop(const std::vector<NextStop>& ladder) {
    if (ladder.empty()) return std::nullopt;
    return ladder.back().warned ? ladder.back() : ladder.front();
}

std::optional<NextStop> next_stop(const Session& session, const StayRules& rules, const Knowledge& known,
                                  Time now) {
    return next_stop(ladder(session, rules, known, now));
}

StayDecision judge_stay(const Session& session, const StayRules& rules, const Knowledge& known, Time now) {
    const auto ahead = ladder(session, rules, known, now);
    const bool ends = !ahead.empty() && ahead.back().to == State::hibernated;
    auto decision = judge_end(session, ends ? std::optional(ahead.back()) : std::nullopt, known, now);
    const bool freezes = !ahead.empty() && ahead.front().to == State::frozen;
    if (!freezes || decision.act != StayDecision::Act::nothing) return decision;
    const auto& freeze = ahead.front();
    auto look_at = std::max({freeze.at, now + look_again, known.more_at.value_or(now)});
    if (now < freeze.at) {
        look_at = freeze.at;
    } else if (known.until >= freeze.at) {
        decision.act = StayDecision::Act::freeze;
        decision.next = freeze;
        look_at = now;
    }
    decision.look_at = std::min(look_at, decision.look_at.value_or(look_at));
    return decision;
}

StayDecision judge_stay(Session session, const SessionStatus& seen, const StayRules& rules,
                        const Knowledge& known, Time now) {
    session.status = seen;
    return judge_stay(session, rules, known, now);
}

std::string stop_word(StopReason reason) {
    switch (reason) {
        case StopReason::idle:
            return "Idle";
        case StopReason::lifetime:
            return "LifetimeOver";
        case StopReason::asked:
            break;
    }
    return {};
}

std::string stop_sentence(const NextStop& stop) {
    const auto* what = stop.reason == StopReason::lifetime ? "of running" : "without activity";
    return fmt::format("{} {}, the limit of {}", to_string(stop.limit.after), what, stop.limit.whose);
}

}  // namespace berth::plan
