#include "kube/resource.hpp"

#include <fmt/format.h>

namespace berth::kube {

std::string api_version(const Resource& resource) {
    if (resource.group.empty()) return std::string(resource.version);
    return fmt::format("{}/{}", resource.group, resource.version);
}

std::string path_of(const Resource& resource, const Key& key, std::string_view subresource) {
    auto path = resource.group.empty() ? fmt::format("/api/{}", resource.version)
                                       : fmt::format("/apis/{}/{}", resource.group, resource.version);
    if (resource.namespaced && !key.namespace_.empty()) path += "/namespaces/" + key.namespace_;
    path += "/" + std::string(resource.plural);
    if (!key.name.empty()) path += "/" + key.name;
    if (!subresource.empty()) path += "/" + std::string(subresource);
    return path;
}

bool is_older(std::string_view version, std::string_view than) {
    if (version.size() != than.size()) return version.size() < than.size();
    return version < than;
}

}  // namespace berth::kube
