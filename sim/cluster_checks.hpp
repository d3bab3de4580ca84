#pragma once

#include <functional>
#include <set>

#include "cluster_world.hpp"

/// What has to hold of a cluster and of the rows, as expectations of the test that runs.
namespace berth::sim {

using Names = std::set<imposter::Where>;

/// Where the object stands that leads a session's hosts to us.
imposter::Where route_of(const ClusterWorld& world, const Session& session);
/// The objects that a running session has, but for claims and its route.
Names objects_of(const Session& session);
bool is_ours(const json::value& object);

/// The objects in the cluster are those that the rows want: none is missing, none is left over.
void expect_objects(ClusterWorld& world);
/// The resources in the cluster are those of the rows.
void expect_mirrored(ClusterWorld& world);
/// What holds at every moment, whatever goes wrong.
void expect_always(ClusterWorld& world);
/// Nothing is written for ten minutes.
void expect_rest(ClusterWorld& world);

/// Writes from `what` until all is settled.
int writes_of(ClusterWorld& world, const std::function<void()>& what);

}  // namespace berth::sim
