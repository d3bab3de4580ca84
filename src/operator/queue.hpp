#pragma once

#include <algorithm>
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
template <class Key>
class QueueOf {
  public:
    void add(const Key& key, Time due, Cause cause = Cause::time);

    /// The key that is due longest, of which there is news if there is any such; it then counts as being
    /// looked at until `done`.
    std::optional<Key> take(Time now);
    /// What was added meanwhile is due at `earliest` at the earliest.
    void done(const Key& key, Time earliest = Time::min());

    /// When `take` will have something, as far as is known now.
    std::optional<Time> next() const;
    std::size_t size() const { return due_.size() + again_.size(); }
    /// Nothing waits and nothing is looked at.
    bool idle() const { return size() == 0 && looking_.empty(); }

  private:
    struct Wish {
        Time due;
        Cause cause = Cause::time;
    };
    using Order = std::set<std::pair<Time, Key>>;
    static void merge(Wish& there, const Wish& added);
    Order& order_of(Cause cause) { return cause == Cause::news ? news_ : order_; }

    std::map<Key, Wish> due_;  // Waiting, and when.
    Order order_, news_;       // The same, by time.
    std::set<Key> looking_;
    std::map<Key, Wish> again_;  // Added while being looked at.
};

using Queue = QueueOf<SessionId>;

template <class Key>
void QueueOf<Key>::merge(Wish& there, const Wish& added) {
    there.due = std::min(there.due, added.due);
    if (added.cause == Cause::news) there.cause = Cause::news;
}

template <class Key>
void QueueOf<Key>::add(const Key& key, Time due, Cause cause) {
    const Wish wish{due, cause};
    if (looking_.contains(key)) {
        const auto [place, added] = again_.emplace(key, wish);
        if (!added) merge(place->second, wish);
        return;
    }
    const auto [place, added] = due_.emplace(key, wish);
    auto& there = place->second;
    if (!added) {
        order_of(there.cause).erase({there.due, key});
        merge(there, wish);
    }
    order_of(there.cause).emplace(there.due, key);
}

template <class Key>
std::optional<Key> QueueOf<Key>::take(Time now) {
    for (auto* order : {&news_, &order_}) {
        if (order->empty() || order->begin()->first > now) continue;
        auto key = order->begin()->second;
        order->erase(order->begin());
        due_.erase(key);
        looking_.insert(key);
        return key;
    }
    return std::nullopt;
}

template <class Key>
void QueueOf<Key>::done(const Key& key, Time earliest) {
    looking_.erase(key);
    const auto again = again_.find(key);
    if (again == again_.end()) return;
    const auto wish = again->second;
    again_.erase(again);
    add(key, std::max(wish.due, earliest), wish.cause);
}

template <class Key>
std::optional<Time> QueueOf<Key>::next() const {
    std::optional<Time> soonest;
    for (const auto* order : {&news_, &order_})
        if (!order->empty()) soonest = std::min(soonest.value_or(Time::max()), order->begin()->first);
    return soonest;
}

}  // namespace berth::control
