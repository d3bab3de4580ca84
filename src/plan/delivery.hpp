#pragma once

#include <set>
#include <string>

#include "model/workload.hpp"

/// What has become of the secrets that a running component was given when it started. Pure.
namespace berth::plan {

/// How far a component has come: one that waits for what it is to start with has only been created.
ContainerState progress_of(const ObservedComponent& there);

/// Adds what it would be given otherwise by a new start, and does not get before: `secret "TOKEN"`.
void note_stale(const WorkloadComponent& wanted, const ObservedComponent& there,
                std::set<std::string>& stale);

/// `RestartNeeded`, of what `note_stale` found.
Condition restart_needed(const std::set<std::string>& stale);

}  // namespace berth::plan
