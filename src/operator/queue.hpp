#pragma once

#include <map>
#include <optional>
#include <set>

#include "model/session.hpp"

namespace berth::control {

/// Why a key is to be looked at.
enum class Cause {
    time,  ///< Somebody asked, or it is time to.
    news,  ///< What was begun has come on.
};

/// Keys waiting to be looked at, each at most once.
///
/// `add` during a look is not lost: the key is looked at again afterwards. Of two times for one key the
/// earlier wins. What was begun is finished before anything is begun: of many launches at once the first is
/// not as late as the last. Pure: it is told the time. One thread.
class Queue {
  public:
    void add(const SessionId& key, Time due, Cause cause = Cause::time);

    /// The key that is due longest, of which there is news if there is any such; it then counts as being
    /// looked at until `done`.
    std::optional<SessionId> take(Time now);
    /// What was added meanwhile is due at `earliest` at the earliest.
    void done(const SessionId& key, Time earliest = Time::min());

    /// When `take` will have something, as far as is known now.
    std::optional<Time> next() const;
    std::size_t size() const { return due_.size() + again_.size(); }

  private:
    struct Wish {
        Time due;
        Cause cause = Cause::time;
    };
    using Order = std::set<std::pair<Time, SessionId>>;
    static void merge(Wish& there, const Wish& added);
    Order& order_of(Cause cause) { return cause == Cause::news ? news_ : order_; }

    std::map<SessionId, Wish> due_;  // Waiting, and when.
    Order order_, news_;             // The same, by time.
    std::set<SessionId> looking_;
    std::map<SessionId, Wish> again_;  // Added while being looked at.
};

}  // namespace berth::control
