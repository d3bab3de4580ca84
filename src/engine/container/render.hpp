#pragma once

#include <optional>
#include <string>
#include <vector>

#include "container/types.hpp"
#include "engine/engine.hpp"
#include "engine/probe.hpp"

/// Workloads as the engine's objects and back. Pure.
namespace berth::engine {

/// How an engine maps the users of a container.
enum class UserMapping {
    none,       ///< Root inside is root outside: profile compat cannot be had.
    by_engine,  ///< All containers are in a user namespace already (rootless, or Docker's userns-remap).
    automatic,  ///< Podman gives each container that asks a range of its own.
};

/// Where this Berth and its engine are, as rendering needs it.
struct Place {
    std::string instance;
    std::string data;  ///< Absolute.
    std::string init;  ///< Path of berth-init on the engine's machine.
    bool podman = true;
    UserMapping mapping = UserMapping::none;
};

/// The container of a component. `image` is what its reference is here.
///
/// Throws `invalid`: `gpu_not_possible` when it wants one, `profile_not_possible` when the engine cannot map
/// users, `no_program` when neither image nor component names one.
container::ContainerSpec render_component(const Place& place, const WorkloadId& id,
                                          const WorkloadComponent& component,
                                          const container::ImageDetails& image);

container::NetworkSpec render_network(const Place& place, const WorkloadId& id, Egress egress);
container::VolumeSpec render_volume(const Place& place, const WorkloadId& id, const WorkloadVolume& volume);

/// The labels that everything of a workload carries.
container::Labels labels_of(const Place& place, const WorkloadId& id);

/// A container as `observe` reports it, but for readiness, last lines and what Berth's own jobs know.
ObservedComponent observe_component(const container::ContainerDetails& details);
ContainerState state_of(std::string_view state);

/// What runs: the image's entry point and command, unless the component says otherwise (as in Kubernetes: a
/// command of the component drops the image's arguments).
std::vector<std::string> program_of(const WorkloadComponent& component, const container::ImageDetails& image);

Image to_image(const container::ImageDetails& details);

}  // namespace berth::engine
