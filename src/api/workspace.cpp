#include "api/idempotency.hpp"
#include "api/launch.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"
#include "crypto/random.hpp"
#include "plan/name.hpp"

namespace berth::api {
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

void give_up(store::Tx& tx, Workspace workspace, const std::string& actor, Time now) {
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

}  // namespace

Workspace add_workspace(store::Tx& tx, const UserId& user, const std::string& actor, const std::string& name,
                        const std::string& template_name, Time now) {
    plan::check_name("workspace", name);
    if (is_taken(tx, user, name)) throw taken(name);
    const Caller caller{.user = user, .name = actor};
    const auto page = tx.list_workspaces(caller, store::Query{.limit = 1});
    if (auto refusal = plan::admit_workspace(limits_of(tx, user), static_cast<int>(page.total)))
        throw Error(*refusal);
    Workspace workspace{.id = {crypto::new_id("wsp")},
                        .user = user,
                        .name = name,
                        .template_ = template_name,
                        .created_at = now};
    tx.insert_workspace(workspace);
    tell(tx, about(workspace, actor, "workspace.created", now));
    return workspace;
}

Task<view::List<view::Workspace>> list_workspaces(Call call, Params<view::WorkspaceQuery> query) {
    auto wanted = list_query(query);
    filter(wanted, "template", query.template_);
    auto read = [caller = call.caller(query.all.value_or(false)), wanted](store::Rows& rows) {
        const auto page = rows.list_workspaces(caller, wanted);
        view::List<view::Workspace> list{.total = page.total, .next = page.next};
        for (const auto& workspace : page.items) list.items.push_back(workspace_view(rows, workspace));
        return list;
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<Created<view::Workspace>> add_workspace(Call call, view::WorkspaceRequest body) {
    auto& services = *call.services;
    auto write = [key = idempotency_key(call), caller = call.caller(), body, engine = services.default_engine,
                  now = services.now()](store::Tx& tx) {
        return create_once(tx, key, "/api/v1/workspaces", now, [&](store::Tx& inner) {
            const auto found = inner.find_template(caller, body.template_);
            if (!found) throw no_such("template");
            const auto made = add_workspace(inner, caller.user, caller.name, body.name, body.template_, now);
            add_volumes(inner, found->spec, VolumeScope::workspace, made.id.text, caller.user, engine, now);
            return workspace_view(inner, made);
        });
    };
    co_return co_await services.store.write(std::move(write));
}

Task<view::Workspace> get_workspace(Call call, std::string name) {
    auto read = [caller = call.caller_by_role(), name](store::Rows& rows) {
        return workspace_view(rows, find_workspace(rows, caller, name));
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Workspace> patch_workspace(Call call, std::string name, view::WorkspacePatch body) {
    auto write = [caller = call.caller_by_role(), name, body, now = call.services->now()](store::Tx& tx) {
        auto workspace = find_workspace(tx, caller, name);
        if (body.name && *body.name != workspace.name) {
            plan::check_name("workspace", *body.name);
            if (is_taken(tx, workspace.user, *body.name)) throw taken(*body.name);
            workspace.name = *body.name;
            tx.update_workspace(workspace);
            tell(tx, about(workspace, caller.name, "workspace.updated", now));
        }
        return workspace_view(tx, workspace);
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<Nothing> delete_workspace(Call call, std::string name) {
    auto write = [caller = call.caller_by_role(), name, now = call.services->now()](store::Tx& tx) {
        give_up(tx, find_workspace(tx, caller, name), caller.name, now);
    };
    co_await call.services->store.write(std::move(write));
    co_return Nothing{};
}

}  // namespace berth::api
