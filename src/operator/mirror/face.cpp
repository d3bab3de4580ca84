#include "operator/mirror/face.hpp"

#include <algorithm>

#include "acts/rows.hpp"
#include "crds/resources.hpp"
#include "plan/name.hpp"

namespace berth::control::mirror {
namespace {

std::string user_name(store::Rows& rows, const UserId& id) {
    const auto user = rows.find_user(id);
    return user ? user->name : id.text;
}

bool is_settled(const Session& session) {
    const auto& status = session.status;
    const auto state = desired(session.asks);
    if (state == State::hibernated) return status.phase == Phase::hibernated;
    if (state == State::frozen && status.phase == Phase::frozen) return true;
    return state == State::running && status.incarnation == session.incarnation &&
           (status.phase == Phase::running || status.phase == Phase::failed);
}

void fill_access(crds::SessionStatus& status, const Session& session, const TemplateSpec& spec,
                 const UrlOf& url_of) {
    const bool was_routed =
        session.status.timings.routed || session.incarnation > 1 || session.status.phase == Phase::hibernated;
    const auto* first = default_access(spec);
    for (const auto& access : spec.access) {
        const bool chosen = &access == first;
        const auto label = chosen ? session.host : access.name + "--" + session.host;
        status.access.push_back({access.name, access.kind, url_of(label), chosen});
        if (chosen && was_routed) status.url = status.access.back().url;
    }
}

/// Ours have no reason besides their type; since when they hold, the resource itself knows.
std::vector<crds::Condition> conditions_of(const Session& session) {
    std::vector<crds::Condition> conditions;
    conditions.reserve(session.status.conditions.size());
    for (const auto& condition : session.status.conditions)
        conditions.push_back({.type = condition.type,
                              .status = condition.status ? crds::Truth::True : crds::Truth::False,
                              .last_transition_time = session.asked_at,
                              .reason = condition.type,
                              .message = condition.message});
    return conditions;
}

}  // namespace

Face session_face(store::Rows& rows, const Session& session, const UrlOf& url_of) {
    const auto& seen = session.status;
    const auto state = desired(session.asks);
    Face face{.noun = Noun::session,
              .row = session.id.text,
              .name = session.host,
              .user = user_name(rows, session.user),
              .state = state,
              .since = session.created_at,
              .settled = is_settled(session),
              .ending = state == State::terminated,
              .ended = seen.phase == Phase::gone};
    crds::SessionSpec spec{.user = face.user,
                           .template_ = session.template_,
                           .revision = session.revision,
                           .name = session.name};
    crds::SessionStatus status{.id = session.id.text,
                               .state = state,
                               .phase = seen.phase,
                               .reason = seen.reason,
                               .message = seen.message,
                               .components = seen.components,
                               .revision = session.revision,
                               .engine = session.engine,
                               .incarnation = session.incarnation,
                               .started_at = seen.started_at,
                               .timings = seen.timings,
                               .conditions = conditions_of(session)};
    if (session.workspace) {
        spec.workspace = session.workspace->text;
        if (const auto found = rows.find_workspace(Caller::system(), *session.workspace))
            status.workspace = crds::WorkspaceName{found->id.text, found->name};
    }
    if (session.last_active_at)
        status.last_activity = crds::LastActivity{*session.last_active_at, session.last_active_source};
    if (const auto revision = rows.find_revision(Caller::system(), session.template_, session.revision))
        fill_access(status, session, revision->spec, url_of);
    face.spec = json::to_json(spec).as_object();
    face.status = json::to_json(status).as_object();
    return face;
}

Face template_face(store::Rows& rows, const Template& row) {
    Face face{.noun = Noun::template_,
              .row = row.name,
              .name = row.name,
              .spec = json::to_json(row.spec).as_object(),
              .since = row.created_at};
    crds::TemplateStatus status{.revision = row.revision};
    if (const auto revision = rows.find_revision(Caller::system(), row.name, row.revision))
        status.digests = revision->digests;
    face.status = json::to_json(status).as_object();
    return face;
}

Face workspace_face(store::Rows& rows, const Workspace& workspace) {
    Face face{.noun = Noun::workspace,
              .row = workspace.id.text,
              // Its id is random, its name need not be plain, and may change.
              .name = plan::slug(workspace.name) + "-" + plan::slug(workspace.id.text.substr(4), 16),
              .user = user_name(rows, workspace.user),
              .since = workspace.created_at,
              .ending = workspace.deleted_at.has_value(),
              .ended = workspace.deleted_at.has_value()};
    const crds::WorkspaceSpec spec{
        .user = face.user, .template_ = workspace.template_, .name = workspace.name};
    crds::WorkspaceStatus status{.id = workspace.id.text, .last_used_at = workspace.last_used_at};
    Bytes size{};
    for (const auto& volume : rows.volumes_of(workspace.id.text)) {
        if (volume.deleted_at) continue;
        status.volumes.push_back({volume.name, volume.handle, volume.size});
        size.count += volume.size.count;
    }
    status.size = size;
    if (const auto holders = acts::holders_of(rows, workspace.id); !holders.empty())
        status.session = holders.front().name;
    face.spec = json::to_json(spec).as_object();
    face.status = json::to_json(status).as_object();
    return face;
}

std::optional<Face> face_of(store::Rows& rows, Noun noun, const std::string& row, const UrlOf& url_of) {
    const auto caller = Caller::system();
    if (noun == Noun::session) {
        const auto session = rows.find_session(caller, {row});
        if (session) return session_face(rows, *session, url_of);
    } else if (noun == Noun::workspace) {
        const auto workspace = rows.find_workspace(caller, {row});
        if (workspace) return workspace_face(rows, *workspace);
    } else {
        const auto found = rows.find_template(caller, row);
        if (found && !found->owner) return template_face(rows, *found);
    }
    return std::nullopt;
}

json::value status_of(const Face* face, std::int64_t generation, const Refusal* refusal) {
    json::object status = face == nullptr ? json::object() : face->status;
    crds::Condition accepted{.type = std::string(crds::accepted),
                             .status = crds::Truth::True,
                             .observed_generation = generation,
                             .last_transition_time = face == nullptr ? Time{} : face->since,
                             .reason = "Accepted"};
    if (refusal != nullptr) {
        accepted.status = crds::Truth::False;
        accepted.last_transition_time = refusal->at;
        accepted.reason = refusal->reason;
        accepted.message = refusal->message;
    }
    json::array conditions{json::to_json(accepted)};
    if (const auto* others = status.if_contains("conditions"))
        for (auto other : others->as_array()) {
            other.as_object()["observedGeneration"] = generation;
            conditions.push_back(std::move(other));
        }
    status["observedGeneration"] = generation;
    status["conditions"] = std::move(conditions);
    return status;
}

void keep_times(json::value& status, const Seen& seen, Time now) {
    for (auto& tree : status.at("conditions").as_array()) {
        auto condition = json::from_json<crds::Condition>(tree);
        const auto before = std::ranges::find(seen.conditions, condition.type, &Standing::type);
        if (before == seen.conditions.end()) continue;
        const bool same = before->status == condition.status;
        condition.last_transition_time = same ? before->since : now;
        tree = json::to_json(condition);
    }
}

}  // namespace berth::control::mirror
