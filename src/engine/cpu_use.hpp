#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "model/workload.hpp"

namespace berth::engine {

/// When each workload was asked last how much it had used, and how many nanoseconds of processor that was.
using CpuUse = std::map<WorkloadId, std::pair<Time, std::uint64_t>>;

/// What a workload has used of a processor since it was asked last; nothing at the first time and when it has
/// started anew since. `nanoseconds`: by now, of all that runs of it.
MilliCpu note_use(CpuUse& before, const WorkloadId& id, Time now, std::uint64_t nanoseconds);

}  // namespace berth::engine
