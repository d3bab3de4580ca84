#include "plan/workload.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace berth::plan {
namespace {

constexpr int default_user = 1000;

void expand_all(std::vector<std::string>& words, std::size_t from, const Values& values) {
    for (std::size_t i = from; i < words.size(); ++i) words[i] = expand(words[i], values);
}

std::string digest_of(const Facts& facts, const std::string& image) {
    const auto found = facts.revision.digests.find(image);
    return found == facts.revision.digests.end() ? std::string() : found->second;
}

/// What every program of a session is told, whatever its template says.
void add_own(const Facts& facts, std::map<std::string, std::string>& env) {
    env["BERTH_SESSION"] = facts.session.name;
    env["BERTH_SESSION_ID"] = facts.session.id.text;
    env["BERTH_SESSION_URL"] = facts.url;
    env["BERTH_USER"] = facts.user_name;
}

AccessMode access_mode_of(const TemplateSpec& spec, const std::string& volume) {
    const auto found = std::ranges::find(spec.volumes, volume, &VolumeSpec::name);
    return found == spec.volumes.end() ? AccessMode::ReadWriteOnce : found->access_mode;
}

/// What to record of a workspace that an earlier revision began to make and this one has no step left for.
std::optional<InitDone> none_left(const Facts& facts) {
    for (const auto& volume : facts.volumes)
        if (volume.scope == VolumeScope::workspace && volume.init_done)
            return InitDone{.volume = volume.handle, .before = *volume.init_done};
    return std::nullopt;
}

/// An administrator's settings are for a published template of that name: anybody may call their own so.
std::string kind_of(const Facts& facts) {
    return facts.revision.owner ? std::string() : facts.session.template_;
}

/// What it gets beside its image and volumes: contents that its template says, and references to what is
/// secret, of which it gets what its user has and agreed to.
void add_files(const Facts& facts, const Component& component, const Values& values,
               WorkloadComponent& made) {
    const auto& granted = facts.granted;
    const auto add = [&](SecretAs as, const std::string& name, const std::string& target, bool live) {
        if (const auto found = granted.secrets.find(name); found != granted.secrets.end())
            made.secrets.push_back({as, name, target, found->second, live});
    };
    for (const auto& use : component.secrets) add(SecretAs::env, use.name, use.name, false);
    for (const auto& file : component.files) {
        if (file.content) made.files[file.path] = expand(*file.content, values);
        if (file.secret) add(SecretAs::file, *file.secret, file.path, file.live);
    }
    if (component.user_files && granted.files)
        made.secrets.push_back({SecretAs::user_files,
                                {},
                                component.user_files->path,
                                *granted.files,
                                component.user_files->live});
}

/// The template's component with everything expanded.
WorkloadComponent expand_component(const Facts& facts, const Component& component, const Values& values) {
    WorkloadComponent made{.name = component.name,
                           .image = component.image,
                           .digest = digest_of(facts, component.image),
                           .command = component.command,
                           .args = component.args,
                           .profile = component.profile,
                           .user = component.user.value_or(default_user),
                           .user_named = component.user.has_value(),
                           .resources = component.resources,
                           .ports = component.ports,
                           .readiness = component.readiness,
                           .stop_timeout = facts.revision.spec.lifecycle.stop_timeout,
                           .pull_secret = component.pull_secret,
                           .kind = kind_of(facts)};
    for (const auto& [name, text] : component.env) made.env[name] = expand(text, values);
    add_own(facts, made.env);
    if (made.command) expand_all(*made.command, 1, values);
    if (made.args) expand_all(*made.args, 0, values);
    add_files(facts, component, values, made);
    for (const auto& mount : component.mounts)
        for (const auto& volume : facts.volumes)
            if (volume.name == mount.volume)
                made.mounts.push_back({volume.handle, mount.path, mount.read_only,
                                       access_mode_of(facts.revision.spec, volume.name)});
    return made;
}

/// The space that a volume is in: what a user's sessions share is in no part.
Space space_of(const Facts& facts, const Volume& volume) {
    if (volume.scope == VolumeScope::user) return {.owner = facts.session.user.text, .part = {}};
    return {.owner = facts.session.user.text,
            .part = facts.session.workspace ? facts.session.workspace->text : facts.session.id.text};
}

}  // namespace

const ObservedComponent* find_there(const Observed& have, const std::string& name) {
    for (const auto& there : have.components)
        if (there.name == name) return &there;
    return nullptr;
}

std::string generation_of(int incarnation, int restarts) {
    return fmt::format("{}.{}", incarnation, restarts);
}

