#include "container/answer.hpp"

namespace berth::container {
namespace {

std::vector<std::string> texts_at(const json::value& tree, std::string_view key) {
    std::vector<std::string> out;
    const auto& list = entry_at(tree, key);
    // Old engines write a single word without a list.
    if (list.is_string()) out.emplace_back(list.get_string());
    if (list.is_array())
        for (const auto& entry : list.get_array())
            if (entry.is_string()) out.emplace_back(entry.get_string());
    return out;
}

/// Engines write the year 1 for "never", and offsets other than Z in places.
std::optional<Time> time_at(const json::value& tree, std::string_view key) {
    const auto text = text_at(tree, key);
    if (text.empty() || text.starts_with("0001-")) return std::nullopt;
    try {
        return parse_time(text);
    } catch (const Error&) {
        return std::nullopt;
    }
}

std::string without_slash(std::string name) {
    if (name.starts_with('/')) name.erase(0, 1);
    return name;
}

template <class T>
std::vector<T> read_all(const json::value& list, T (*read)(const json::value&)) {
    std::vector<T> out;
    if (list.is_array())
        for (const auto& entry : list.get_array()) out.push_back(read(entry));
    return out;
}

ContainerSummary read_summary(const json::value& entry) {
    ContainerSummary summary{
        .id = text_at(entry, "Id"), .state = text_at(entry, "State"), .labels = labels_at(entry, "Labels")};
    const auto names = texts_at(entry, "Names");
    if (!names.empty()) summary.name = without_slash(names.front());
    const auto& mounts = entry_at(entry, "Mounts");
    if (mounts.is_array())
        for (const auto& mount : mounts.get_array())
            if (text_at(mount, "Type") == "volume") summary.volumes.push_back(text_at(mount, "Name"));
    return summary;
}

}  // namespace

json::value parse_answer(std::string_view body) {
    boost::json::parse_options options;
    options.max_depth = 64;
    boost::system::error_code ec;
    auto tree = boost::json::parse(body, ec, {}, options);
    if (ec)
        throw Error(Kind::internal, "engine_answer",
                    "the container engine answered what is not JSON: " + ec.message());
    return tree;
}

const json::value& entry_at(const json::value& tree, std::string_view key) {
    static const json::value nothing;
    const auto* entries = tree.if_object();
    const auto* found = entries != nullptr ? entries->if_contains(key) : nullptr;
    return found != nullptr ? *found : nothing;
}

std::string text_at(const json::value& tree, std::string_view key) {
    const auto& found = entry_at(tree, key);
    return found.is_string() ? std::string(found.get_string()) : std::string();
}

std::int64_t number_at(const json::value& tree, std::string_view key) {
    const auto& found = entry_at(tree, key);
    boost::system::error_code ec;
    const auto number = found.is_number() ? found.to_number<std::int64_t>(ec) : 0;
    return ec ? 0 : number;
}

bool flag_at(const json::value& tree, std::string_view key) {
    const auto& found = entry_at(tree, key);
    return found.is_bool() && found.get_bool();
}

Labels labels_at(const json::value& tree, std::string_view key) {
    Labels labels;
    const auto& found = entry_at(tree, key);
    if (found.is_object())
        for (const auto& entry : found.get_object())
            if (entry.value().is_string()) labels.emplace(entry.key(), entry.value().get_string());
    return labels;
}

Version read_version(const json::value& answer) {
    Version version{.version = text_at(answer, "Version"), .api = text_at(answer, "ApiVersion")};
    version.product = text_at(entry_at(answer, "Platform"), "Name");
    const auto& components = entry_at(answer, "Components");
    if (components.is_array())
        for (const auto& component : components.get_array())
            if (const auto name = text_at(component, "Name"); name.starts_with("Podman")) {
                version.podman = true;
                version.product = name;
            }
    return version;
}

SystemReport read_info(const json::value& answer) {
    SystemReport info{.rootless = flag_at(answer, "Rootless"), .root = text_at(answer, "DockerRootDir")};
    for (const auto& option : texts_at(answer, "SecurityOptions")) {
        info.rootless = info.rootless || option.starts_with("name=rootless");
        info.user_namespaces = info.user_namespaces || option.starts_with("name=userns");
    }
    info.user_namespaces = info.user_namespaces || info.rootless;
    const auto cgroups = text_at(answer, "CgroupVersion");
    if (cgroups == "1" || cgroups == "2") info.cgroup_version = cgroups[0] - '0';
    return info;
}

std::vector<ContainerSummary> read_containers(const json::value& answer) {
    return read_all(answer, read_summary);
}

ContainerDetails read_container(const json::value& answer) {
    const auto& state = entry_at(answer, "State");
    return {.id = text_at(answer, "Id"),
            .name = without_slash(text_at(answer, "Name")),
            .image = text_at(answer, "Image"),
            .state = text_at(state, "Status"),
            .exit_code = static_cast<int>(number_at(state, "ExitCode")),
            .out_of_memory = flag_at(state, "OOMKilled"),
            .error = text_at(state, "Error"),
            .started_at = time_at(state, "StartedAt"),
            .finished_at = time_at(state, "FinishedAt"),
            .labels = labels_at(entry_at(answer, "Config"), "Labels"),
            .pid = static_cast<int>(number_at(state, "Pid"))};
}

NetworkDetails read_network(const json::value& answer) {
    NetworkDetails network{.name = text_at(answer, "Name"),
                           .id = text_at(answer, "Id"),
                           .labels = labels_at(answer, "Labels"),
                           .internal = flag_at(answer, "Internal")};
    const auto& pools = entry_at(entry_at(answer, "IPAM"), "Config");
    if (pools.is_array() && !pools.get_array().empty())
        network.gateway = text_at(pools.get_array()[0], "Gateway");
    return network;
}

std::vector<NetworkDetails> read_networks(const json::value& answer) {
    return read_all(answer, read_network);
}

VolumeDetails read_volume(const json::value& answer) {
    return {.name = text_at(answer, "Name"),
            .mountpoint = text_at(answer, "Mountpoint"),
            .labels = labels_at(answer, "Labels")};
}

std::vector<VolumeDetails> read_volumes(const json::value& answer) {
    return read_all(entry_at(answer, "Volumes"), read_volume);
}

ImageDetails read_image(const json::value& answer) {
    const auto& config = entry_at(answer, "Config");
    return {.id = text_at(answer, "Id"),
            .entrypoint = texts_at(config, "Entrypoint"),
            .command = texts_at(config, "Cmd"),
            .user = text_at(config, "User"),
            .labels = labels_at(config, "Labels"),
            .size = {number_at(answer, "Size")}};
}

Stats read_stats(const json::value& answer) {
    const auto& memory = entry_at(answer, "memory_stats");
    const auto& details = entry_at(memory, "stats");
    // What `docker stats` shows: page cache that can be dropped at once is nobody's memory.
    const auto cache =
        std::max(number_at(details, "inactive_file"), number_at(details, "total_inactive_file"));
    const auto usage = number_at(memory, "usage");
    return {.cpu_nanoseconds = static_cast<std::uint64_t>(
                number_at(entry_at(entry_at(answer, "cpu_stats"), "cpu_usage"), "total_usage")),
            .memory = {usage > cache ? usage - cache : 0}};
}

PullStep read_pull_step(const json::value& answer) {
    const auto& progress = entry_at(answer, "progressDetail");
    return {.layer = text_at(answer, "id"),
            .status = text_at(answer, "status"),
            .done = number_at(progress, "current"),
            .total = number_at(progress, "total"),
            .error = text_at(answer, "error")};
}

std::string read_id(const json::value& answer) {
    for (const auto* key : {"Id", "ID", "id"})
        if (auto id = text_at(answer, key); !id.empty()) return id;
    throw Error(Kind::internal, "engine_answer", "the container engine answered without an id");
}

}  // namespace berth::container
