#include "acts/stay.hpp"

#include "acts/activity.hpp"
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
    const auto user = rows.find_user(session.user);
    return plan::stay_rules(lifecycle, user ? user->quota : Quota{}, default_quota(rows),
                            session.stay.limits);
}

std::optional<plan::NextStop> next_stop_of(store::Rows& rows, const Session& session,
                                           const Lifecycle& lifecycle, Time now) {
    if (!plan::running_since(session)) return std::nullopt;
    const auto rules = stay_rules_of(rows, session, lifecycle);
    const auto known = rules.idle ? knowledge_of(rows, now) : plan::Knowledge{};
    return plan::next_stop(session, rules, known, now);
}

Session extend(store::Tx& tx, const Caller& caller, const std::string& name, Time now) {
    const auto session = find_session(tx, caller, name);
    const auto next = next_stop_of(tx, session, lifecycle_of(tx, session), now);
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

}  // namespace berth::acts
