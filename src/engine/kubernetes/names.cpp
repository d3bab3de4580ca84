#include "engine/kubernetes/names.hpp"

#include <fmt/format.h>

#include "engine/container/names.hpp"

namespace berth::engine::kubernetes {
namespace {

constexpr std::size_t name_max = 63;  // A Service's name is a DNS label (RFC 1123).

/// As a DNS label: lower case, hyphens, at most `name_max`. What had to change gets a hash.
std::string label_of(const std::string& text) {
    std::string label;
    bool changed = text.size() > name_max;
    for (const char letter : text) {
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                           letter == '-' || letter == '_';
        label += letter == '_' ? '-' : plain ? letter : 'x';
        changed = changed || !plain;
    }
    if (changed) label = label.substr(0, name_max - 9) + "-" + sha256(text).substr(0, 8);
    return label;
}

}  // namespace

std::string workload_name(const WorkloadId& id) {
    return label_of(id.text);
}

std::string component_name(const WorkloadId& id, const std::string& component) {
    return label_of(id.text + "-" + component);
}

std::string space_id(Spread spread, const Space& space) {
    if (spread == Spread::by_owner) return space.owner;
    return spread == Spread::by_part ? space.part : std::string();
}

std::string namespace_of(const std::string& prefix, Spread spread, const Space& space) {
    if (spread == Spread::shared) return prefix;
    const auto id = space_id(spread, space);
    if (id.empty())
        throw Error(Kind::invalid, "space_shared",
                    "a volume of scope user is in all sessions of its user, and here each workspace has a "
                    "namespace of its own",
                    "use a volume of scope workspace, or sessionNamespaces: user");
    return label_of(prefix + "-" + id);
}

std::string selector_of(const std::string& instance) {
    return fmt::format("{}={}", label_instance, instance);
}

std::string selector_of(const std::string& instance, const WorkloadId& id) {
    return fmt::format("{}={},{}={}", label_instance, instance, label_workload, id.text);
}

Error taken(const kube::Resource& resource, const std::string& name) {
    return Error(Kind::conflict, "name_taken",
                 fmt::format("{} {} is there and not ours", resource.kind, berth::quoted(name)),
                 "remove it, or give Berth a namespace of its own");
}

json::object labels_of(const std::string& instance, const WorkloadId& id) {
    return {{label_managed, "berth"}, {label_instance, instance}, {label_workload, id.text}};
}

}  // namespace berth::engine::kubernetes
