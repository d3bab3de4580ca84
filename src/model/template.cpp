#include "model/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "base/utf8.hpp"
#include "model/activity_rule.hpp"
#include "model/limits.hpp"
#include "model/template_files.hpp"

namespace berth {
namespace {

constexpr std::string_view api_version = "berth.dev/v1alpha1";

/// Keys of the design whose feature is not built yet: refused by name, never ignored.
constexpr std::string_view unbuilt_spec[] = {"chart",    "parameters", "pool",   "prepull",
                                             "onSignIn", "onSignOut",  "engines"};
constexpr std::string_view unbuilt_component[] = {"liveness"};
constexpr std::string_view unbuilt_resources[] = {"limits"};
constexpr std::string_view unbuilt_access[] = {"capabilities"};
constexpr std::string_view unbuilt_network[] = {"allow"};

[[noreturn]] void refuse(const std::string& path, const std::string& why, std::string next = {}) {
    throw Error(Kind::invalid, "invalid_field", path + ": " + why, std::move(next));
}

[[noreturn]] void refuse_unbuilt(const std::string& what) {
    throw Error(Kind::invalid, "not_built", quoted(what) + " is not supported by this version of Berth",
                "remove it, or use a version that has it");
}

const json::object* object_at(const json::value& tree, std::string_view key) {
    const auto* entries = tree.if_object();
    const auto* found = entries == nullptr ? nullptr : entries->if_contains(key);
    return found == nullptr ? nullptr : found->if_object();
}

void check_built(const json::value& tree, std::span<const std::string_view> unbuilt,
                 const std::string& path) {
    const auto* entries = tree.if_object();
    if (entries == nullptr) return;
    for (const auto key : unbuilt) {
        // What is said not to be wanted is not there, as asked.
        const auto* found = entries->if_contains(key);
        if (found != nullptr && *found != json::value(false) && *found != json::value(json::array()))
            refuse_unbuilt(json::join_path(path, key));
    }
}

/// The items of the list `key`, with their paths.
template <class Visit>
void each_item(const json::value& tree, std::string_view key, Visit visit) {
    const auto* entries = tree.if_object();
    const auto* found = entries == nullptr ? nullptr : entries->if_contains(key);
    if (found == nullptr || !found->is_array()) return;
    int index = 0;
    for (const auto& item : found->get_array()) visit(item, fmt::format("{}[{}]", key, index++));
}

void check_text_is(const json::value& tree, std::string_view key, std::span<const std::string_view> unbuilt,
                   const std::string& path) {
    const auto* entries = tree.if_object();
    const auto* found = entries == nullptr ? nullptr : entries->if_contains(key);
    if (found == nullptr || !found->is_string()) return;
    for (const auto word : unbuilt)
        if (found->get_string() == word)
            refuse_unbuilt(fmt::format("{}: {}", json::join_path(path, key), word));
}

void check_all_built(const json::value& spec) {
    constexpr std::string_view shared[] = {"shared"};
    constexpr std::string_view kinds[] = {"ssh", "tcp"};
    check_built(spec, unbuilt_spec, "");
    each_item(spec, "components", [](const json::value& item, const std::string& path) {
        check_built(item, unbuilt_component, path);
        if (const auto* resources = object_at(item, "resources"))
            check_built(*resources, unbuilt_resources, path + ".resources");
    });
    each_item(spec, "access", [&](const json::value& item, const std::string& path) {
        check_built(item, unbuilt_access, path);
        check_text_is(item, "kind", kinds, path);
    });
    each_item(spec, "volumes", [&](const json::value& item, const std::string& path) {
        check_text_is(item, "scope", shared, path);
    });
    if (const auto* network = object_at(spec, "network")) {
        check_built(*network, unbuilt_network, "network");
        if (const auto* egress = network->if_contains("egress"); egress != nullptr && egress->is_array())
            refuse_unbuilt("network.egress: a list of hosts");
    }
}

void check_label(const std::string& path, const std::string& name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const bool fine = !name.empty() && name.size() <= limits::label_max && letter(name.front()) &&
                      letter(name.back()) &&
                      std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || c == '-'; });
    if (!fine)
        refuse(path, fmt::format("{} is not made of at most {} characters a-z, 0-9 and inner hyphens",
                                 quoted(name), limits::label_max));
}

std::size_t characters(std::string_view text) {
    std::size_t count = 0;
    // A byte that begins no character counts as one.
    for (; !text.empty(); ++count)
        if (!take_character(text)) text.remove_prefix(1);
    return count;
}

