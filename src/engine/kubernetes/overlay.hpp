#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

/// What administrators have merged into pods, and what stays ours in them. Pure. See also `check_overlay`.
namespace berth::engine::kubernetes {

/// A merge patch (RFC 7386): null takes away, objects are merged, anything else replaces.
void merge(json::object& into, const json::object& patch);

/// What a pod needs besides whatever an overlay says in the same lists.
struct Needs {
    json::object node;                      ///< An expression that holds of every node it may run on.
    json::array together;                   ///< Terms of pods beside which it has to run.
    std::vector<std::string> pull_secrets;  ///< Names.
};

/// Adds them to the `spec` of a pod. Throws `invalid` (`invalid_config`) where something else stands in
/// their place.
void add_needs(json::object& spec, const Needs& needs);

}  // namespace berth::engine::kubernetes
