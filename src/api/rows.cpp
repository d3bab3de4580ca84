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
    check(quota.gpu, "gpu");
    // 0 is no limit, where the default has one.
    const auto check_stay = [path](std::optional<Duration> after, std::string_view name) {
        if (after && *after != Duration(0)) plan::check_stay(json::join_path(path, name), after);
    };
    check_stay(quota.freeze_after, "freezeAfter");
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
            .tier = user.tier,
            .created_at = user.created_at,
            .last_login_at = user.last_login_at};
}

namespace {

template <class Use>
Use use_of(const plan::Account& account, plan::Resource what) {
    Use use;
    const auto put = [](auto& out, std::int64_t amount) {
        if constexpr (std::is_integral_v<std::decay_t<decltype(out)>>)
            out = amount;
        else
            out = {amount};
    };
    put(use.used, account.used[what]);
    const auto limit = account.limits.find(what);
    if (limit == account.limits.end()) return use;
    put(use.limit.emplace(), limit->second.most);
    use.whose = limit->second.whose;
    return use;
}

}  // namespace

view::QuotaUse quota_use(const plan::Account& account) {
    using plan::Resource;
    return {.sessions = use_of<view::CountUse>(account, Resource::sessions),
            .running = use_of<view::CountUse>(account, Resource::running),
            .cpu = use_of<view::CpuUse>(account, Resource::cpu),
            .memory = use_of<view::BytesUse>(account, Resource::memory),
            .gpu = use_of<view::CountUse>(account, Resource::gpu),
            .workspaces = use_of<view::CountUse>(account, Resource::workspaces),
            .storage = use_of<view::BytesUse>(account, Resource::storage)};
}

std::vector<view::StayLimit> stay_view(const plan::StayRules& rules) {
    std::vector<view::StayLimit> limits;
    const auto add = [&](State what, StopReason reason, const std::optional<plan::StayLimit>& limit) {
        if (limit)
            limits.push_back({.what = what, .reason = reason, .after = limit->after, .whose = limit->whose});
    };
    add(State::frozen, StopReason::idle, rules.freeze);
    add(State::hibernated, StopReason::idle, rules.idle);
    add(State::hibernated, StopReason::lifetime, rules.lifetime);
    return limits;
}

view::Allowance allowance_view(store::Rows& rows, const User& user) {
    const auto standing = acts::standing_of(rows, user);
    view::Allowance allowance{.quota = quota_use(acts::account_of(rows, user)),
                              .stay = stay_view(plan::stay_rules({}, standing, {}))};
    if (!user.tier.empty()) allowance.tier = user.tier;
    for (const auto& [group, tier] : standing.groups)
        allowance.groups.push_back({.name = group.name,
                                    .description = group.description,
                                    .tier = tier ? std::optional(tier->name) : std::nullopt,
                                    .quota = quota_use(acts::account_of(rows, group))});
    return allowance;
}

}  // namespace berth::api