void check_length(const std::string& path, std::string_view text, std::size_t most) {
    if (characters(text) > most) refuse(path, fmt::format("longer than {} characters", most));
}

template <class Items>
void check_count(const std::string& path, const Items& items, std::size_t most) {
    if (items.size() > most) refuse(path, fmt::format("at most {} are possible", most));
}

template <class Items>
void check_names(const std::string& list, const Items& items) {
    check_count(list, items, limits::items_max);
    std::set<std::string> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto path = fmt::format("{}[{}].name", list, i);
        check_label(path, items[i].name);
        if (!seen.insert(items[i].name).second) refuse(path, quoted(items[i].name) + " appears twice");
    }
}

template <class Items>
std::string nearest_name(const std::string& name, const Items& items) {
    std::vector<std::string> names;
    names.reserve(items.size());
    for (const auto& item : items) names.push_back(item.name);
    const auto near = nearest(name, names);
    return near.empty() ? "" : "did you mean " + quoted(near) + "?";
}

void check_probe(const Component& component, const Probe& probe, const std::string& path) {
    const int kinds = int(probe.http.has_value()) + int(probe.tcp.has_value()) + int(probe.exec.has_value());
    if (kinds != 1) refuse(path, "expected exactly one of http, tcp and exec");
    const auto port = probe.http ? probe.http->port : probe.tcp.value_or("");
    if (!probe.exec && find_port(component, port) == nullptr)
        refuse(path, "component " + quoted(component.name) + " has no port " + quoted(port),
               nearest_name(port, component.ports));
    if (probe.http && !probe.http->path.starts_with('/'))
        refuse(path + ".http.path", "expected a path that starts with /");
    if (probe.http) check_length(path + ".http.path", probe.http->path, limits::path_max);
    if (probe.exec && probe.exec->empty()) refuse(path + ".exec", "expected a command");
    if (probe.exec) check_count(path + ".exec", *probe.exec, limits::arguments_max);
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; });
}

void check_mounts(const TemplateSpec& spec, const Component& component, const std::string& path) {
    check_count(path + ".mounts", component.mounts, limits::items_max);
    std::set<std::string> seen;
    for (const auto& mount : component.mounts) {
        if (std::none_of(spec.volumes.begin(), spec.volumes.end(),
                         [&](const auto& v) { return v.name == mount.volume; }))
            refuse(path + ".mounts", "there is no volume " + quoted(mount.volume),
                   nearest_name(mount.volume, spec.volumes));
        if (const auto why = why_not_at(mount.path); !why.empty()) refuse(path + ".mounts", why);
        if (!seen.insert(mount.path).second)
            refuse(path + ".mounts", "path " + quoted(mount.path) + " appears twice");
    }
}

void check_resources(const Resources& resources, const std::string& path) {
    if (resources.cpu < limits::cpu_min) refuse(path + ".cpu", "at least 10m is needed");
    if (resources.memory < limits::memory_min) refuse(path + ".memory", "at least 6Mi are needed");
    if (resources.cpu > limits::cpu_max) refuse(path + ".cpu", "at most 1000 processors");
    if (resources.memory > limits::memory_max) refuse(path + ".memory", "at most 64Ti");
    if (resources.pids < limits::pids_min || resources.pids > limits::pids_max)
        refuse(path + ".pids", fmt::format("expected {} to {}", limits::pids_min, limits::pids_max));
    if (resources.gpu && (*resources.gpu < 1 || *resources.gpu > limits::gpu_max))
        refuse(path + ".gpu", fmt::format("expected 1 to {}", limits::gpu_max));
}

void check_image(const std::string& image, const std::string& path) {
    if (image.empty()) refuse(path, "an image is needed");
    if (image.starts_with('-') || image.find(' ') != std::string::npos || has_control(image))
        refuse(path, quoted(image) + " is not the name of an image");
    check_length(path, image, limits::image_max);
}

void check_env(const std::map<std::string, std::string>& env, const std::string& path) {
    check_count(path, env, limits::variables_max);
    for (const auto& [name, text] : env)
        if (name.empty() || name.find_first_of("= ") != std::string::npos || has_control(name) ||
            text.find('\0') != std::string::npos)
            refuse(path, quoted(name) + " is not the name of a variable");
}

