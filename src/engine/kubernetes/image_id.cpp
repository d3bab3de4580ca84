#include "engine/kubernetes/image_id.hpp"

#include <algorithm>
#include <string_view>

namespace berth::engine::kubernetes {
namespace {

constexpr std::string_view digest_begin = "@sha256:";
constexpr std::size_t digest_size = 64;

/// `x:1` as `docker.io/library/x`, which is what a node calls it.
std::string repository_of(std::string name) {
    name = name.substr(0, name.find('@'));
    if (const auto colon = name.rfind(':'); colon != name.npos && name.find('/', colon) == name.npos)
        name.erase(colon);
    const auto slash = name.find('/');
    const auto first = name.substr(0, slash);
    const bool is_host =
        slash != name.npos && (first.find_first_of(".:") != first.npos || first == "localhost");
    if (is_host) return name;
    return (slash == name.npos ? "docker.io/library/" : "docker.io/") + name;
}

}  // namespace

std::string fixed_image(const std::string& name, const std::string& id) {
    if (name.find('@') != name.npos) return "";
    const auto scheme = id.find("://");
    const auto reference = scheme == id.npos ? id : id.substr(scheme + 3);
    const auto at = reference.find(digest_begin);
    if (at == reference.npos) return "";
    const auto digest = std::string_view(reference).substr(at + digest_begin.size());
    const bool whole = digest.size() == digest_size && std::ranges::all_of(digest, [](char c) {
                           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                       });
    return whole && repository_of(reference) == repository_of(name) ? reference : "";
}

}  // namespace berth::engine::kubernetes