Values values_of(const Facts& facts) {
    auto values = component_values(facts.revision.spec);
    values["user.name"] = facts.user_name;
    values["user.id"] = facts.session.user.text;
    values["session.name"] = facts.session.name;
    values["session.id"] = facts.session.id.text;
    values["session.url"] = facts.url;
    return values;
}

std::pair<std::optional<NextStep>, int> next_step(const Facts& facts) {
    const auto& spec = facts.revision.spec;
    std::map<std::string, int> places;
    std::optional<NextStep> next;
    int left = 0;
    for (const auto& component : spec.components) {
        if (component.init.empty()) continue;
        const auto* wanted = init_volume(spec, component);
        const auto row = std::ranges::find_if(
            facts.volumes, [&](const auto& volume) { return wanted && volume.name == wanted->name; });
        if (row == facts.volumes.end() || !row->init_done) continue;
        for (std::size_t i = 0; i < component.init.size(); ++i) {
            const int place = places[row->handle]++;
            if (place < *row->init_done) continue;
            ++left;
            if (!next) next = NextStep{&component, &*row, i + 1, place, 0};
        }
    }
    if (next) next->of_volume = places[next->volume->handle];
    return {next, left};
}

std::string why_not_granted(const Facts& facts) {
    const auto& missing = facts.granted.missing;
    if (missing.empty()) return {};
    return fmt::format("it needs your secret {}, which is not there or which you do not let it have",
                       fmt::join(missing, ", "));
}

void note_withheld(const Facts& facts, std::vector<Condition>& conditions) {
    if (facts.granted.withheld.empty()) return;
    conditions.push_back(
        {.type = "ConsentNeeded",
         .message = fmt::format("runs without {}: you have not agreed that template {} has it",
                                fmt::join(facts.granted.withheld, ", "), quoted(facts.session.template_))});
}

std::optional<InitDone> ended_well(const Facts& facts, const Observed& have) {
    const auto next = next_step(facts).first;
    if (!next) return none_left(facts);
    const auto* there = find_there(have, step_name(next->component->name, next->number));
    if (there == nullptr || there->state != ContainerState::exited || there->exit_code != 0 ||
        there->out_of_memory || there->disrupted)
        return std::nullopt;
    InitDone done{.volume = next->volume->handle, .before = next->place, .done = next->place + 1};
    if (*done.done == next->of_volume) done.done.reset();
    return done;
}

WorkloadComponent expand_step(const Facts& facts, const NextStep& next, const Values& values) {
    const auto& step = next.component->init[next.number - 1];
    auto made = expand_component(facts, *next.component, values);
    made.name = step_name(next.component->name, next.number);
    made.image = step.image;
    made.digest = digest_of(facts, step.image);
    made.command = step.command;
    made.args = step.args;
    expand_all(*made.command, 1, values);
    expand_all(*made.args, 0, values);
    for (const auto& [name, text] : step.env) made.env[name] = expand(text, values);
    add_own(facts, made.env);
    made.ports.clear();
    made.readiness.reset();
    made.run = Run::once;
    made.generation = generation_of(facts.session.incarnation, 0);
    return made;
}

Workload empty_workload(const Facts& facts) {
    return {.id = workload_of(facts.session.id), .stop_timeout = facts.revision.spec.lifecycle.stop_timeout};
}

Workload full_workload(const Facts& facts, const Values& values) {
    const auto& spec = facts.revision.spec;
    auto workload = empty_workload(facts);
    workload.egress = spec.network.egress;
    workload.space = space_of(facts, {.scope = VolumeScope::workspace});
    workload.allowance = facts.allowance;
    for (const auto& component : spec.components)
        workload.components.push_back(expand_component(facts, component, values));
    const int owner = spec.components.front().user.value_or(default_user);
    for (const auto& volume : facts.volumes)
        workload.volumes.push_back({volume.handle, volume.size, owner, space_of(facts, volume),
                                    kind_of(facts), access_mode_of(spec, volume.name)});
    return workload;
}

std::vector<std::string> images_to_start(const Facts& facts, const Observed& have) {
    std::vector<std::string> images;
    const auto add = [&](const std::string& name, const std::string& image) {
        if (find_there(have, name) == nullptr && std::ranges::find(images, image) == images.end())
            images.push_back(image);
    };
    for (const auto& component : facts.revision.spec.components) add(component.name, component.image);
    if (const auto next = next_step(facts).first)
        add(step_name(next->component->name, next->number), next->component->init[next->number - 1].image);
    return images;
}

WorkloadId workload_of(const SessionId& id) {
    return {id.text};
}
SessionId session_of(const WorkloadId& id) {
    return {id.text};
}

}  // namespace berth::plan
