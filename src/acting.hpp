#pragma once

#include "auth/auth.hpp"
#include "operator/lease.hpp"
#include "operator/loop.hpp"
#include "operator/mirror/mirror.hpp"
#include "operator/resealer.hpp"

/// What the one Berth that acts runs.
namespace berth {

/// The mirror of the rows in the cluster that sessions run in; nothing where that is none.
std::unique_ptr<control::Mirror> make_mirror(store::Store& store, Clock& clock, engine::Engine& engine,
                                             const auth::Origin& origin, std::optional<std::int64_t> epoch,
                                             asio::any_io_executor executor);

/// Acts under an epoch: the loop, and beside it what finishes rotations and what tells people who acts.
Task<> act(control::Loop& loop, control::Resealer& resealer, control::Mirror* mirror, control::Lease* lease,
           std::string holder, std::optional<std::int64_t> epoch);

}  // namespace berth
