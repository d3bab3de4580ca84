#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/task.hpp"
#include "gateway/route.hpp"

namespace berth::gateway {

/// Host label -> route, for all loops at once.
///
/// In shards with a lock each, held for one hash lookup or one change: finding costs the same with 10 000
/// routes as with one, and a change copies nothing but itself. Remembers for a moment which labels lead
/// nowhere, at most 10 000 of them.
class RouteTable {
  public:
    explicit RouteTable(std::chrono::milliseconds forget_missing = std::chrono::seconds(5))
        : forget_missing_(forget_missing) {}

    /// Null when it is not here.
    std::shared_ptr<const Route> find(std::string_view label) const;
    /// Puts the route in place of the one with its label, whose meters it takes over, and wakes who waits for
    /// it.
    std::shared_ptr<const Route> put(Route route);
    void erase(std::string_view label);
    std::size_t size() const;

    void remember_missing(std::string_view label);
    bool known_missing(std::string_view label) const;

    /// Calls `visit` with every route; for the report of activity.
    void each(const std::function<void(const Route&)>& visit) const;

    /// Tells one coroutine of changes of one label, from its construction on.
    class Watch {
      public:
        Watch(RouteTable& table, std::string label, asio::any_io_executor executor);
        ~Watch();
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        /// Returns when the route was changed since the last call (or the start), or when `limit` has passed.
        Task<> changed(std::chrono::milliseconds limit);

      private:
        friend class RouteTable;
        struct State;
        RouteTable& table_;
        std::string label_;
        std::shared_ptr<State> state_;
    };

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    using Moment = std::chrono::steady_clock::time_point;
    struct Shard {
        mutable std::mutex mutex;
        std::unordered_map<std::string, std::shared_ptr<const Route>, Hash, std::equal_to<>> routes;
        std::unordered_map<std::string, Moment, Hash, std::equal_to<>> missing;
        std::multimap<std::string, std::shared_ptr<Watch::State>, std::less<>> watches;
    };
    static constexpr std::size_t shards_count = 64;
    static constexpr std::size_t missing_max = 10'000 / shards_count;

    Shard& shard(std::string_view label) { return shards_[Hash()(label) % shards_count]; }
    const Shard& shard(std::string_view label) const { return shards_[Hash()(label) % shards_count]; }
    std::shared_ptr<Meter> user_meter(const UserId& user);
    static void tell(Shard& shard, std::string_view label);

    std::chrono::milliseconds forget_missing_;
    std::array<Shard, shards_count> shards_;
    std::mutex users_mutex_;
    std::unordered_map<std::string, std::weak_ptr<Meter>> users_;
};

}  // namespace berth::gateway
