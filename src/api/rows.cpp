#include "api/rows.hpp"

#include <algorithm>

#include "api/problem.hpp"

namespace berth::api {

Session find_session(store::Rows& rows, const Caller& caller, const std::string& name) {
    auto found = rows.find_session(caller, SessionId{name});
    if (!found) found = rows.find_session_by_name(caller.user, name);
    if (!found || found->status.phase == Phase::gone) throw no_such("session");
    return std::move(*found);
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

Quota default_quota(store::Rows& rows) {
    const auto text = rows.find_setting("quota.default");
    return text ? json::from_json<Quota>(json::parse(*text)) : Quota{};
}

void check_quota(const Quota& quota, std::string_view path) {
    const auto check = [path](const std::optional<int>& limit, std::string_view name) {
        if (limit && *limit < 0) json::refuse_type(json::join_path(path, name), "expected 0 or more");
    };
    check(quota.sessions, "sessions");
    check(quota.running, "running");
    check(quota.workspaces, "workspaces");
}

plan::Limits limits_of(store::Rows& rows, const UserId& user) {
    const auto row = rows.find_user(user);
    return plan::limits(row ? row->quota : Quota{}, default_quota(rows));
}

std::vector<plan::Holding> holdings_of(store::Rows& rows, const UserId& user, const SessionId& except) {
    std::vector<plan::Holding> holdings;
    for (const auto& session : rows.sessions_of(user)) {
        if (session.status.phase == Phase::gone || session.id == except) continue;
        plan::Holding holding{.name = session.name, .running = takes_part(session)};
        const auto revision = rows.find_revision(Caller::system(), session.template_, session.revision);
        if (revision) holding.demand = plan::demand(revision->spec);
        holdings.push_back(std::move(holding));
    }
    return holdings;
}

store::Query list_query(const view::ListQuery& query) {
    store::Query wanted;
    wanted.q = query.q.value_or("");
    wanted.sort = query.sort.value_or("");
    wanted.cursor = query.cursor.value_or("");
    wanted.limit = query.limit.value_or(wanted.limit);
    if (wanted.limit < 1 || wanted.limit > 200) json::refuse_type("limit", "expected 1 to 200");
    return wanted;
}

view::Person person(store::Rows& rows, const UserId& id) {
    const auto row = rows.find_user(id);
    return {.id = id, .name = row ? row->name : ""};
}

view::Workspace workspace_view(store::Rows& rows, const Workspace& workspace) {
    view::Workspace seen{.id = workspace.id,
                         .name = workspace.name,
                         .template_ = workspace.template_,
                         .user = person(rows, workspace.user),
                         .created_at = workspace.created_at,
                         .last_used_at = workspace.last_used_at};
    for (const auto& session : holders_of(rows, workspace.id))
        seen.sessions.push_back({.id = session.id, .name = session.name, .phase = session.status.phase});
    for (const auto& volume : rows.volumes_of(workspace.id.text))
        if (!volume.deleted_at) seen.volumes.push_back({.name = volume.name, .size = volume.size});
    return seen;
}

view::User user_view(const User& user) {
    return {.id = user.id,
            .name = user.name,
            .display_name = user.display_name,
            .email = user.email,
            .role = user.role,
            .active = user.active,
            .quota = user.quota,
            .created_at = user.created_at,
            .last_login_at = user.last_login_at};
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

}  // namespace berth::api
