#include "acts/quota.hpp"

#include <algorithm>

namespace berth::acts {
namespace {

using plan::Resource;

/// What takes part, with what it needs.
plan::Amounts running_of(store::Rows& rows, const store::Holder& holder) {
    plan::Amounts sum;
    for (const auto& [name, number, sessions] : rows.running_of(holder)) {
        const auto revision = rows.find_revision(Caller::system(), name, number);
        const auto each = revision ? plan::demand(revision->spec) : plan::Amounts{};
        for (const auto what : plan::every_resource) sum[what] += each[what] * sessions;
    }
    return sum;
}

std::string capacity_of(const std::string& engine) {
    return "engine.capacity." + engine;
}

plan::Amounts use_of(store::Rows& rows, const store::Holder& holder) {
    auto sum = running_of(rows, holder);
    const auto held = rows.held_by(holder);
    sum[Resource::sessions] = held.sessions;
    sum[Resource::workspaces] = held.workspaces;
    sum[Resource::storage] = held.storage.count;
    return sum;
}

}  // namespace

std::vector<std::string> running_names(store::Rows& rows, const UserId& user) {
    std::vector<std::string> names;
    for (const auto& session : rows.sessions_of(user))
        if (takes_part(session)) names.push_back(session.name);
    return names;
}

Quota default_quota(store::Rows& rows) {
    const auto text = rows.find_setting("quota.default");
    return text ? json::from_json<Quota>(json::parse(*text)) : Quota{};
}

plan::Standing standing_of(store::Rows& rows, const User& user) {
    const auto tier = [&](const std::string& name) {
        return name.empty() ? std::nullopt : rows.find_tier(name);
    };
    plan::Standing standing{.own = user.quota, .tier = tier(user.tier), .common = default_quota(rows)};
    for (auto& group : rows.groups_of(user.id)) {
        auto of_group = tier(group.tier);
        standing.groups.push_back({std::move(group), std::move(of_group)});
    }
    return standing;
}

plan::Account account_of(store::Rows& rows, const User& user) {
    return {.name = user.name,
            .limits = plan::limits(standing_of(rows, user)),
            .used = use_of(rows, {store::Holder::Kind::user, user.id.text})};
}

plan::Account account_of(store::Rows& rows, const Group& group) {
    return {.kind = plan::Account::Kind::group,
            .name = group.name,
            .limits = plan::limits(group),
            .used = use_of(rows, {store::Holder::Kind::group, group.id.text})};
}

plan::Account engine_account(store::Rows& rows, const std::string& engine) {
    plan::Account account{.kind = plan::Account::Kind::engine, .name = engine};
    const auto text = rows.find_setting(capacity_of(engine));
    if (!text || text->empty()) return account;
    const auto capacity = json::from_json<Quota>(json::parse(*text));
    for (const auto what : plan::every_resource)
        if (const auto most = plan::said_of(capacity, what))
            account.limits.emplace(what, plan::Limit{*most, "engine " + engine});
    account.used = running_of(rows, {store::Holder::Kind::engine, engine});
    return account;
}

void keep_capacity(store::Tx& tx, const std::string& engine, const Quota& capacity) {
    const auto text = capacity == Quota{} ? std::string() : json::write(json::to_json(capacity));
    if (tx.find_setting(capacity_of(engine)).value_or("") != text) tx.set_setting(capacity_of(engine), text);
}

std::vector<plan::Account> accounts_of(store::Rows& rows, const UserId& user) {
    std::vector<plan::Account> accounts;
    accounts.push_back(account_of(rows, rows.find_user(user).value_or(User{.id = user})));
    for (const auto& group : rows.groups_of(user))
        if (!plan::limits(group).empty()) accounts.push_back(account_of(rows, group));
    return accounts;
}

void require_room(store::Rows& rows, const UserId& user, const plan::Amounts& wanted) {
    const auto accounts = accounts_of(rows, user);
    if (const auto lack = plan::shortage(accounts, wanted))
        throw plan::refusal(*lack, running_names(rows, user));
}

}  // namespace berth::acts
