#include "acts/rows.hpp"

#include <algorithm>

namespace berth::acts {

Error no_such(std::string_view noun) {
    return Error(Kind::not_found, "not_found",
                 "there is no such " + std::string(noun) + ", or it is not yours");
}

Error no_such(std::string_view noun, const std::string& wanted, const std::vector<std::string>& known) {
    auto error = no_such(noun);
    const auto near = nearest(wanted, known);
    // Any two short names are few edits apart: half of it has to be right.
    if (!near.empty() && 2 * edit_distance(wanted, near) <= wanted.size())
        error.next = "did you mean " + quoted(near) + "?";
    return error;
}

Session find_session(store::Rows& rows, const Caller& caller, const std::string& name) {
    auto found = rows.find_session(caller, SessionId{name});
    if (!found) found = rows.find_session_by_name(caller.user, name);
    if (found && found->status.phase != Phase::gone) return std::move(*found);
    std::vector<std::string> known;
    for (const auto& session : rows.sessions_of(caller.user)) known.push_back(session.name);
    throw no_such("session", name, known);
}

Workspace find_workspace(store::Rows& rows, const Caller& caller, const std::string& name) {
    auto found = rows.find_workspace(caller, WorkspaceId{name});
    if (!found) found = rows.find_workspace_by_name(caller.user, name);
    if (!found || found->deleted_at) throw no_such("workspace");
    return std::move(*found);
}

User find_user(store::Rows& rows, const std::string& name) {
    auto found = rows.find_user(UserId{name});
    if (!found) found = rows.find_user_by_name(name);
    if (!found) throw no_such("user");
    return std::move(*found);
}

std::vector<Session> holders_of(store::Rows& rows, const WorkspaceId& workspace) {
    auto holders = rows.sessions_on(workspace);
    std::erase_if(holders, [](const Session& session) { return session.status.phase == Phase::gone; });
    return holders;
}

namespace {

void append(store::Tx& tx, const Happening& happening, EventClass kind_of_event) {
    Event event{.at = happening.at,
                .class_ = kind_of_event,
                .actor = happening.actor,
                .kind = happening.kind,
                .subject_kind = happening.subject_kind,
                .subject = happening.subject,
                .owner = happening.owner,
                .data = happening.data};
    tx.append(std::move(event));
}

}  // namespace

void append_audit(store::Tx& tx, const Happening& happening) {
    append(tx, happening, EventClass::audit);
}

void append_state(store::Tx& tx, const Happening& happening) {
    append(tx, happening, EventClass::state);
}

void tell_updated(store::Tx& tx, const Session& session, const std::string& actor, Time at) {
    append_state(tx, {.at = at,
                      .actor = actor,
                      .kind = "session.updated",
                      .subject_kind = "session",
                      .subject = session.id.text,
                      .owner = session.user,
                      .data = {{"name", session.name}, {"status", json::to_json(session.status)}}});
}

}  // namespace berth::acts
