#include "plan/diff.hpp"

#include <algorithm>

namespace berth::plan {
namespace {

const WorkloadComponent* find(const std::vector<WorkloadComponent>& components, const std::string& name) {
    const auto found =
        std::find_if(components.begin(), components.end(), [&](const auto& c) { return c.name == name; });
    return found == components.end() ? nullptr : &*found;
}

bool is_there(const Observed& have, const std::string& name) {
    return std::any_of(have.components.begin(), have.components.end(),
                       [&](const auto& c) { return c.name == name; });
}

bool image_is_there(const Observed& have, const WorkloadComponent& component) {
    const auto found = have.images.find(component.image);
    return found != have.images.end() && found->second.state == ImageState::present;
}

CreateNetwork network_of(const Workload& wanted) {
    CreateNetwork change{.egress = wanted.egress, .space = wanted.space, .allowance = wanted.allowance};
    for (const auto& component : wanted.components)
        change.members.push_back({component.name, component.ports});
    return change;
}

/// What is to come into a container that is wanted as it is.
void deliver(const ObservedComponent& there, const WorkloadComponent& component, Changes& changes) {
    if (there.state != ContainerState::running) return;
    if (there.waiting)
        changes.push_back(BindComponent{there.handle, component});
    else if (there.delivered && live_changes(component.secrets, *there.delivered) != LiveChanges{})
        changes.push_back(UpdateFiles{there.handle, component});
}

/// What ends a container that is not wanted (any more).
void end_component(const ObservedComponent& there, const WorkloadComponent* successor, const Workload& wanted,
                   Changes& changes) {
    const auto stop_timeout = successor == nullptr ? wanted.stop_timeout : successor->stop_timeout;
    switch (there.state) {
        case ContainerState::creating:
        case ContainerState::running:
            changes.push_back(StopComponent{there.name, there.handle, stop_timeout});
            break;
        case ContainerState::frozen:
            // What is frozen hears no signal.
            changes.push_back(ThawComponent{there.name, there.handle});
            changes.push_back(StopComponent{there.name, there.handle, stop_timeout});
            break;
        case ContainerState::created:
        case ContainerState::exited:
            if (!wanted.keep_exited || successor != nullptr)
                changes.push_back(RemoveComponent{there.name, there.handle});
            break;
        case ContainerState::stopping:
        case ContainerState::removing:
            break;
    }
}

}  // namespace

Changes diff(const Workload& wanted, const Observed& have) {
    Changes changes;
    // A host goes before what it leads to, and comes after it.
    const bool lead = have.hosts && *have.hosts != wanted.hosts;
    if (lead && wanted.hosts.empty()) changes.push_back(WithdrawHosts{});
    for (const auto& image : wanted.prepare) changes.push_back(PrepareImage{image});
    for (const auto& there : have.components) {
        const auto* component = find(wanted.components, there.name);
        if (component == nullptr) component = find(wanted.steps, there.name);
        if (component == nullptr || component->generation != there.generation ||
            (component->anew && there.state == ContainerState::exited))
            end_component(there, component, wanted, changes);
        else if (wanted.frozen && there.state == ContainerState::running)
            changes.push_back(FreezeComponent{there.name, there.handle});
        else if (!wanted.frozen && there.state == ContainerState::frozen)
            changes.push_back(ThawComponent{there.name, there.handle});
        else
            deliver(there, *component, changes);
    }
    if (wanted.components.empty()) {
        const bool left = have.network || have.network_incomplete;
        if (left && have.components.empty()) changes.push_back(RemoveNetwork{});
        if (lead && !wanted.hosts.empty()) changes.push_back(PublishHosts{wanted.hosts});
        return changes;
    }
    if (!have.network) changes.push_back(network_of(wanted));
    for (const auto& volume : wanted.volumes)
        if (std::find(have.volumes.begin(), have.volumes.end(), volume.handle) == have.volumes.end())
            changes.push_back(CreateVolume{volume});
    for (const auto& component : wanted.steps.empty() ? wanted.components : wanted.steps)
        if (!is_there(have, component.name) && image_is_there(have, component))
            changes.push_back(StartComponent{component});
    if (lead && !wanted.hosts.empty()) changes.push_back(PublishHosts{wanted.hosts});
    return changes;
}

}  // namespace berth::plan
