#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/secret_text.hpp"
#include "base/task.hpp"
#include "model/workload.hpp"

/// How an engine gets what is secret. A workload names it (`SecretRef`); its value passes through here, on
/// its way into a component, and stays nowhere.
namespace berth::engine {

/// A file that a component gets. It comes in pieces, so that nobody holds a large one whole.
struct MaterialFile {
    std::string path;  ///< Absolute, as the component sees it.
    int mode = 0400;   ///< Its owner is the component's user.
    Bytes size;        ///< Of all parts together.
    int parts = 0;     ///< An empty file has none.
    /// Part `number`, from 0. Throws `not_found` when the file is gone meanwhile, so that half of it is never
    /// taken for all.
    std::function<Task<SecretText>(int number)> part;
};

/// What the references of a component stand for at this moment.
struct Material {
    std::map<std::string, SecretText> env;
    std::vector<MaterialFile> files;
};

/// Answers an engine, from the control loop. References to what is not there any more, or what its owner did
/// not agree to, stand for nothing: the component starts without them. Throws `unavailable`
/// (`keys_unavailable`) when nothing can be opened, so that the start is tried again.
using MaterialSource = std::function<Task<Material>(WorkloadId id, std::vector<SecretRef> refs)>;

}  // namespace berth::engine
