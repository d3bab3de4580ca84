#include "operator/queue.hpp"

#include <algorithm>

namespace berth::control {

void Queue::add(const SessionId& key, Time due) {
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

std::optional<SessionId> Queue::take(Time now) {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    const auto key = order_.begin()->second;
    order_.erase(order_.begin());
    due_.erase(key);
    looking_.insert(key);
    return key;
}

void Queue::done(const SessionId& key, Time earliest) {
    looking_.erase(key);
    const auto again = again_.find(key);
    if (again == again_.end()) return;
    const auto due = std::max(again->second, earliest);
    again_.erase(again);
    add(key, due);
}

std::optional<Time> Queue::next() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
}

}  // namespace berth::control
