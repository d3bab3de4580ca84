#pragma once

#include <mutex>

#include "store/feed.hpp"
#include "store/sql.hpp"

namespace berth::store {

/// Publishes what all Berths on a database commit: each event once, in order, whoever brings the news first,
/// the writer after its own commit or the listener after another's.
class Tail {
  public:
    Tail(Feed& feed, std::int64_t seen) : feed_(feed), seen_(seen) {}

    /// After a commit of our own. What others committed before it is read over `db`, which is in no
    /// transaction, and comes first. Throws nothing: what cannot be read now, `catch_up` publishes later.
    void committed(Connection& db, const std::vector<Event>& events);
    /// Publishes what is there and was not published yet. Throws what `db` throws.
    void catch_up(Connection& db);
    /// The number of the last event that was published.
    std::int64_t seen();

  private:
    void read_on(Connection& db);

    Feed& feed_;
    std::mutex mutex_;  // Also held while listeners are called: they hear one commit after the other.
    std::int64_t seen_;
};

}  // namespace berth::store
