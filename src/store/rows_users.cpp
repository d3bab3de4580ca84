#include "store/list.hpp"
#include "store/rows.hpp"

namespace berth::store {
namespace {

const ListShape& shape() {
    static const ListShape made{
        .key = "id",
        .newest = "-createdAt",
        .search = "search",
        .columns = {
            {"name", "name_folded"},
            {"displayName", "display_name"},
            {"email", "coalesce(email, '')"},
            {"role", "role", CellKind::text, ListColumn::sort_and_filter, json::enum_names<Role>()},
            {"active", "active", CellKind::number, ListColumn::sort_and_filter, {"true", "false"}},
            {"createdAt", "created_at", CellKind::number, ListColumn::sort_only, {}},
            {"lastLoginAt", "coalesce(last_login_at, 0)", CellKind::number, ListColumn::sort_only, {}}}};
    return made;
}

}  // namespace

std::optional<User> SqlRows::find_user(const UserId& id) {
    return db_.find<User>("WHERE id = :id", id);
}

std::optional<User> SqlRows::find_user_by_name(std::string_view name) {
    return db_.find<User>("WHERE name_folded = :name", fold(name));
}

Page<User> SqlRows::list_users(const Query& query) {
    auto folded = query;
    // People filter by the name as they know it; the column that is compared is folded.
    if (const auto name = folded.equal.find("name"); name != folded.equal.end())
        name->second = fold(name->second);
    return list<User>(db_, shape(), folded, {});
}

std::int64_t SqlRows::count_admins() {
    return *db_.value<std::int64_t>("SELECT COUNT(*) FROM \"user\" WHERE role = :role AND active = 1",
                                    Role::admin);
}

std::optional<std::string> SqlRows::find_password(const UserId& id) {
    return db_.value<std::string>("SELECT password FROM \"user\" WHERE id = :id", id);
}

void SqlRows::insert_user(const User& user) {
    db_.insert(user);
}

void SqlRows::update_user(const User& user) {
    require_changed(db_.update(user), "user", user.id.text);
}

void SqlRows::set_password(const UserId& id, const std::string& hash) {
    const auto kept = hash.empty() ? std::nullopt : std::optional(hash);
    require_changed(db_.run("UPDATE \"user\" SET password = :hash WHERE id = :id", kept, id), "user",
                    id.text);
}

}  // namespace berth::store
