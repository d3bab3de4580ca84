#include "api/rows.hpp"

#include <algorithm>

#include "api/problem.hpp"
#include "plan/lifecycle.hpp"

namespace berth::api {

void check_quota(const Quota& quota, std::string_view path) {
    const auto check = [path](const std::optional<int>& limit, std::string_view name) {
        if (limit && *limit < 0) json::refuse_type(json::join_path(path, name), "expected 0 or more");
    };
    check(quota.sessions, "sessions");
    check(quota.running, "running");
    check(quota.workspaces, "workspaces");
    // 0 is no limit, where the default has one.
    const auto check_stay = [path](std::optional<Duration> after, std::string_view name) {
        if (after && *after != Duration(0)) plan::check_stay(json::join_path(path, name), after);
    };
    check_stay(quota.hibernate_after, "hibernateAfter");
    check_stay(quota.max_lifetime, "maxLifetime");
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
    for (const auto& session : acts::holders_of(rows, workspace.id))
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

}  // namespace berth::api
