#pragma once

#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "store/store.hpp"

namespace berth::control {

/// Of the machine, since some moment: no wall clock that is put right makes it jump.
Duration steady_time();

struct LeaderOptions {
    std::string holder;                       ///< Tells this Berth from others on the database.
    Duration lease{std::chrono::seconds(3)};  ///< A leader that has not renewed for so long is none.
    Duration renew{std::chrono::seconds(1)};
    std::function<Duration()> steady = steady_time;  ///< By which it judges whether its lease still holds.
};

/// Which of several Berths on one database acts: one row, by the database's clock.
///
/// A leader that cannot renew, also because the database does not answer, stops before its lease ends; what
/// it still writes carries its epoch and is refused. One that goes politely gives the row back, and the
/// change feed tells the others at once.
class Leader {
  public:
    Leader(store::Store& store, Clock& clock, LeaderOptions options, asio::any_io_executor executor);

    /// Runs `lead` with its epoch whenever the lead is ours, cancels it when it is lost, and waits for its
    /// end; until cancelled.
    Task<> run(std::function<Task<>(std::int64_t epoch)> lead);
    /// Gives the lead back, after `run` has ended.
    Task<> resign();

  private:
    struct Hold;
    Task<std::optional<store::Leadership>> take();
    Task<> follow_lead(const std::function<Task<>(std::int64_t epoch)>& lead);
    Task<> renew(std::int64_t epoch, std::shared_ptr<Hold> hold);
    Task<> keep(std::shared_ptr<Hold> hold);
    Task<Duration> time_left();
    Task<> wait_for_chance(std::uint64_t came);

    /// Somebody has given the lead back.
    struct Chance {
        explicit Chance(const asio::any_io_executor& executor)
            : bell(executor, asio::steady_timer::time_point::max()) {}
        void come() {
            ++came;
            bell.cancel();
        }
        std::uint64_t came = 0;
        asio::steady_timer bell;
    };

    store::Store& store_;
    Clock& clock_;
    LeaderOptions options_;
    asio::any_io_executor executor_;
    std::shared_ptr<Chance> chance_;
    std::shared_ptr<void> subscription_;
    TaskGroup renewals_;  // Which a database that is silent keeps waiting.
};

}  // namespace berth::control
