#include "store/feed.hpp"

#include "base/log.hpp"

namespace berth::store {

std::shared_ptr<void> Feed::subscribe(Store::Listener listener) {
    const std::lock_guard lock(mutex_);
    const auto number = ++last_;
    listeners_.emplace(number, std::make_shared<Store::Listener>(std::move(listener)));
    auto end = [feed = shared_from_this(), number](void*) {
        const std::lock_guard ending(feed->mutex_);
        feed->listeners_.erase(number);
    };
    return {static_cast<void*>(this), std::move(end)};
}

void Feed::publish(const std::vector<Event>& events) {
    if (events.empty()) return;
    const std::lock_guard lock(mutex_);
    const auto listeners = listeners_;
    for (const auto& [number, listener] : listeners) {
        if (!listeners_.contains(number)) continue;
        try {
            (*listener)(events);
        } catch (const std::exception& error) {
            log::error("listener of the change feed failed", {{"error", error.what()}});
        }
    }
}

}  // namespace berth::store
