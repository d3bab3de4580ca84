#include "store/rows.hpp"

namespace berth::store {

std::optional<Tier> SqlRows::find_tier(std::string_view name) {
    return db_.find<Tier>("WHERE name = :name", name);
}

std::vector<Tier> SqlRows::list_tiers() {
    return db_.select<Tier>("ORDER BY name");
}

void SqlRows::put_tier(const Tier& tier) {
    if (db_.update(tier) == 0) db_.insert(tier);
}

bool SqlRows::delete_tier(std::string_view name) {
    return db_.run("DELETE FROM tier WHERE name = :name", name) > 0;
}

std::vector<User> SqlRows::users_in_tier(std::string_view name) {
    return db_.select<User>("WHERE tier = :tier ORDER BY name_folded", name);
}

std::optional<Group> SqlRows::find_group(const GroupId& id) {
    return db_.find<Group>("WHERE id = :id", id);
}

std::optional<Group> SqlRows::find_group_by_name(std::string_view name) {
    return db_.find<Group>("WHERE name = :name", name);
}

std::vector<Group> SqlRows::list_groups() {
    return db_.select<Group>("ORDER BY name");
}

std::vector<Group> SqlRows::groups_of(const UserId& user) {
    return db_.select<Group>(
        "WHERE id IN (SELECT group_id FROM membership WHERE user_id = :user) ORDER BY name", user);
}

std::vector<User> SqlRows::members_of(const GroupId& group) {
    return db_.select<User>(
        "WHERE id IN (SELECT user_id FROM membership WHERE group_id = :group) ORDER BY name_folded", group);
}

void SqlRows::insert_group(const Group& group) {
    db_.insert(group);
}

void SqlRows::update_group(const Group& group) {
    require_changed(db_.update(group), "group", group.name);
}

void SqlRows::delete_group(const GroupId& id) {
    db_.run("DELETE FROM membership WHERE group_id = :id", id);
    require_changed(db_.run("DELETE FROM user_group WHERE id = :id", id), "group", id.text);
}

void SqlRows::add_member(const GroupId& group, const UserId& user) {
    remove_member(group, user);
    db_.run("INSERT INTO membership (group_id, user_id) VALUES (:group, :user)", group, user);
}

void SqlRows::remove_member(const GroupId& group, const UserId& user) {
    db_.run("DELETE FROM membership WHERE group_id = :group AND user_id = :user", group, user);
}

}  // namespace berth::store
