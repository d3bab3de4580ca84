#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "model/session.hpp"

namespace berth::control {

/// Keys waiting to be looked at, each at most once.
///
/// `add` during a look is not lost: the key is looked at again afterwards. Of two times for one key the
/// earlier wins. Pure: it is told the time. One thread.
template <class Key>
class QueueOf {
  public:
    void add(const Key& key, Time due);

    /// The key that is due longest, which then counts as being looked at until `done`.
    std::optional<Key> take(Time now);
    /// What was added meanwhile is due at `earliest` at the earliest.
    void done(const Key& key, Time earliest = Time::min());

    /// When `take` will have something, as far as is known now.
    std::optional<Time> next() const;
    std::size_t size() const { return due_.size() + again_.size(); }
    /// Nothing waits and nothing is looked at.
    bool idle() const { return size() == 0 && looking_.empty(); }

  private:
    std::map<Key, Time> due_;               // Waiting, and when.
    std::set<std::pair<Time, Key>> order_;  // The same, by time.
    std::set<Key> looking_;
    std::map<Key, Time> again_;  // Added while being looked at.
};

using Queue = QueueOf<SessionId>;

template <class Key>
void QueueOf<Key>::add(const Key& key, Time due) {
    if (looking_.contains(key)) {
        const auto [place, added] = again_.emplace(key, due);
        if (!added) place->second = std::min(place->second, due);
        return;
    }
    const auto [place, added] = due_.emplace(key, due);
    if (!added) {
        if (place->second <= due) return;
        order_.erase({place->second, key});
        place->second = due;
    }
    order_.emplace(due, key);
}

template <class Key>
std::optional<Key> QueueOf<Key>::take(Time now) {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    const auto key = order_.begin()->second;
    order_.erase(order_.begin());
    due_.erase(key);
    looking_.insert(key);
    return key;
}

template <class Key>
void QueueOf<Key>::done(const Key& key, Time earliest) {
    looking_.erase(key);
    const auto again = again_.find(key);
    if (again == again_.end()) return;
    const auto due = std::max(again->second, earliest);
    again_.erase(again);
    add(key, due);
}

template <class Key>
std::optional<Time> QueueOf<Key>::next() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
}

}  // namespace berth::control
