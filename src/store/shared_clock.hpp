#pragma once

#include <atomic>

#include "store/store.hpp"

namespace berth::store {

/// The clock of all Berths on one database: the machine's, put right by the database's.
///
/// What one Berth dates another compares: looks, asks, the ends of sign-ins and tickets. Before the first
/// `set_by`, and on a file, it is the machine's own. Any thread may ask it; it goes back where the machine's
/// clock would.
class SharedClock final : public Clock {
  public:
    Time now() const override { return machine_.now() + ahead(); }
    Task<> sleep_until(Time when) override { return machine_.sleep_until(when - ahead()); }

    /// How far the database's clock is ahead of the machine's.
    Duration ahead() const { return Duration(ahead_.load(std::memory_order_relaxed)); }

    /// Asks the database once. Throws what a read throws.
    Task<> set_by(Store& store);
    /// Asks again every `every` until cancelled; a database that is away changes nothing.
    Task<> follow(Store& store, Duration every);

  private:
    SystemClock machine_;
    std::atomic<Duration::rep> ahead_{0};
};

}  // namespace berth::store
