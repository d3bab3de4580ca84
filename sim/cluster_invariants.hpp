#pragma once

#include <functional>

#include "cluster_world.hpp"
#include "invariants.hpp"

/// What must hold in a cluster, said to the test that runs.
namespace berth::sim {

/// Where the object stands that leads a session's hosts to us.
imposter::Where route_of(const ClusterWorld& world, const Session& session);

/// The objects in the cluster are those that the rows want: none is missing, none is left over.
void expect_objects(ClusterWorld& world);

/// Each session has its custom resource, which tells the same, and there is no other.
void expect_mirrored(ClusterWorld& world);

/// A settled system writes nothing.
void expect_rest(ClusterWorld& world);

/// Writes from `what` until all is settled.
int writes_of(ClusterWorld& world, const std::function<void()>& what);

}  // namespace berth::sim
