#pragma once

#include <vector>

#include "base/task.hpp"

namespace berth::api {

/// Runs all at once until the first ends, cancels the others, and returns when every one has ended. What the
/// first threw is thrown; what the others threw is lost.
Task<> until_first(std::vector<Task<>> tasks);

}  // namespace berth::api
