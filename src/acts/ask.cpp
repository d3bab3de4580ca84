#include "acts/ask.hpp"

#include "acts/queue.hpp"
#include "acts/rows.hpp"
#include "plan/name.hpp"

namespace berth::acts {
namespace {

void tell(store::Tx& tx, const Session& session, const Ask& ask) {
    tell_asked(tx, session, {.at = ask.now, .actor = ask.caller.name, .kind = ask.kind});
}

}  // namespace

void tell_asked(store::Tx& tx, const Session& session, Happening happening) {
    happening.subject_kind = "session";
    happening.subject = session.id.text;
    happening.owner = session.user;
    happening.data["name"] = session.name;
    append_audit(tx, happening);
    happening.kind = "session.updated";
    happening.data["status"] = json::to_json(session.status);
    happening.data["state"] = json::enum_name(desired(session.asks));
    append_state(tx, happening);
}

void wake_used(store::Tx& tx, Session session, Time at, const std::string& source) {
    const auto user = tx.find_user(session.user);
    plan::ask_wake(session, at);
    session.last_active_source = source;
    tx.update_session(session);
    tell_asked(
        tx, session,
        {.at = at, .actor = user ? user->name : "berth", .kind = "session.woken", .data = {{"by", source}}});
}

Session put_ask(store::Tx& tx, const Ask& ask) {
    auto session = find_session(tx, ask.caller, ask.name);
    const bool ran = takes_part(session);
    if (ask.ask(session, ask.now) == plan::Asked::nothing) return session;
    if (!ran && desired(session.asks) == State::running) start_or_wait(tx, session, ask.now);
    tx.update_session(session);
    tell(tx, session, ask);
    return session;
}

void rename_session(store::Tx& tx, const Ask& ask, const std::string& name) {
    auto session = find_session(tx, ask.caller, ask.name);
    if (session.name == name) return;
    plan::check_name("session", name);
    if (const auto other = tx.find_session_by_name(session.user, name);
        other && other->status.phase != Phase::gone)
        throw Error(Kind::conflict, "name_taken", "there is a session " + quoted(name) + " already",
                    "choose another name");
    session.name = name;
    tx.update_session(session);
    tell(tx, session, ask);
}

}  // namespace berth::acts
