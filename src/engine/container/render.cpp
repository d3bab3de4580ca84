#include "engine/container/render.hpp"

#include <fmt/format.h>

#include "engine/container/names.hpp"
#include "engine/delivery.hpp"

namespace berth::engine {
namespace {

constexpr Bytes shared_memory{std::int64_t{256}
                              << 20};  // What browsers want; it counts as the component's memory.
constexpr Bytes log_size{std::int64_t{8} << 20};
constexpr const char* init_path = "/.berth/init";
constexpr const char* run_path = "/run/berth";

const char* log_driver(const Place& place) {
    return place.podman ? "k8s-file" : "json-file";
}

std::string spec_label(const WorkloadComponent& component) {
    const ProbeSpec label{.readiness = component.readiness, .ports = component.ports};
    return json::write(json::to_json(label));
}

void render_profile(const Place& place, const WorkloadComponent& component, container::ContainerSpec& spec) {
    spec.user = fmt::format("{}:0", component.user);
    if (component.profile == Profile::strict) return;
    if (place.mapping == UserMapping::none)
        throw Error(
            Kind::invalid, "profile_not_possible",
            fmt::format("component {} has profile compat, but this container engine cannot give it users of "
                        "its own",
                        quoted(component.name)),
            "run the engine rootless, or give the user \"containers\" a range in /etc/subuid and "
            "/etc/subgid");
    spec.user = "0:0";
    spec.capabilities = {"CHOWN", "SETUID", "SETGID", "FOWNER"};
    if (place.mapping == UserMapping::automatic) spec.user_namespace = "auto";
}

}  // namespace

container::Labels labels_of(const Place& place, const WorkloadId& id) {
    return {{label_instance, place.instance}, {label_workload, id.text}};
}

std::vector<std::string> program_of(const WorkloadComponent& component,
                                    const container::ImageDetails& image) {
    auto program = component.command.value_or(image.entrypoint);
    auto arguments = component.command ? std::vector<std::string>() : image.command;
    if (component.args) arguments = *component.args;
    program.insert(program.end(), arguments.begin(), arguments.end());
    if (program.empty())
        throw Error(Kind::invalid, "no_program",
                    fmt::format("image {} of component {} does not say what to run", quoted(component.image),
                                quoted(component.name)),
                    "give the component a command");
    return program;
}

container::ContainerSpec render_component(const Place& place, const WorkloadId& id,
                                          const WorkloadComponent& component,
                                          const container::ImageDetails& image) {
    if (component.resources.gpu)
        throw Error(
            Kind::invalid, "gpu_not_possible",
            fmt::format("component {} wants a GPU, which this engine cannot give", quoted(component.name)),
            "run it on a cluster, or remove resources.gpu");
    container::ContainerSpec spec;
    spec.name = container_name(place.instance, id, component.name, component.generation);
    spec.image = image.id;
    spec.hostname = component.name.substr(0, 63);
    const bool waits = wants_delivery(component);
    spec.entrypoint = {init_path, "run"};
    if (waits) spec.entrypoint.emplace_back("--wait");
    spec.entrypoint.emplace_back("--");
    spec.command = program_of(component, image);
    spec.env = component.env;
    spec.labels = labels_of(place, id);
    spec.labels[label_component] = component.name;
    spec.labels[label_generation] = component.generation;
    spec.labels[label_spec] = spec_label(component);
    if (waits) spec.labels[label_delivery] = "1";
    spec.binds = {{.source = place.init, .target = init_path, .read_only = true},
                  {.source = component_directory(place.data, id, component.name), .target = run_path}};
    for (const auto& mount : component.mounts)
        spec.volumes.push_back({.volume = mount.volume, .target = mount.path, .read_only = mount.read_only});
    if (wants_memory_folder(component)) spec.memory_folders = {{memory_folder, memory_folder_size}};
    spec.network = network_name(place.instance, id);
    spec.aliases = {component.name};
    spec.memory = component.resources.memory;
    spec.cpu = component.resources.cpu;
    spec.pids = component.resources.pids;
    spec.shared_memory = shared_memory;
    spec.log_driver = log_driver(place);
    spec.log_size = log_size;
    spec.stop_timeout = component.stop_timeout;
    render_profile(place, component, spec);
    for (auto& volume : spec.volumes) volume.take_over = !spec.user_namespace.empty();
    return spec;
}

container::NetworkSpec render_network(const Place& place, const WorkloadId& id, Egress egress) {
    return {.name = network_name(place.instance, id),
            .bridge = bridge_name(place.instance, id),
            .internal = egress == Egress::none,
            .labels = labels_of(place, id)};
}

container::VolumeSpec render_volume(const Place& place, const WorkloadId& id, const WorkloadVolume& volume) {
    container::VolumeSpec spec{.name = volume.handle, .labels = labels_of(place, id)};
    // Without it Podman gives the volume the owner of the image's folder when it is first mounted.
    if (place.podman) spec.options["o"] = fmt::format("uid={},gid=0", volume.owner);
    return spec;
}

ContainerState state_of(std::string_view state) {
    if (state == "running" || state == "restarting") return ContainerState::running;
    if (state == "paused") return ContainerState::frozen;
    if (state == "exited" || state == "stopped" || state == "dead") return ContainerState::exited;
    if (state == "stopping") return ContainerState::stopping;
    if (state == "removing") return ContainerState::removing;
    return ContainerState::created;
}

ObservedComponent observe_component(const container::ContainerDetails& details) {
    const auto label = [&](const char* name) {
        const auto found = details.labels.find(name);
        return found == details.labels.end() ? std::string() : found->second;
    };
    ObservedComponent seen{.name = label(label_component),
                           .handle = details.id,
                           .generation = label(label_generation),
                           .state = state_of(details.state),
                           .started_at = details.started_at};
    if (seen.state == ContainerState::exited) {
        seen.exit_code = details.exit_code;
        seen.out_of_memory = details.out_of_memory;
        seen.exited_at = details.finished_at;
    }
    return seen;
}

Image to_image(const container::ImageDetails& details) {
    Image image{.digest = details.id,
                .entrypoint = details.entrypoint,
                .command = details.command,
                .size = details.size};
    if (!details.user.empty()) image.user = details.user;
    return image;
}

}  // namespace berth::engine
