#pragma once

#include "plan/session.hpp"

/// Sessions of which nothing is to run. Pure.
namespace berth::plan {

/// How far the end of what runs is: `while_stopping` until nothing is left, `when_stopped` then.
void decide_stop(const Facts& facts, const Observed& have, Time now, Phase while_stopping, Phase when_stopped,
                 Wanted& wanted);

/// It waits for room: nothing is to run, and what is left of its last run ends. Where it stands was written
/// down by who looked at the queue.
void decide_queued(const Facts& facts, const Observed& have, Time now, Wanted& wanted);

}  // namespace berth::plan