/// Names of objects in a cluster: RFC 1123 subdomains.
void check_secret_name(const std::string& name, const std::string& path) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const bool fine =
        !name.empty() && name.size() <= limits::object_name_max && letter(name.front()) &&
        letter(name.back()) &&
        std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || c == '-' || c == '.'; });
    if (!fine) refuse(path, quoted(name) + " is not the name of a Secret");
}

void check_init(const TemplateSpec& spec, const Component& component, const std::string& path) {
    if (component.init.empty()) return;
    check_count(path, component.init, limits::steps_max);
    if (init_volume(spec, component) == nullptr)
        refuse(
            path,
            "the component mounts no volume of scope workspace or session that it can write, so nothing of "
            "it would stay");
    for (std::size_t i = 0; i < component.init.size(); ++i) {
        const auto& step = component.init[i];
        const auto at = fmt::format("{}[{}]", path, i);
        check_image(step.image, at + ".image");
        if (step.command.empty()) refuse(at + ".command", "a command is needed");
        check_count(at + ".command", step.command, limits::arguments_max);
        check_count(at + ".args", step.args, limits::arguments_max);
        check_env(step.env, at + ".env");
        if (const auto name = step_name(component.name, i + 1); find_component(spec, name) != nullptr)
            refuse(at, "a component has its name, " + quoted(name), "rename that component");
    }
}

void check_component(const TemplateSpec& spec, const Component& component, const std::string& path) {
    check_image(component.image, path + ".image");
    if (component.pull_secret) check_secret_name(*component.pull_secret, path + ".pullSecret");
    if (component.command) check_count(path + ".command", *component.command, limits::arguments_max);
    if (component.args) check_count(path + ".args", *component.args, limits::arguments_max);
    check_names(path + ".ports", component.ports);
    for (const auto& port : component.ports)
        if (port.port < 1 || port.port > limits::port_max)
            refuse(path + ".ports", "port number must be 1 to 65535");
    if (component.user && (*component.user < 1 || *component.user > limits::user_max))
        refuse(path + ".user", "expected a number above 0");
    check_resources(component.resources, path + ".resources");
    check_env(component.env, path + ".env");
    if (component.readiness) check_probe(component, *component.readiness, path + ".readiness");
    check_mounts(spec, component, path);
    check_files(component, path);
    check_init(spec, component, path + ".init");
}

void check_access(const TemplateSpec& spec, const Access& access, const std::string& path) {
    const auto* component = find_component(spec, access.component);
    if (component == nullptr)
        refuse(path + ".component", "there is no component " + quoted(access.component),
               nearest_name(access.component, spec.components));
    check_activity(access, path + ".activity");
    if (access.kind == AccessKind::terminal) {
        if (access.port) refuse(path + ".port", "a terminal has no port");
        return;
    }
    const auto* port = find_port(*component, access.port.value_or(""));
    if (port == nullptr)
        refuse(path + ".port",
               "component " + quoted(component->name) + " has no port " + quoted(access.port.value_or("")),
               nearest_name(access.port.value_or(""), component->ports));
    const bool vnc = access.kind == AccessKind::vnc;
    if (vnc != (port->scheme == Scheme::vnc))
        refuse(path + ".kind", "does not fit the scheme of port " + quoted(port->name));
}

void check_texts(const TemplateSpec& spec) {
    check_length("displayName", spec.display_name, limits::title_max);
    check_length("description", spec.description, limits::description_max);
    check_length("category", spec.category, limits::title_max);
    check_count("tags", spec.tags, limits::items_max);
    for (const auto& tag : spec.tags) check_length("tags", tag, limits::title_max);
    if (!spec.icon.empty() && !spec.icon.starts_with("data:image/"))
        refuse("icon", "expected a data:image/… address");
    if (json::write(json::to_json(spec)).size() > limits::text_max) refuse("spec", "larger than 128 KiB");
    if (spec.icon.size() > limits::icon_max) refuse("icon", "larger than 64 KiB");
}

void check_span(const std::string& path, std::optional<Duration> span, Duration least, Duration most) {
    if (!span) return;
    if (*span < least) refuse(path, "at least " + to_string(least) + " is needed");
    if (*span > most) refuse(path, "at most " + to_string(most));
}

