#include "container/request.hpp"

#include <fmt/format.h>

#include <cctype>

namespace berth::container {
namespace {

json::array texts(const std::vector<std::string>& list) {
    json::array out;
    for (const auto& entry : list) out.emplace_back(entry);
    return out;
}

json::object pairs(const std::map<std::string, std::string>& entries) {
    json::object out;
    for (const auto& [key, value] : entries) out.emplace(key, value);
    return out;
}

json::array environment(const std::map<std::string, std::string>& env) {
    json::array out;
    for (const auto& [name, value] : env) out.emplace_back(name + "=" + value);
    return out;
}

json::object host_config(const ContainerSpec& spec) {
    json::array mounts;
    for (const auto& bind : spec.binds)
        mounts.push_back({{"Type", "bind"},
                          {"Source", bind.source},
                          {"Target", bind.target},
                          {"ReadOnly", bind.read_only}});
    // Podman 4.3 overlooks VolumeOptions.NoCopy of a mount and fills the volume from the image; it heeds a
    // bind's.
    json::array binds;
    for (const auto& volume : spec.volumes)
        binds.emplace_back(fmt::format("{}:{}:nocopy{}{}", volume.volume, volume.target,
                                       volume.read_only ? ",ro" : "", volume.take_over ? ",U" : ""));
    json::object config{
        {"NetworkMode", spec.network},
        {"Mounts", std::move(mounts)},
        {"Binds", std::move(binds)},
        {"Memory", spec.memory.count},
        {"MemorySwap", spec.memory.count},
        {"NanoCpus", spec.cpu.count * 1'000'000},
        {"PidsLimit", spec.pids},
        {"ShmSize", spec.shared_memory.count},
        {"CapDrop", json::array{"ALL"}},
        {"CapAdd", texts(spec.capabilities)},
        {"SecurityOpt", json::array{"no-new-privileges"}},
        {"Privileged", false},
        {"Init", false},
        {"RestartPolicy", {{"Name", "no"}}},
        {"LogConfig",
         {{"Type", spec.log_driver}, {"Config", {{"max-size", std::to_string(spec.log_size.count)}}}}},
    };
    json::object folders;
    for (const auto& folder : spec.memory_folders)
        folders[folder.target] = fmt::format("rw,nosuid,nodev,noexec,mode=1777,size={}", folder.size.count);
    if (!folders.empty()) config.emplace("Tmpfs", std::move(folders));
    if (!spec.user_namespace.empty()) config.emplace("UsernsMode", spec.user_namespace);
    return config;
}

}  // namespace

json::value render(const ContainerSpec& spec) {
    const auto stop_seconds = std::chrono::ceil<std::chrono::seconds>(spec.stop_timeout).count();
    json::object body{
        {"Image", spec.image},
        {"Hostname", spec.hostname},
        {"Entrypoint", texts(spec.entrypoint)},
        {"Cmd", texts(spec.command)},
        {"Env", environment(spec.env)},
        {"User", spec.user},
        {"Labels", pairs(spec.labels)},
        {"Tty", false},
        {"OpenStdin", spec.open_input},
        {"StopTimeout", stop_seconds},
        {"HostConfig", host_config(spec)},
    };
    if (!spec.network.empty() && spec.network != "none")
        body.emplace(
            "NetworkingConfig",
            json::object{{"EndpointsConfig",
                          json::object{{spec.network, json::object{{"Aliases", texts(spec.aliases)}}}}}});
    return body;
}

json::value render(const NetworkSpec& spec) {
    return {
        {"Name", spec.name},
        {"CheckDuplicate", true},
        {"Driver", "bridge"},
        {"Internal", spec.internal},
        {"Labels", pairs(spec.labels)},
        {"Options", {{"com.docker.network.bridge.name", spec.bridge}}},
    };
}

json::value render(const VolumeSpec& spec) {
    return {{"Name", spec.name},
            {"Driver", "local"},
            {"DriverOpts", pairs(spec.options)},
            {"Labels", pairs(spec.labels)}};
}

std::string label_filter(const Labels& labels) {
    json::array wanted;
    for (const auto& [name, value] : labels) wanted.emplace_back(name + "=" + value);
    return encode(json::write(json::object{{"label", std::move(wanted)}}));
}

PullName split_reference(const std::string& reference) {
    if (reference.find('@') != std::string::npos) return {reference, ""};
    const auto colon = reference.rfind(':');
    const auto slash = reference.rfind('/');
    // A colon before the last slash is the port of a registry.
    if (colon == std::string::npos || (slash != std::string::npos && colon < slash))
        return {reference, "latest"};
    return {reference.substr(0, colon), reference.substr(colon + 1)};
}

std::string encode(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (std::isalnum(byte) != 0 || std::string_view("-._~").find(letter) != std::string_view::npos)
            out += letter;
        else
            out += fmt::format("%{:02X}", byte);
    }
    return out;
}

}  // namespace berth::container
