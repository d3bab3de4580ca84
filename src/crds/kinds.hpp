#pragma once

#include "kube/resource.hpp"

/// What the custom resources are called. Whoever reads, writes or defines one takes its names from here.
namespace berth::crds {

inline constexpr std::string_view group = "berth.dev";
inline constexpr std::string_view version = "v1alpha1";

inline constexpr kube::Resource templates{group, version, "templates", "Template"};
inline constexpr kube::Resource sessions{group, version, "sessions", "Session"};
inline constexpr kube::Resource workspaces{group, version, "workspaces", "Workspace"};

/// Counts the definitions: one more whenever more than their words changes. A Berth makes do with its own and
/// later ones.
inline constexpr int definitions_number = 2;
/// The annotation of a definition that says which these are.
inline constexpr std::string_view note_definitions = "berth.dev/definitions";

/// The ValidatingAdmissionPolicy that says who may make whose, and its binding.
inline constexpr std::string_view users_policy = "users.berth.dev";
/// The one that says how much metadata an object has, and its binding.
inline constexpr std::string_view bounds_policy = "bounds.berth.dev";

/// The verb of RBAC that lets somebody make and change what is another's, and report its status.
inline constexpr std::string_view launch_as = "launch-as";

}  // namespace berth::crds
