#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/task.hpp"
#include "gateway/route_table.hpp"
#include "store/store.hpp"

namespace berth::gateway {

/// Keeps the route table as the store's rows say, and tells of users whose proofs may have ended.
///
/// `start` loads every session that is not gone, in pages, after it has begun to listen, so that nothing
/// falls between. Everything but `look_up` happens on the executor it was given, one event batch at a time.
class RouteFeed {
  public:
    RouteFeed(store::Store& store, RouteTable& table, asio::any_io_executor executor);
    ~RouteFeed();

    /// Called on the executor with each user of whom something changed: sign-outs, revoked tokens,
    /// deactivation.
    std::function<void(UserId)> user_changed;

    Task<> start();

    /// The route of a label that the table does not have, read from the store once; a miss is remembered for
    /// a moment. Null when no session has that host. Any loop.
    Task<std::shared_ptr<const Route>> look_up(std::string label);

  private:
    struct Pending;

    void hear(const std::vector<Event>& events);
    Task<> reload(std::set<std::string> sessions);
    Task<> load_pages();
    Task<> keep_for_later(std::set<std::string> sessions);
    Task<> follow();

    store::Store& store_;
    RouteTable& table_;
    asio::any_io_executor executor_;
    std::shared_ptr<Pending> pending_;
    std::shared_ptr<void> subscription_;
    TaskGroup tasks_;
};

}  // namespace berth::gateway
