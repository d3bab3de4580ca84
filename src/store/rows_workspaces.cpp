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
            {"name", "name"},
            {"user", "user_id"},
            {"template", "template"},
            {"createdAt", "created_at", CellKind::number, ListColumn::sort_only, {}},
            {"lastUsedAt", "coalesce(last_used_at, 0)", CellKind::number, ListColumn::sort_only, {}}}};
    return made;
}

}  // namespace

std::optional<Workspace> SqlRows::find_workspace(const Caller& caller, const WorkspaceId& id) {
    return db_.find<Workspace>(
        "WHERE id = :id AND (:everything = 1 OR (user_id = :caller AND deleted_at IS NULL))", id,
        caller.everything, caller.user);
}

std::optional<Workspace> SqlRows::find_workspace_by_name(const UserId& user, std::string_view name) {
    return db_.find<Workspace>("WHERE user_id = :user AND name = :name AND deleted_at IS NULL", user, name);
}

Page<Workspace> SqlRows::list_workspaces(const Caller& caller, const Query& query) {
    Where where;
    where.add("deleted_at IS NULL");
    if (!caller.everything) where.add("user_id = {}", caller.user);
    return list<Workspace>(db_, shape(), query, std::move(where));
}

std::vector<Workspace> SqlRows::workspaces_to_remove() {
    return db_.select<Workspace>("WHERE deleted_at IS NOT NULL ORDER BY deleted_at, id");
}

std::vector<Volume> SqlRows::volumes_of(std::string_view owner) {
    return db_.select<Volume>("WHERE owner = :owner ORDER BY created_at, handle", owner);
}

std::vector<Volume> SqlRows::volumes_to_remove() {
    return db_.select<Volume>("WHERE deleted_at IS NOT NULL ORDER BY deleted_at, handle");
}

std::vector<Volume> SqlRows::volumes_on(std::string_view engine) {
    return db_.select<Volume>("WHERE engine = :engine ORDER BY handle", engine);
}

void SqlRows::insert_workspace(const Workspace& workspace) {
    db_.insert(workspace);
}

void SqlRows::update_workspace(const Workspace& workspace) {
    require_changed(db_.update(workspace), "workspace", workspace.name);
}

void SqlRows::delete_workspace(const WorkspaceId& id) {
    if (const auto holders = sessions_on(id); !holders.empty())
        throw Error(Kind::conflict, "workspace_in_use",
                    "the workspace is used by session " + quoted(holders.front().name),
                    "delete that session first");
    require_changed(db_.run("DELETE FROM workspace WHERE id = :id", id), "workspace", id.text);
}

void SqlRows::insert_volume(const Volume& volume) {
    db_.insert(volume);
}

void SqlRows::update_volume(const Volume& volume) {
    require_changed(db_.update(volume), "volume", volume.handle);
}

void SqlRows::delete_volume(std::string_view handle) {
    require_changed(db_.run("DELETE FROM volume WHERE handle = :handle", handle), "volume", handle);
}

}  // namespace berth::store
