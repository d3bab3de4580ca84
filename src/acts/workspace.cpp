#include "acts/workspace.hpp"

#include "acts/launch.hpp"
#include "acts/quota.hpp"
#include "acts/rows.hpp"
#include "acts/template.hpp"
#include "crypto/random.hpp"
#include "plan/name.hpp"

namespace berth::acts {
namespace {

Error taken(const std::string& name) {
    return Error(Kind::conflict, "name_taken", "you have a workspace " + quoted(name) + " already",
                 "choose another name");
}

bool is_taken(store::Rows& rows, const UserId& user, const std::string& name) {
    const auto found = rows.find_workspace_by_name(user, name);
    return found && !found->deleted_at;
}

Happening about(const Workspace& workspace, std::string actor, std::string kind, Time now) {
    return {.at = now,
            .actor = std::move(actor),
            .kind = std::move(kind),
            .subject_kind = "workspace",
            .subject = workspace.id.text,
            .owner = workspace.user,
            .data = {{"name", workspace.name}, {"template", workspace.template_}}};
}

void tell(store::Tx& tx, const Happening& happening) {
    append_audit(tx, happening);
    append_state(tx, happening);
}

}  // namespace

Workspace add_workspace(store::Tx& tx, const UserId& user, const std::string& actor, const std::string& name,
                        const std::string& template_name, Time now) {
    plan::check_name("workspace", name);
    if (is_taken(tx, user, name)) throw taken(name);
    plan::Amounts wanted;
    wanted[plan::Resource::workspaces] = 1;
    require_room(tx, user, wanted);
    Workspace workspace{.id = {crypto::new_id("wsp")},
                        .user = user,
                        .name = name,
                        .template_ = template_name,
                        .created_at = now};
    tx.insert_workspace(workspace);
    tell(tx, about(workspace, actor, "workspace.created", now));
    return workspace;
}

Workspace make_workspace(store::Tx& tx, const Caller& caller, const std::string& name,
                         const std::string& template_name, const std::string& engine, Time now) {
    const auto found = find_template(tx, caller, template_name);
    auto made = add_workspace(tx, caller.user, caller.name, name, template_name, now);
    plan::Amounts more;
    for (const auto& volume : found.spec.volumes)
        if (volume.scope == VolumeScope::workspace) more[plan::Resource::storage] += volume.size.count;
    require_room(tx, caller.user, more);
    add_volumes(tx, found.spec, VolumeScope::workspace, made.id.text, caller.user, engine, now);
    return made;
}

void rename_workspace(store::Tx& tx, Workspace& workspace, const std::string& actor, const std::string& name,
                      Time now) {
    if (name == workspace.name) return;
    plan::check_name("workspace", name);
    if (is_taken(tx, workspace.user, name)) throw taken(name);
    workspace.name = name;
    tx.update_workspace(workspace);
    tell(tx, about(workspace, actor, "workspace.updated", now));
}

void give_up_workspace(store::Tx& tx, Workspace workspace, const std::string& actor, Time now) {
    for (const auto& holder : holders_of(tx, workspace.id))
        throw Error(Kind::conflict, "workspace_in_use",
                    "workspace " + quoted(workspace.name) + " is in use by session " + quoted(holder.name),
                    "delete session " + quoted(holder.name) + " first");
    for (auto volume : tx.volumes_of(workspace.id.text)) {
        if (volume.deleted_at) continue;
        volume.deleted_at = now;
        tx.update_volume(volume);
    }
    workspace.deleted_at = now;
    tx.update_workspace(workspace);
    tell(tx, about(workspace, actor, "workspace.deleted", now));
}

}  // namespace berth::acts
