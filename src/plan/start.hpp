#pragma once

#include "plan/session.hpp"

namespace berth::plan {

/// A session that is to run, or to be frozen once it does: looks once at how far its present start is, and
/// says what is wanted next. Fills the workload, the status and when to look again; `wanted` says before what
/// the status was and which init step has ended.
void decide_start(const Facts& facts, const Observed& have, Time now, Wanted& wanted);

}  // namespace berth::plan
