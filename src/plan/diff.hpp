#pragma once

#include "model/workload.hpp"

namespace berth::plan {

/// The changes that lead from what is there towards what is wanted, in the order to make them. Pure, and the
/// same for every engine. Some only become possible after others were observed (a new container after the old
/// one is gone): they come with a later diff. No change removes a volume.
Changes diff(const Workload& wanted, const Observed& have);

}  // namespace berth::plan
