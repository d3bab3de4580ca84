#include <algorithm>

#include "acts/people.hpp"
#include "api/idempotency.hpp"
#include "api/operations.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"

/// Tiers, and groups with their members.
namespace berth::api {
namespace {

view::Tier tier_view(store::Rows& rows, const Tier& tier) {
    view::Tier seen{.name = tier.name,
                    .quota = tier.quota,
                    .users = std::ssize(rows.users_in_tier(tier.name)),
                    .created_at = tier.created_at};
    for (const auto& group : rows.list_groups())
        if (group.tier == tier.name) seen.groups.push_back(group.name);
    return seen;
}

view::Group group_view(store::Rows& rows, const Group& group) {
    return {.id = group.id,
            .name = group.name,
            .description = group.description,
            .tier = group.tier,
            .quota = group.quota,
            .use = quota_use(acts::account_of(rows, group)),
            .members = std::ssize(rows.members_of(group.id)),
            .created_at = group.created_at};
}

/// The page of rows that are in the order of their names; the cursor is the last name of the page before.
template <class View, class Row, class Make>
view::List<View> page_of(std::vector<Row> rows, const store::Query& query, Make make) {
    std::erase_if(rows, [&](const Row& row) { return row.name.find(query.q) == std::string::npos; });
    view::List<View> list{.total = std::ssize(rows)};
    std::erase_if(rows, [&](const Row& row) { return row.name <= query.cursor; });
    for (const auto& row : rows) {
        if (std::ssize(list.items) == query.limit) {
            list.next = list.items.back().name;
            break;
        }
        list.items.push_back(make(row));
    }
    return list;
}

/// These lists have one order. Throws `invalid` for another.
store::Query name_query(const view::ListQuery& query) {
    auto wanted = list_query(query);
    if (!wanted.sort.empty() && wanted.sort != "name") json::refuse_type("sort", "expected name");
    return wanted;
}

/// Puts somebody in or takes them out.
template <class Change>
Task<view::Group> change_members(Call call, std::string name, std::string user, Change change) {
    auto write = [actor = call.caller(), name, user, change, now = call.services->now()](store::Tx& tx) {
        change(tx, actor, name, acts::find_user(tx, user), now);
        return group_view(tx, acts::find_group(tx, name));
    };
    co_return co_await call.services->store.write(std::move(write));
}

}  // namespace

Task<view::List<view::Tier>> list_tiers(Call call, Params<view::ListQuery> query) {
    auto read = [wanted = name_query(query)](store::Rows& rows) {
        return page_of<view::Tier>(rows.list_tiers(), wanted,
                                   [&](const Tier& tier) { return tier_view(rows, tier); });
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<Created<view::Tier>> add_tier(Call call, view::TierRequest body) {
    const Tier tier{
        .name = body.name, .quota = body.quota.value_or(Quota{}), .created_at = call.services->now()};
    check_quota(tier.quota, "quota");
    auto write = [key = idempotency_key(call), actor = call.caller(), tier](store::Tx& tx) {
        return create_once(tx, key, "/api/v1/tiers", tier.created_at, [&](store::Tx& inner) {
            return tier_view(inner, acts::add_tier(inner, actor, tier));
        });
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<view::Tier> get_tier(Call call, std::string name) {
    auto read = [name](store::Rows& rows) { return tier_view(rows, acts::find_tier(rows, name)); };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Tier> patch_tier(Call call, std::string name, view::TierPatch body) {
    if (body.quota) check_quota(*body.quota, "quota");
    auto write = [actor = call.caller(), name, body, now = call.services->now()](store::Tx& tx) {
        const auto before = acts::find_tier(tx, name);
        return tier_view(tx, acts::change_tier(tx, actor, name, body.quota.value_or(before.quota), now));
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<Nothing> delete_tier(Call call, std::string name) {
    auto write = [actor = call.caller(), name, now = call.services->now()](store::Tx& tx) {
        acts::remove_tier(tx, actor, name, now);
    };
    co_await call.services->store.write(std::move(write));
    co_return Nothing{};
}

Task<view::List<view::Group>> list_groups(Call call, Params<view::ListQuery> query) {
    auto read = [wanted = name_query(query)](store::Rows& rows) {
        return page_of<view::Group>(rows.list_groups(), wanted,
                                    [&](const Group& group) { return group_view(rows, group); });
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<Created<view::Group>> add_group(Call call, view::GroupRequest body) {
    const Group group{.name = body.name,
                      .description = body.description.value_or(""),
                      .tier = body.tier.value_or(""),
                      .quota = body.quota.value_or(Quota{}),
                      .created_at = call.services->now()};
    check_quota(group.quota, "quota");
    auto write = [key = idempotency_key(call), actor = call.caller(), group](store::Tx& tx) {
        return create_once(tx, key, "/api/v1/groups", group.created_at, [&](store::Tx& inner) {
            return group_view(inner, acts::add_group(inner, actor, group));
        });
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<view::Group> get_group(Call call, std::string name) {
    auto read = [name](store::Rows& rows) { return group_view(rows, acts::find_group(rows, name)); };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Group> patch_group(Call call, std::string name, view::GroupPatch body) {
    if (body.quota) check_quota(*body.quota, "quota");
    const acts::GroupChange change{.description = body.description, .tier = body.tier, .quota = body.quota};
    auto write = [actor = call.caller(), name, change, now = call.services->now()](store::Tx& tx) {
        return group_view(tx, acts::change_group(tx, actor, name, change, now));
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<Nothing> delete_group(Call call, std::string name) {
    auto write = [actor = call.caller(), name, now = call.services->now()](store::Tx& tx) {
        acts::remove_group(tx, actor, name, now);
    };
    co_await call.services->store.write(std::move(write));
    co_return Nothing{};
}

Task<view::List<view::Person>> list_members(Call call, std::string name, Params<view::ListQuery> query) {
    auto read = [name, wanted = name_query(query)](store::Rows& rows) {
        auto members = rows.members_of(acts::find_group(rows, name).id);
        std::ranges::sort(members, {}, &User::name);
        return page_of<view::Person>(std::move(members), wanted, [](const User& user) {
            return view::Person{.id = user.id, .name = user.name};
        });
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Group> add_member(Call call, std::string name, std::string user) {
    co_return co_await change_members(std::move(call), std::move(name), std::move(user), acts::join_group);
}

Task<view::Group> remove_member(Call call, std::string name, std::string user) {
    co_return co_await change_members(std::move(call), std::move(name), std::move(user), acts::leave_group);
}

}  // namespace berth::api
