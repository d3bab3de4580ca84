#include "acts/stay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "acts/activity.hpp"
#include "api/operations.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"
#include "plan/uncounted.hpp"

/// How long sessions stay: the people's words in it, and why.
namespace berth::api {
namespace {

constexpr int history_max = 20;
constexpr int history_read = 500;  // Among what happened, which is mostly steps of starts.
constexpr std::array<std::string_view, 10> decisions{
    "session.created",    "session.started", "session.warned",    "session.extended", "session.frozen",
    "session.hibernated", "session.woken",   "session.restarted", "session.failed",   "session.deleted"};

/// The newest decisions about a session. What a person asked for is one event for the record and one of what
/// became of it: only the first tells who.
std::vector<view::Event> history_of(store::Rows& rows, const Caller& caller, const Session& session) {
    std::vector<view::Event> history;
    const auto events = rows.events_of(caller, session.id.text, history_read);
    for (const auto& event : std::views::reverse(events)) {
        const bool decision = std::ranges::find(decisions, event.kind) != decisions.end();
        const bool told_by_audit = event.kind != "session.started" && event.kind != "session.failed";
        if (!decision || (told_by_audit && event.class_ != EventClass::audit)) continue;
        history.push_back(event_view(event));
        history.back().data.erase("status");
        if (std::ssize(history) >= history_max) break;
    }
    return history;
}

std::string of_what_comes(const view::StopsAt& next, Time now) {
    const bool freezes = next.what == State::frozen;
    const Duration left = std::chrono::ceil<std::chrono::seconds>(next.at - now);
    const auto when = left > Duration(0)
                          ? (freezes ? "It freezes in " : "It hibernates in ") + to_string(left)
                          : std::string("It is about to ") + (freezes ? "freeze" : "hibernate");
    return fmt::format("{}: {}.", when, next.why);
}

std::string of_one_that_runs(const view::Session& session, Time now) {
    if (!session.stops_at) return "It runs until somebody stops it: no limit is set for it.";
    return of_what_comes(*session.stops_at, now);
}

std::string of_a_frozen_one(const Session& row, const view::Session& session, Time now) {
    const auto& because = row.stay.stopped_because;
    auto text = because.empty() ? std::string("It is frozen because somebody asked for it.")
                                : fmt::format("It is frozen: {}.", because);
    if (session.stops_at) text += " " + of_what_comes(*session.stops_at, now);
    return text;
}

/// What keeps its idleness from being known.
std::string of_what_does_not_answer(const Session& row) {
    const auto* silent = plan::find_no_answer(row.stay.uncounted);
    return silent == nullptr ? ""
                             : fmt::format(" Whether it is used is not known: {} says nothing: {}.",
                                           silent->what, silent->why);
}

std::string sentence_of(const Session& row, const view::Session& session, Time now) {
    const auto& status = session.status;
    const bool stopped = row.asks.hibernate && desired(row.asks) == State::hibernated;
    if (stopped && !row.stay.stopped_because.empty())
        return fmt::format("It hibernates: {}.", row.stay.stopped_because);
    if (stopped) return "It hibernates because somebody asked for it.";
    if (row.asks.terminate) return "It is being deleted.";
    if (desired(row.asks) == State::frozen && status.phase != Phase::failed)
        return of_a_frozen_one(row, session, now);
    if (status.phase == Phase::frozen) return "It goes on in a moment.";
    if (status.phase == Phase::running) return of_one_that_runs(session, now) + of_what_does_not_answer(row);
    if (row.queued_at) return fmt::format("It is queued: {}.", status.message);
    if (status.phase == Phase::failed) return fmt::format("It failed: {}.", status.message);
    return status.message.empty() ? "It is starting." : fmt::format("It is starting: {}.", status.message);
}

}  // namespace

Task<view::Session> extend_session(Call call, std::string name) {
    auto write = [caller = call.caller_by_role(), name, now = call.services->now(),
                  origin = call.services->origin](store::Tx& tx) {
        return session_view(tx, origin, acts::extend(tx, caller, name, now));
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<view::Session> report_activity(Call call, std::string name, view::ActivityReport body) {
    const acts::Lease lease{.ttl = body.ttl, .what = body.what.value_or("activity")};
    auto write = [caller = call.caller(), name, lease, now = call.services->now(),
                  origin = call.services->origin](store::Tx& tx) {
        return session_view(tx, origin, acts::lease(tx, caller, name, lease, now));
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<view::Why> why_session(Call call, std::string name) {
    auto read = [caller = call.caller_by_role(), name, now = call.services->now(),
                 origin = call.services->origin](store::Rows& rows) {
        const auto row = acts::find_session(rows, caller, name);
        const auto revision = rows.find_revision(Caller::system(), row.template_, row.revision);
        const auto rules = acts::stay_rules_of(rows, row, revision ? revision->spec.lifecycle : Lifecycle{});
        view::Why why{.session = session_view(rows, origin, row),
                      .warn_before = rules.warn_before,
                      .grace = rules.grace,
                      .known_until = acts::knowledge_of(rows, now).until,
                      .history = history_of(rows, caller, row),
                      .uncounted = row.stay.uncounted};
        std::ranges::sort(why.uncounted, std::ranges::greater(), &Uncounted::last_at);
        why.sentence = sentence_of(row, why.session, now);
        why.limits = stay_view(rules);
        if (rules.freeze && plan::running_since(row) && !row.status.freezable)
            why.sentence += fmt::format(" Engine {} cannot freeze it.", quoted(row.engine));
        return why;
    };
    co_return co_await call.services->store.read(std::move(read));
}

}  // namespace berth::api
