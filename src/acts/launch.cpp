#include "acts/launch.hpp"

#include <algorithm>

#include "acts/consent.hpp"
#include "acts/queue.hpp"
#include "acts/rows.hpp"
#include "acts/template.hpp"
#include "acts/workspace.hpp"
#include "crypto/random.hpp"
#include "plan/lifecycle.hpp"
#include "plan/name.hpp"

namespace berth::acts {
namespace {

constexpr std::size_t host_random_bytes = 6;

bool has_volumes(const TemplateSpec& spec, VolumeScope scope) {
    return std::any_of(spec.volumes.begin(), spec.volumes.end(),
                       [&](const auto& volume) { return volume.scope == scope; });
}

/// Whether two sessions must not mount the workspace at once.
bool one_at_a_time(const TemplateSpec& spec) {
    return std::any_of(spec.volumes.begin(), spec.volumes.end(), [](const auto& volume) {
        return volume.scope == VolumeScope::workspace && volume.access_mode == AccessMode::ReadWriteOnce;
    });
}

bool session_named(store::Rows& rows, const UserId& user, const std::string& name) {
    const auto found = rows.find_session_by_name(user, name);
    return found && found->status.phase != Phase::gone;
}

std::optional<Workspace> workspace_named(store::Rows& rows, const UserId& user, const std::string& name) {
    auto found = rows.find_workspace_by_name(user, name);
    if (found && found->deleted_at) return std::nullopt;
    return found;
}

/// The name that was wished for, or one made of the template's that is free.
std::string name_of_session(store::Rows& rows, const Launch& launch) {
    if (!launch.wish.name)
        return free_name(launch.wish.template_,
                         [&](const std::string& name) { return session_named(rows, launch.user, name); });
    plan::check_name("session", *launch.wish.name);
    if (session_named(rows, launch.user, *launch.wish.name))
        throw Error(Kind::conflict, "name_taken",
                    "you have a session " + quoted(*launch.wish.name) + " already",
                    "open it, or choose another name");
    return *launch.wish.name;
}

/// The workspace that the session gets: the one asked for, the one of earlier sessions of this name, or a new
/// one.
std::optional<Workspace> workspace_of(store::Tx& tx, const Launch& launch, const TemplateSpec& spec,
                                      const std::string& session_name) {
    if (!has_volumes(spec, VolumeScope::workspace)) {
        if (!launch.wish.workspace) return std::nullopt;
        throw Error(Kind::invalid, "invalid_field",
                    "workspace: template " + quoted(launch.wish.template_) + " keeps nothing in a workspace",
                    "leave workspace out");
    }
    const auto add = [&](const std::string& name) {
        return add_workspace(tx, launch.user, launch.actor, name, launch.wish.template_, launch.now);
    };
    if (launch.wish.workspace) {
        const auto& wish = *launch.wish.workspace;
        if (auto found = tx.find_workspace(Caller{.user = launch.user}, WorkspaceId{wish});
            found && !found->deleted_at)
            return found;
        if (auto found = workspace_named(tx, launch.user, wish)) return found;
        if (wish.starts_with("wsp_")) throw no_such("workspace");
        return add(wish);
    }
    auto earlier = workspace_named(tx, launch.user, session_name);
    if (!earlier) return add(session_name);
    if (earlier->template_ == launch.wish.template_ && holders_of(tx, earlier->id).empty()) return earlier;
    return add(free_name(session_name, [&](const std::string& name) {
        return workspace_named(tx, launch.user, name).has_value();
    }));
}

/// Whether its init steps have not all run yet: nobody else is to see it half made.
bool is_being_made(store::Rows& rows, const Workspace& workspace) {
    const auto volumes = rows.volumes_of(workspace.id.text);
    return std::any_of(volumes.begin(), volumes.end(),
                       [](const auto& volume) { return volume.init_done && !volume.deleted_at; });
}

/// 0 for a new volume that init steps of the spec are for, see `Volume::init_done`.
std::optional<int> init_of(const TemplateSpec& spec, const VolumeSpec& volume) {
    for (const auto& component : spec.components)
        if (!component.init.empty() && init_volume(spec, component) == &volume) return 0;
    return std::nullopt;
}

void refuse_second_holder(store::Rows& rows, const Workspace& workspace, const TemplateSpec& spec) {
    if (!one_at_a_time(spec) && !is_being_made(rows, workspace)) return;
    for (const auto& holder : holders_of(rows, workspace.id))
        throw Error(Kind::conflict, "workspace_in_use",
                    "workspace " + quoted(workspace.name) + " is in use by session " + quoted(holder.name),
                    "open session " + quoted(holder.name) + ", or delete it; the workspace stays");
}

/// Whether the volume is there already, of an earlier session.
bool is_there(const std::vector<Volume>& there, const VolumeSpec& wanted) {
    return std::any_of(there.begin(), there.end(), [&](const Volume& volume) {
        return volume.name == wanted.name && volume.scope == wanted.scope && !volume.deleted_at;
    });
}

/// Bytes of the volumes that a launch adds.
std::int64_t new_storage(store::Rows& rows, const UserId& user, const std::optional<Workspace>& workspace,
                         const TemplateSpec& spec) {
    const auto of_user = rows.volumes_of(user.text);
    const auto of_workspace = workspace ? rows.volumes_of(workspace->id.text) : std::vector<Volume>{};
    std::int64_t sum = 0;
    for (const auto& volume : spec.volumes)
        if (!is_there(of_user, volume) && !is_there(of_workspace, volume)) sum += volume.size.count;
    return sum;
}

void refuse_gpus(const Launch& launch, const TemplateSpec& spec) {
    if (launch.gpus) return;
    for (const auto& component : spec.components)
        if (component.resources.gpu)
            throw Error(Kind::invalid, "gpu_not_possible",
                        "component " + quoted(component.name) + " of template " +
                            quoted(launch.wish.template_) + " wants a GPU, and engine " +
                            quoted(launch.engine) + " has none to give",
                        "launch it where Berth runs on a cluster that has some");
}

Session new_session(const Launch& launch, std::string name, const TemplateRevision& revision) {
    Session session;
    session.id.text = crypto::new_id("ses");
    session.user = launch.user;
    session.host = plan::session_host(name, crypto::random_text(host_random_bytes));
    session.name = std::move(name);
    session.template_ = revision.name;
    session.revision = revision.revision;
    session.engine = launch.engine;
    session.asks.wake = launch.now;
    session.asked_at = launch.now;
    session.created_at = launch.now;
    session.look_at = launch.now;
    session.stay.limits = launch.wish.limits;
    session.status.incarnation = session.incarnation;
    session.status.timings.admitted = 0;
    return session;
}

void tell_created(store::Tx& tx, const Session& session, const Launch& launch) {
    Happening happening{
        .at = launch.now,
        .actor = launch.actor,
        .kind = "session.created",
        .subject_kind = "session",
        .subject = session.id.text,
        .owner = session.user,
        .data = {{"name", session.name}, {"template", session.template_}, {"revision", session.revision}}};
    if (session.workspace) happening.data["workspace"] = session.workspace->text;
    append_audit(tx, happening);
    happening.data["status"] = json::to_json(session.status);
    append_state(tx, happening);
}

}  // namespace

std::string free_name(const std::string& name, const std::function<bool(const std::string&)>& taken) {
    if (!taken(name)) return name;
    for (int number = 2;; ++number)
        if (auto next = name + "-" + std::to_string(number); !taken(next)) return next;
}

void add_volumes(store::Tx& tx, const TemplateSpec& spec, VolumeScope scope, const std::string& owner,
                 const UserId& user, const std::string& engine, Time now) {
    if (!has_volumes(spec, scope)) return;
    const auto there = tx.volumes_of(owner);
    const auto instance = tx.find_setting("instance.id").value_or("berth");
    for (const auto& wanted : spec.volumes) {
        if (wanted.scope != scope || is_there(there, wanted)) continue;
        const Volume volume{.handle = plan::volume_handle(instance, owner, wanted.name),
                            .name = wanted.name,
                            .scope = scope,
                            .owner = owner,
                            .user = user,
                            .engine = engine,
                            .size = wanted.size,
                            .created_at = now,
                            .init_done = init_of(spec, wanted)};
        tx.insert_volume(volume);
    }
}

Session launch(store::Tx& tx, const Launch& launch) {
    const Caller caller{.user = launch.user, .name = launch.actor};
    const auto found = find_template(tx, caller, launch.wish.template_);
    const auto revision = tx.find_revision(caller, found.name, launch.wish.revision.value_or(found.revision));
    if (!revision) throw no_such("template revision");
    refuse_gpus(launch, revision->spec);
    plan::check_stay("lifecycle.freezeAfter", launch.wish.limits.freeze_after);
    plan::check_stay("lifecycle.hibernateAfter", launch.wish.limits.hibernate_after);
    plan::check_stay("lifecycle.maxLifetime", launch.wish.limits.max_lifetime);
    auto session = new_session(launch, name_of_session(tx, launch), *revision);
    auto workspace = workspace_of(tx, launch, revision->spec, session.name);
    if (workspace) refuse_second_holder(tx, *workspace, revision->spec);
    agree(tx, caller, found.name, revision->spec, launch.wish.consent, launch.now);
    require_needs(tx, launch.user, found.name, revision->spec);
    // What is wrong with the wish was said before what there is no room for: making room would not help it.
    Entry entry{.user = launch.user, .engine = launch.engine, .spec = revision->spec};
    entry.things[plan::Resource::sessions] = 1;
    entry.things[plan::Resource::storage] = new_storage(tx, launch.user, workspace, revision->spec);
    start_or_wait(tx, session, entry, launch.now);
    if (workspace) {
        session.workspace = workspace->id;
        workspace->last_used_at = launch.now;
        tx.update_workspace(*workspace);
        add_volumes(tx, revision->spec, VolumeScope::workspace, workspace->id.text, launch.user,
                    launch.engine, launch.now);
    }
    add_volumes(tx, revision->spec, VolumeScope::user, launch.user.text, launch.user, launch.engine,
                launch.now);
    add_volumes(tx, revision->spec, VolumeScope::session, session.id.text, launch.user, launch.engine,
                launch.now);
    tx.insert_session(session);
    tell_created(tx, session, launch);
    return session;
}

}  // namespace berth::acts
