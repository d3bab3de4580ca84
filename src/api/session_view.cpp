#include <algorithm>

#include "acts/stay.hpp"
#include "api/rows.hpp"

namespace berth::api {
namespace {

constexpr std::array step_times{&Timings::admitted,    &Timings::scheduled, &Timings::pulled,
                                &Timings::initialized, &Timings::started,   &Timings::ready,
                                &Timings::routed};
constexpr std::array step_names{
    view::StepName::admitted, view::StepName::scheduled, view::StepName::pulled, view::StepName::initialized,
    view::StepName::started,  view::StepName::ready,     view::StepName::routed};

bool on_its_way(Phase phase) {
    return phase == Phase::pending || phase == Phase::starting;
}

/// A status that still speaks of the start before: nothing of the new one is known but that it was admitted.
SessionStatus status_of_this_start(const Session& session) {
    const auto& status = session.status;
    if (status.incarnation >= session.incarnation || desired(session.asks) != State::running) return status;
    return {.phase = Phase::pending, .timings = {.admitted = 0}, .incarnation = session.incarnation};
}

std::string label_of(const Session& session, const Access& access) {
    return access.default_ ? session.host : access.name + "--" + session.host;
}

std::vector<view::SessionAccess> access_of(const auth::Origin& origin, const Session& session,
                                           const TemplateSpec& spec) {
    std::vector<view::SessionAccess> seen;
    const auto* first = default_access(spec);
    for (auto access : spec.access) {
        access.default_ = first != nullptr && access.name == first->name;
        seen.push_back({.name = access.name,
                        .kind = access.kind,
                        .url = host_url(origin, label_of(session, access)),
                        .default_ = access.default_});
    }
    return seen;
}

view::StopsAt rung_view(const plan::NextStop& rung) {
    return {.at = rung.at,
            .what = rung.to,
            .reason = rung.reason,
            .why = plan::stop_sentence(rung),
            .after = rung.limit.after,
            .whose = rung.limit.whose,
            .warned = rung.warned};
}

/// What ends it, and what keeps it up meanwhile.
void add_stay(store::Rows& rows, const Session& session, const Lifecycle& lifecycle, view::Session& seen) {
    if (!plan::running_since(session)) return;
    const auto now = rows.now();
    if (session.stay.leased_until && *session.stay.leased_until > now)
        seen.lease = view::Lease{.until = *session.stay.leased_until, .what = session.stay.lease};
    const auto ladder = acts::ladder_of(rows, session, lifecycle, now);
    for (const auto& rung : ladder) seen.ladder.push_back(rung_view(rung));
    if (const auto next = plan::next_stop(ladder)) seen.stops_at = rung_view(*next);
}

}  // namespace

std::string host_url(const auth::Origin& origin, const std::string& label) {
    return std::string(origin.https ? "https://" : "http://") + label + "." + origin.apps_domain + "/";
}

std::vector<view::Step> steps_of(const SessionStatus& status) {
    std::vector<view::Step> steps;
    bool reached = false;  // Whether the first step that is not done was passed.
    for (std::size_t i = 0; i < step_times.size(); ++i) {
        if (step_names[i] == view::StepName::initialized && !status.init) continue;
        view::Step step{.name = step_names[i], .seconds = status.timings.*step_times[i]};
        if (step.seconds) {
            step.state = view::StepState::done;
        } else if (!reached) {
            reached = true;
            if (status.phase == Phase::failed) step.state = view::StepState::failed;
            // Hibernated with a wake asked for is on its way too, but its status does not know yet.
            if (on_its_way(status.phase) || status.phase == Phase::running || status.phase == Phase::frozen)
                step.state = view::StepState::active;
            if (step.state != view::StepState::waiting && !status.message.empty())
                step.message = status.message;
        }
        steps.push_back(std::move(step));
    }
    return steps;
}

view::SessionStatus status_view(const SessionStatus& status) {
    view::SessionStatus seen{.phase = status.phase,
                             .reason = status.reason,
                             .message = status.message,
                             .conditions = status.conditions,
                             .started_at = status.started_at,
                             .timings = status.timings,
                             .steps = steps_of(status),
                             .last_log = status.last_log,
                             .incarnation = status.incarnation,
                             .freezable = status.freezable};
    for (const auto& component : status.components)
        seen.components.push_back({.name = component.name,
                                   .phase = component.phase,
                                   .message = component.message,
                                   .restarts = component.restarts});
    return seen;
}

view::Session session_view(store::Rows& rows, const auth::Origin& origin, const Session& session) {
    const auto revision = rows.find_revision(Caller::system(), session.template_, session.revision);
    const auto spec = revision ? revision->spec : TemplateSpec{};
    view::Session seen{.id = session.id,
                       .name = session.name,
                       .template_ = session.template_,
                       .template_name = spec.display_name.empty() ? session.template_ : spec.display_name,
                       .icon = spec.icon,
                       .revision = session.revision,
                       .user = person(rows, session.user),
                       .engine = session.engine,
                       .state = desired(session.asks),
                       .created_at = session.created_at,
                       .access = access_of(origin, session, spec),
                       .status = status_view(status_of_this_start(session))};
    if (session.workspace)
        if (const auto workspace = rows.find_workspace(Caller::system(), *session.workspace))
            seen.workspace = view::WorkspaceName{.id = workspace->id, .name = workspace->name};
    const bool was_routed =
        session.status.timings.routed || session.incarnation > 1 || session.status.phase == Phase::hibernated;
    for (const auto& access : seen.access)
        if (access.default_ && was_routed) seen.url = access.url;
    if (session.last_active_at)
        seen.last_active =
            view::LastActive{.at = *session.last_active_at, .source = session.last_active_source};
    add_stay(rows, session, spec.lifecycle, seen);
    return seen;
}

view::Event event_view(const Event& event) {
    view::Event seen{.sequence = event.sequence,
                     .at = event.at,
                     .class_ = event.class_,
                     .actor = event.actor,
                     .kind = event.kind,
                     .subject_kind = event.subject_kind,
                     .subject = event.subject,
                     .data = event.data};
    // The loop tells the status as it keeps it; clients get it as a session shows it, with its steps.
    if (const auto* status = seen.data.if_contains("status"); status != nullptr && status->is_object())
        seen.data["status"] = json::to_json(status_view(json::from_json<SessionStatus>(*status)));
    return seen;
}

}  // namespace berth::api
