#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

/// What a cluster says in its Events of an object that keeps somebody waiting. Pure.
namespace berth::engine::kubernetes {

/// The latest thing that is worth saying, in the cluster's words: `FailedMount: …`, `pulling image "x:1"`;
/// empty when there is none. What has been done, and what the object's own status says, is not.
///
/// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
std::string read_events(const std::vector<json::value>& events);

/// That a secret for pulling images is missing, in the cluster's words, or empty.
std::string read_pull_secret_trouble(const std::vector<json::value>& events);

}  // namespace berth::engine::kubernetes
