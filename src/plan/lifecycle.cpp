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

/// The quota that is in force: one's own where it says something.
void add_quota(std::optional<StayLimit>& strictest, std::optional<Duration> own,
               std::optional<Duration> common) {
    add(strictest, own ? own : common, own ? "the user's quota" : "the default quota");
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

}  // namespace

StayRules stay_rules(const Lifecycle& of_template, const Quota& own, const Quota& common,
                     const StayLimits& of_launch) {
    StayRules rules{.warn_before = of_template.warn_before, .grace = of_template.grace};
    add(rules.idle, of_template.hibernate_after, "the template");
    add_quota(rules.idle, own.hibernate_after, common.hibernate_after);
    add(rules.idle, of_launch.hibernate_after, "this launch");
    add(rules.lifetime, of_template.max_lifetime, "the template");
    add_quota(rules.lifetime, own.max_lifetime, common.max_lifetime);
    add(rules.lifetime, of_launch.max_lifetime, "this launch");
    return rules;
}

void check_stay(std::string_view path, std::optional<Duration> after) {
    if (!after || (*after >= limits::stay_min && *after <= limits::stay_max)) return;
    throw Error(
        Kind::invalid, "invalid_field",
        fmt::format("{}: expected {} to {}", path, to_string(limits::stay_min), to_string(limits::stay_max)));
}

std::optional<Time> running_since(const Session& session) {
    const auto& status = session.status;
    const bool runs = status.phase == Phase::running && status.incarnation == session.incarnation &&
                      desired(session.asks) == State::running;
    if (!runs) return std::nullopt;
    const auto seconds = status.timings.routed.value_or(0);
    return session.asked_at + Duration(std::llround(seconds * 1000));
}

Time last_sign(const Session& session, const Knowledge& known) {
    auto last = running_since(session).value_or(session.asked_at);
    for (const auto& sign : {session.last_active_at, session.stay.leased_until, known.gap})
        if (sign) last = std::max(last, *sign);
    return last;
}

std::optional<NextStop> next_stop(const Session& session, const StayRules& rules, const Knowledge& known,
                                  Time now) {
    const auto since = running_since(session);
    if (!since) return std::nullopt;
    std::optional<NextStop> next;
    if (rules.idle) next = stop_at_limit(rules, StopReason::idle, *rules.idle, last_sign(session, known));
    if (rules.lifetime) {
        auto end = stop_at_limit(rules, StopReason::lifetime, *rules.lifetime, *since);
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

StayDecision judge_stay(const Session& session, const StayRules& rules, const Knowledge& known, Time now) {
    using enum StayDecision::Act;
    StayDecision decision{.next = next_stop(session, rules, known, now)};
    const auto& next = decision.next;
    const bool warned = next && next->warned;
    if (session.stay.warned_at && !warned) decision.act = unwarn;
    if (!next) return decision;
    const auto due = warned ? next->at : next->warn_at;
    if (now < due) {
        decision.look_at = due;
    } else if (next->reason == StopReason::idle && known.until < due) {
        decision.look_at = now + look_again;
    } else {
        decision.act = warned ? stop : warn;
        decision.look_at = warned ? now : next->at;
    }
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
