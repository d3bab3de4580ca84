#pragma once

#include <string>

#include "kube/client.hpp"
#include "model/workload.hpp"

/// What our objects in a cluster are called and marked with. Pure.
namespace berth::engine::kubernetes {

inline constexpr const char* label_managed = "app.kubernetes.io/managed-by";
inline constexpr const char* label_instance = "berth.dev/instance";
inline constexpr const char* label_workload = "berth.dev/workload";
inline constexpr const char* label_component = "berth.dev/component";
/// Of a namespace that we made for one space: which.
inline constexpr const char* label_space = "berth.dev/space";
/// The level of the Pod Security Standards that a namespace enforces.
inline constexpr const char* label_security = "pod-security.kubernetes.io/enforce";
inline constexpr const char* note_generation = "berth.dev/generation";
inline constexpr const char* note_probe = "berth.dev/probe";
inline constexpr const char* note_delivery = "berth.dev/delivery";  ///< Its process 1 waits to be bound.
inline constexpr const char* note_mark = "berth.dev/mark";          ///< See `mark.hpp`.
inline constexpr const char* note_route = "berth.dev/route";
/// Of a copy: the resource version of what it was copied from.
inline constexpr const char* note_source = "berth.dev/source";
inline constexpr const char* note_members = "berth.dev/members";

/// Where berth-init listens in each pod: above the range that programs get ports from.
inline constexpr int init_port = 61117;

/// What ConfigMaps with a berth-init are called, and then by its bytes.
inline constexpr const char* init_prefix = "berth-init-";

/// Everything of a workload that there is once: its ConfigMap, Secret and NetworkPolicy.
std::string workload_name(const WorkloadId& id);
/// The Pod and the Service of a component. At most 63 characters; a long one ends in a hash.
std::string component_name(const WorkloadId& id, const std::string& component);

/// How workloads are spread over namespaces.
enum class Spread {
    shared,    ///< All in one.
    by_owner,  ///< One for each owner of spaces.
    by_part,   ///< One for each space.
};

/// What a space's namespace is for: its owner, or its part. Ids never come again, and neither does a name
/// made of one.
std::string space_id(Spread spread, const Space& space);

/// The namespace of a space: `prefix` itself when all share it. At most 63 characters (RFC 1123), stable, and
/// another for each owner or part. Throws `invalid` (`space_shared`) for a space in no part where each part
/// has one of its own.
std::string namespace_of(const std::string& prefix, Spread spread, const Space& space);

/// The label selectors of all that is ours, and of one workload.
std::string selector_of(const std::string& instance);
std::string selector_of(const std::string& instance, const WorkloadId& id);

/// Why an object is left alone that bears a name of ours, and that we did not make: `name_taken`.
Error taken(const kube::Resource& resource, const std::string& name);

/// The labels that everything of a workload carries.
json::object labels_of(const std::string& instance, const WorkloadId& id);

}  // namespace berth::engine::kubernetes
