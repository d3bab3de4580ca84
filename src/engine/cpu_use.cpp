#include "engine/cpu_use.hpp"

namespace berth::engine {

MilliCpu note_use(CpuUse& before, const WorkloadId& id, Time now, std::uint64_t nanoseconds) {
    const auto [at, used] = before.try_emplace(id, now, nanoseconds).first->second;
    before[id] = {now, nanoseconds};
    const auto passed = (now - at).count();
    if (passed <= 0 || nanoseconds < used) return {};
    // Nanoseconds of processor per millisecond, in thousandths of a core.
    return {static_cast<std::int64_t>((nanoseconds - used) / 1000) / passed};
}

}  // namespace berth::engine
