#pragma once

#include <map>
#include <optional>
#include <set>

#include "model/session.hpp"

namespace berth::control {

/// Keys waiting to be looked at, each at most once.
///
/// `add` during a look is not lost: the key is looked at again afterwards. Of two times for one key the
/// earlier wins. Pure: it is told the time. One thread.
class Queue {
  public:
    void add(const SessionId& key, Time due);

    /// The key that is due longest, which then counts as being looked at until `done`.
    std::optional<SessionId> take(Time now);
    /// What was added meanwhile is due at `earliest` at the earliest.
    void done(const SessionId& key, Time earliest = Time::min());

    /// When `take` will have something, as far as is known now.
    std::optional<Time> next() const;
    std::size_t size() const { return due_.size() + again_.size(); }

  private:
    std::map<SessionId, Time> due_;               // Waiting, and when.
    std::set<std::pair<Time, SessionId>> order_;  // The same, by time.
    std::set<SessionId> looking_;
    std::map<SessionId, Time> again_;  // Added while being looked at.
};

}  // namespace berth::control
