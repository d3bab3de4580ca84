#pragma once

#include "world.hpp"

/// What must hold whatever happens, said to the test that runs.
namespace berth::sim {

/// Nobody has more sessions than the quota says.
void expect_quota(World& world);

/// Every session is where its asks want it, nothing is due, and the events are in order. Gives the components
/// of all that run.
int expect_rows_settled(World& world);

}  // namespace berth::sim
