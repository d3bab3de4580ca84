#include "acts/people.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "acts/rows.hpp"
#include "crypto/random.hpp"
#include "model/limits.hpp"
#include "plan/name.hpp"

namespace berth::acts {
namespace {

constexpr std::size_t names_told = 3;

void tell(store::Tx& tx, const Caller& caller, const std::string& noun, std::string_view what,
          const std::string& name, json::object data, Time now) {
    data["name"] = name;
    const Happening happening{.at = now,
                              .actor = caller.name,
                              .kind = fmt::format("{}.{}", noun, what),
                              .subject_kind = noun,
                              .subject = name,
                              .owner = caller.user,
                              .data = std::move(data)};
    append_audit(tx, happening);
    append_state(tx, happening);
}

json::object data_of(const Quota& quota) {
    return {{"quota", json::to_json(quota)}};
}

json::object data_of(const Group& group) {
    auto data = data_of(group.quota);
    data["description"] = group.description;
    data["tier"] = group.tier;
    return data;
}

template <class Rows>
std::vector<std::string> names_of(const Rows& rows) {
    std::vector<std::string> names;
    for (const auto& row : rows) names.push_back(row.name);
    return names;
}

/// `user ada, user bob and 4 more`: enough to know whom to ask.
std::string list_users_of(const std::vector<User>& users, const std::vector<Group>& groups) {
    std::vector<std::string> all;
    for (const auto& group : groups) all.push_back("group " + group.name);
    for (const auto& user : users) all.push_back("user " + user.name);
    std::string list;
    for (std::size_t i = 0; i < std::min(all.size(), names_told); ++i) list += (i ? ", " : "") + all[i];
    if (all.size() > names_told) list += fmt::format(" and {} more", all.size() - names_told);
    return list;
}

bool is_member(store::Rows& rows, const Group& group, const User& user) {
    const auto groups = rows.groups_of(user.id);
    return std::ranges::find(groups, group.id, &Group::id) != groups.end();
}

void check_description(const std::string& text) {
    if (text.size() > limits::title_max)
        throw Error(Kind::invalid, "invalid_field",
                    fmt::format("description: longer than {} bytes", limits::title_max));
}

}  // namespace

Tier find_tier(store::Rows& rows, const std::string& name) {
    if (auto found = rows.find_tier(name)) return std::move(*found);
    throw no_such("tier", name, names_of(rows.list_tiers()));
}

Group find_group(store::Rows& rows, const std::string& name) {
    auto found = rows.find_group(GroupId{name});
    if (!found) found = rows.find_group_by_name(name);
    if (found) return std::move(*found);
    throw no_such("group", name, names_of(rows.list_groups()));
}

void require_tier(store::Rows& rows, const std::string& name) {
    if (name.empty() || rows.find_tier(name)) return;
    const auto near = nearest(name, names_of(rows.list_tiers()));
    throw Error(
        Kind::invalid, "no_such_tier", "tier: there is no tier " + quoted(name),
        near.empty() ? "make it first: berth admin tiers add NAME" : "did you mean " + quoted(near) + "?");
}

Tier add_tier(store::Tx& tx, const Caller& caller, const Tier& tier) {
    plan::check_label("tier", tier.name);
    if (tx.find_tier(tier.name))
        throw Error(Kind::conflict, "name_taken", "there is a tier " + quoted(tier.name) + " already",
                    "change that one, or choose another name");
    tx.put_tier(tier);
    tell(tx, caller, "tier", "created", tier.name, data_of(tier.quota), tier.created_at);
    return tier;
}

Tier change_tier(store::Tx& tx, const Caller& caller, const std::string& name, const Quota& quota, Time now) {
    auto tier = find_tier(tx, name);
    if (tier.quota == quota) return tier;
    tier.quota = quota;
    tx.put_tier(tier);
    tell(tx, caller, "tier", "updated", tier.name, data_of(tier.quota), now);
    return tier;
}

void remove_tier(store::Tx& tx, const Caller& caller, const std::string& name, Time now) {
    const auto tier = find_tier(tx, name);
    auto groups = tx.list_groups();
    std::erase_if(groups, [&](const Group& group) { return group.tier != tier.name; });
    const auto users = tx.users_in_tier(tier.name);
    if (!users.empty() || !groups.empty())
        throw Error(Kind::conflict, "tier_in_use",
                    fmt::format("tier {} is that of {}", quoted(tier.name), list_users_of(users, groups)),
                    "give them another tier first");
    tx.delete_tier(tier.name);
    tell(tx, caller, "tier", "deleted", tier.name, {}, now);
}

Group add_group(store::Tx& tx, const Caller& caller, Group group) {
    plan::check_label("group", group.name);
    check_description(group.description);
    require_tier(tx, group.tier);
    if (tx.find_group_by_name(group.name))
        throw Error(Kind::conflict, "name_taken", "there is a group " + quoted(group.name) + " already",
                    "change that one, or choose another name");
    group.id.text = crypto::new_id("grp");
    tx.insert_group(group);
    tell(tx, caller, "group", "created", group.name, data_of(group), group.created_at);
    return group;
}

Group change_group(store::Tx& tx, const Caller& caller, const std::string& name, const GroupChange& change,
                   Time now) {
    auto group = find_group(tx, name);
    const auto before = group;
    group.description = change.description.value_or(group.description);
    group.tier = change.tier.value_or(group.tier);
    group.quota = change.quota.value_or(group.quota);
    if (group == before) return group;
    check_description(group.description);
    require_tier(tx, group.tier);
    tx.update_group(group);
    tell(tx, caller, "group", "updated", group.name, data_of(group), now);
    return group;
}

void remove_group(store::Tx& tx, const Caller& caller, const std::string& name, Time now) {
    const auto group = find_group(tx, name);
    if (const auto members = tx.members_of(group.id); !members.empty())
        throw Error(Kind::conflict, "group_in_use",
                    fmt::format("group {} has {} {}: {}", quoted(group.name), members.size(),
                                members.size() == 1 ? "member" : "members", list_users_of(members, {})),
                    "remove its members first");
    tx.delete_group(group.id);
    tell(tx, caller, "group", "deleted", group.name, {}, now);
}

void join_group(store::Tx& tx, const Caller& caller, const std::string& name, const User& user, Time now) {
    const auto group = find_group(tx, name);
    if (is_member(tx, group, user)) return;
    tx.add_member(group.id, user.id);
    tell(tx, caller, "group", "joined", group.name, {{"user", user.name}}, now);
}

void leave_group(store::Tx& tx, const Caller& caller, const std::string& name, const User& user, Time now) {
    const auto group = find_group(tx, name);
    if (!is_member(tx, group, user)) return;
    tx.remove_member(group.id, user.id);
    tell(tx, caller, "group", "left", group.name, {{"user", user.name}}, now);
}

}  // namespace berth::acts
