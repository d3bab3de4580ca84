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
inline constexpr const char* note_generation = "berth.dev/generation";
inline constexpr const char* note_probe = "berth.dev/probe";
inline constexpr const char* note_route = "berth.dev/route";
inline constexpr const char* note_members = "berth.dev/members";

/// Where berth-init listens in each pod: above the range that programs get ports from.
inline constexpr int init_port = 61117;

/// Everything of a workload that there is once: its ConfigMap, Secret and NetworkPolicy.
std::string workload_name(const WorkloadId& id);
/// The Pod and the Service of a component. At most 63 characters; a long one ends in a hash.
std::string component_name(const WorkloadId& id, const std::string& component);

/// The label selectors of all that is ours, and of one workload.
std::string selector_of(const std::string& instance);
std::string selector_of(const std::string& instance, const WorkloadId& id);

/// The labels that everything of a workload carries.
json::object labels_of(const std::string& instance, const WorkloadId& id);

}  // namespace berth::engine::kubernetes
