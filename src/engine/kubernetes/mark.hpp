#pragma once

#include <string>

#include "base/json.hpp"

/// What tells whether somebody changed what we made. Pure.
///
/// Each policy and each service carries the mark of its own specification; what the mark leaves out may
/// differ.
namespace berth::engine::kubernetes {

/// Of a NetworkPolicy's `spec`: all of it.
std::string policy_mark(const json::value& spec);
/// The same for two policies that differ only in the workload that they are for.
std::string policy_rules(const json::value& spec);
/// Of a Service's `spec`: whom it leads to, by which ports, and whether it leads in from outside the cluster.
std::string service_mark(const json::value& spec);

}  // namespace berth::engine::kubernetes
