#include "operator/queue.hpp"

#include <algorithm>

namespace berth::control {

void Queue::merge(Wish& there, const Wish& added) {
    there.due = std::min(there.due, added.due);
    if (added.cause == Cause::news) there.cause = Cause::news;
}

void Queue::add(const SessionId& key, Time due, Cause cause) {
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

std::optional<SessionId> Queue::take(Time now) {
    for (auto* order : {&news_, &order_}) {
        if (order->empty() || order->begin()->first > now) continue;
        const auto key = order->begin()->second;
        order->erase(order->begin());
        due_.erase(key);
        looking_.insert(key);
        return key;
    }
    return std::nullopt;
}

void Queue::done(const SessionId& key, Time earliest) {
    looking_.erase(key);
    const auto again = again_.find(key);
    if (again == again_.end()) return;
    const auto wish = again->second;
    again_.erase(again);
    add(key, std::max(wish.due, earliest), wish.cause);
}

std::optional<Time> Queue::next() const {
    std::optional<Time> soonest;
    for (const auto* order : {&news_, &order_})
        if (!order->empty()) soonest = std::min(soonest.value_or(Time::max()), order->begin()->first);
    return soonest;
}

}  // namespace berth::control
