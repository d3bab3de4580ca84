#include "acts/stay.hpp"

#include <set>

#include "acts/activity.hpp"
#include "acts/quota.hpp"
#include "acts/rows.hpp"
#include "model/limits.hpp"

namespace berth::acts {
namespace {

Lifecycle lifecycle_of(store::Rows& rows, const Session& session) {
    const auto revision = rows.find_revision(Caller::system(), session.template_, session.revision);
    return revision ? revision->spec.lifecycle : Lifecycle{};
}

}  // namespace

plan::StayRules stay_rules_of(store::Rows& rows, const Session& session, const Lifecycle& lifecycle) {
    const auto user = rows.find_user(session.user).value_or(User{.id = session.user});
    return plan::stay_rules(lifecycle, standing_of(rows, user), session.stay.limits);
}

std::vector<plan::NextStop> ladder_of(store::Rows& rows, const Session& session, const Lifecycle& lifecycle,
                                      Time now) {
    if (!plan::running_since(session)) return {};
    const auto rules = stay_rules_of(rows, session, lifecycle);
    const auto known = rules.idle || rules.freeze ? knowledge_of(rows, now) : plan::Knowledge{};
    return plan::ladder(session, rules, known, now);
}

Session extend(store::Tx& tx, const Caller& caller, const std::string& name, Time now) {
    const auto session = find_session(tx, caller, name);
    const auto next = plan::next_stop(ladder_of(tx, session, lifecycle_of(tx, session), now));
    if (next && next->reason == StopReason::lifetime)
        throw Error(Kind::conflict, "lifetime_over",
                    "session " + quoted(session.name) + " stops at " + to_string(next->at) +
                        " whatever is done: " + plan::stop_sentence(*next),
                    "save what is open; its files stay, and it can be woken again");
    return put_ask(tx, {.caller = caller,
                        .name = session.id.text,
                        .ask = plan::ask_extend,
                        .kind = "session.extended",
                        .now = now});
}

Session lease(store::Tx& tx, const Caller& caller, const std::string& name, const Lease& lease, Time now) {
    if (lease.ttl < std::chrono::seconds(1) || lease.ttl > limits::lease_max)
        throw Error(Kind::invalid, "invalid_field", "ttl: expected 1s to " + to_string(limits::lease_max),
                    "report again before it is over, as long as the work goes on");
    if (lease.what.size() > limits::lease_text_max)
        throw Error(Kind::invalid, "invalid_field",
                    "what: longer than " + std::to_string(limits::lease_text_max) + " bytes");
    auto session = find_session(tx, caller, name);
    plan::require_running(session);
    // What is frozen cannot work: whoever says that something in it does wants it to go on.
    if (plan::ask_wake(session, now) == plan::Asked::changed)
        tell_asked(tx, session,
                   {.at = now, .actor = caller.name, .kind = "session.woken", .data = {{"by", "lease"}}});
    const auto before = session.stay.leased_until;
    session.stay.leased_until = now + lease.ttl;
    session.stay.lease = lease.what;
    tx.update_session(session);
    // The loop looks when the time that it knows of comes: it has to hear of one that ends earlier, and
    // people of a warning that is taken back.
    if (!session.stay.warned_at && before.value_or(now) <= *session.stay.leased_until) return session;
    tell_updated(tx, session, caller.name, now);
    return session;
}

std::vector<SessionId> follow_clock(store::Tx& tx, const ClockSet& set) {
    std::set<SessionId> moved;
    for (auto& id : tx.running_sessions()) moved.insert(std::move(id));
    for (auto& [id, at] : tx.unsettled_sessions()) moved.insert(std::move(id));
    for (const auto& waiting : tx.queued_sessions()) moved.insert(waiting.id);
    const auto follow = [&set](Time& at) {
        if (at < set.since || at > set.now) at += set.by;
    };
    for (const auto& id : moved) {
        auto session = tx.get_session(Caller::system(), id);
        follow(session.asked_at);
        // The asks too: what is done after a freeze has to be later than it.
        for (auto* at : {&session.asks.wake, &session.asks.freeze, &session.asks.hibernate,
                         &session.last_active_at, &session.stay.warned_at, &session.queued_at})
            if (*at) follow(**at);
        // A lease may be of the clock as it is now, and rather lasts too long than ends too early.
        if (auto& until = session.stay.leased_until; until && set.by > Duration(0)) follow(*until);
        tx.update_session(session);
    }
    move_reports(tx, follow);
    return {moved.begin(), moved.end()};
}

}  // namespace berth::acts