void check_lifecycle(const Lifecycle& lifecycle) {
    check_span("lifecycle.hibernateAfter", lifecycle.hibernate_after, limits::stay_min, limits::stay_max);
    check_span("lifecycle.freezeAfter", lifecycle.freeze_after, limits::stay_min, limits::stay_max);
    if (lifecycle.freeze_after && lifecycle.hibernate_after &&
        *lifecycle.freeze_after >= *lifecycle.hibernate_after)
        refuse("lifecycle.freezeAfter", "must be shorter than hibernateAfter (" +
                                            to_string(*lifecycle.hibernate_after) +
                                            "): what hibernates has no memory left to keep");
    check_span("lifecycle.maxLifetime", lifecycle.max_lifetime, limits::stay_min, limits::stay_max);
    check_span("lifecycle.warnBefore", lifecycle.warn_before, Duration(0), limits::notice_max);
    check_span("lifecycle.grace", lifecycle.grace, Duration(0), limits::notice_max);
    if (const auto floor = lifecycle.cpu_floor;
        floor && (*floor < limits::cpu_min || *floor > limits::cpu_max))
        refuse("lifecycle.cpuFloor",
               fmt::format("expected {} to {}", to_string(limits::cpu_min), to_string(limits::cpu_max)));
    check_span("lifecycle.startWithin", lifecycle.start_within, limits::start_within_min,
               limits::start_within_max);
    check_span("lifecycle.stopTimeout", lifecycle.stop_timeout, Duration(0), limits::stop_timeout_max);
}

void check_spec(const TemplateSpec& spec) {
    if (spec.components.empty()) refuse("components", "at least one component is needed");
    if (spec.components.size() > limits::components_max)
        refuse("components", fmt::format("at most {} components", limits::components_max));
    check_names("components", spec.components);
    check_count("volumes", spec.volumes, limits::volumes_max);
    check_names("volumes", spec.volumes);
    check_names("access", spec.access);
    check_texts(spec);
    for (std::size_t i = 0; i < spec.components.size(); ++i)
        check_component(spec, spec.components[i], fmt::format("components[{}]", i));
    int defaults = 0;
    for (std::size_t i = 0; i < spec.access.size(); ++i) {
        check_access(spec, spec.access[i], fmt::format("access[{}]", i));
        defaults += spec.access[i].default_ ? 1 : 0;
    }
    if (defaults > 1) refuse("access", "only one access can be the default");
    for (const auto& volume : spec.volumes) {
        const auto size = "the size of " + quoted(volume.name);
        if (volume.size < limits::volume_min) refuse("volumes", size + " must be above 0");
        if (volume.size > limits::volume_max) refuse("volumes", size + " must be at most 1024Ti");
    }
    check_lifecycle(spec.lifecycle);
}

}  // namespace

TemplateSpec parse_spec(const json::value& spec) {
    check_all_built(spec);
    auto parsed = json::from_json<TemplateSpec>(spec, json::Unknown::refuse);
    check_spec(parsed);
    return parsed;
}

NamedSpec parse_template(const json::value& document) {
    const auto* entries = document.if_object();
    if (entries == nullptr) refuse("template", "expected an object with apiVersion, kind, metadata and spec");
    const std::vector<std::string> known{"apiVersion", "kind", "metadata", "spec"};
    for (const auto& entry : *entries)
        if (std::find(known.begin(), known.end(), std::string(entry.key())) == known.end())
            json::refuse_key("", entry.key(), known);
    const auto text_of = [&](std::string_view key) -> std::string {
        const auto* found = entries->if_contains(key);
        return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
    };
    if (text_of("apiVersion") != api_version) refuse("apiVersion", "expected " + std::string(api_version));
    if (text_of("kind") != "Template") refuse("kind", "expected Template");
    const auto* metadata = object_at(document, "metadata");
    if (metadata == nullptr) refuse("metadata", "expected an object with a name");
    for (const auto& entry : *metadata)
        if (entry.key() != "name") json::refuse_key("metadata", entry.key(), {"name"});
    const auto* name = metadata->if_contains("name");
    if (name == nullptr || !name->is_string()) refuse("metadata.name", "a name is needed");
    check_label("metadata.name", std::string(name->get_string()));
    const auto* spec = entries->if_contains("spec");
    if (spec == nullptr) refuse("spec", "a spec is needed");
    return {.name = std::string(name->get_string()), .spec = parse_spec(*spec)};
}

json::value to_document(const std::string& name, const TemplateSpec& spec) {
    return json::object{{"apiVersion", api_version},
                        {"kind", "Template"},
                        {"metadata", json::object{{"name", name}}},
                        {"spec", json::to_json(spec)}};
}

}  // namespace berth
