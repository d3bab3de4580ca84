#pragma once

#include <map>

#include "gateway/route_table.hpp"
#include "store/store.hpp"

namespace berth::gateway {

/// Writes down when people last used their sessions: `last_active_at` and its source, each session at most
/// once a round.
///
/// Not an event: nothing else happens because of it. What was counted since the last round is lost when Berth
/// ends.
class Activity {
  public:
    Activity(store::Store& store, Clock& clock, const RouteTable& table)
        : store_(store), clock_(clock), table_(table) {}

    /// A round every `every`, for ever.
    Task<> run(Duration every);
    /// Writes what is new since the last round.
    Task<> report();

  private:
    store::Store& store_;
    Clock& clock_;
    const RouteTable& table_;
    std::map<SessionId, std::int64_t> reported_;
};

}  // namespace berth::gateway
