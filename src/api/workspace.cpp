#include "acts/workspace.hpp"
#include "acts/managed.hpp"
#include "api/idempotency.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"

namespace berth::api {
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
            const auto made = acts::make_workspace(inner, caller, body.name, body.template_, engine, now);
            return workspace_view(inner, made);
        });
    };
    co_return co_await services.store.write(std::move(write));
}

Task<view::Workspace> get_workspace(Call call, std::string name) {
    auto read = [caller = call.caller_by_role(), name](store::Rows& rows) {
        return workspace_view(rows, acts::find_workspace(rows, caller, name));
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Workspace> patch_workspace(Call call, std::string name, view::WorkspacePatch body) {
    auto write = [caller = call.caller_by_role(), name, body, now = call.services->now()](store::Tx& tx) {
        auto workspace = acts::find_workspace(tx, caller, name);
        if (body.name && *body.name != workspace.name)
            acts::refuse_managed(tx, Noun::workspace, workspace.id.text);
        if (body.name) acts::rename_workspace(tx, workspace, caller.name, *body.name, now);
        return workspace_view(tx, workspace);
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<Nothing> delete_workspace(Call call, std::string name) {
    auto write = [caller = call.caller_by_role(), name, now = call.services->now()](store::Tx& tx) {
        acts::give_up_workspace(tx, acts::find_workspace(tx, caller, name), caller.name, now);
    };
    co_await call.services->store.write(std::move(write));
    co_return Nothing{};
}

}  // namespace berth::api
