#include "acts/ask.hpp"

#include "acts/rows.hpp"
#include "plan/name.hpp"

namespace berth::acts {
namespace {

void tell(store::Tx& tx, const Session& session, const Ask& ask) {
    Happening happening{.at = ask.now,
                        .actor = ask.caller.name,
                        .kind = ask.kind,
                        .subject_kind = "session",
                        .subject = session.id.text,
                        .owner = session.user,
                        .data = {{"name", session.name}}};
    append_audit(tx, happening);
    happening.kind = "session.updated";
    happening.data["status"] = json::to_json(session.status);
    happening.data["state"] = json::enum_name(desired(session.asks));
    append_state(tx, happening);
}

}  // namespace

std::optional<Error> refuse_start(store::Rows& rows, const Session& session) {
    const auto revision = rows.find_revision(Caller::system(), session.template_, session.revision);
    if (!revision) throw no_such("template revision");
    const auto others = holdings_of(rows, session.user, session.id);
    return plan::admit_wake(limits_of(rows, session.user), others, plan::demand(revision->spec));
}

Session put_ask(store::Tx& tx, const Ask& ask) {
    auto session = find_session(tx, ask.caller, ask.name);
    const bool ran = takes_part(session);
    if (ask.ask(session, ask.now) == plan::Asked::nothing) return session;
    if (!ran && desired(session.asks) == State::running)
        if (const auto refusal = refuse_start(tx, session)) throw Error(*refusal);
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
