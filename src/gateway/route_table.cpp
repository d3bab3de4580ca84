#include "gateway/route_table.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

namespace berth::gateway {

struct RouteTable::Watch::State {
    explicit State(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    bool moved = false;  // Touched on the timer's loop only.
};

RouteTable::Watch::Watch(RouteTable& table, std::string label, asio::any_io_executor executor)
    : table_(table), label_(std::move(label)), state_(std::make_shared<State>(executor)) {
    auto& shard = table_.shard(label_);
    const std::lock_guard lock(shard.mutex);
    shard.watches.emplace(label_, state_);
}

RouteTable::Watch::~Watch() {
    auto& shard = table_.shard(label_);
    const std::lock_guard lock(shard.mutex);
    auto [at, end] = shard.watches.equal_range(label_);
    while (at != end && at->second != state_) ++at;
    if (at != end) shard.watches.erase(at);
}

Task<> RouteTable::Watch::changed(std::chrono::milliseconds limit) {
    if (!state_->moved) {
        boost::system::error_code ignored;
        state_->timer.expires_after(limit);
        co_await state_->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    state_->moved = false;
}

void RouteTable::tell(Shard& shard, std::string_view label) {
    const auto [first, last] = shard.watches.equal_range(label);
    for (auto at = first; at != last; ++at)
        asio::post(at->second->timer.get_executor(), [state = at->second] {
            state->moved = true;
            state->timer.cancel();
        });
}

std::shared_ptr<const Route> RouteTable::find(std::string_view label) const {
    const auto& place = shard(label);
    const std::lock_guard lock(place.mutex);
    const auto found = place.routes.find(label);
    return found == place.routes.end() ? nullptr : found->second;
}

std::shared_ptr<Meter> RouteTable::user_meter(const UserId& user) {
    const std::lock_guard lock(users_mutex_);
    auto& kept = users_[user.text];
    auto meter = kept.lock();
    if (!meter) kept = meter = std::make_shared<Meter>();
    return meter;
}

std::shared_ptr<const Route> RouteTable::put(Route route) {
    route.user_meter = user_meter(route.user);
    auto& place = shard(route.label);
    const std::lock_guard lock(place.mutex);
    auto& entry = place.routes[route.label];
    if (entry && entry->version > route.version) return entry;
    route.meter = entry ? entry->meter : std::make_shared<Meter>();
    route.meter->frozen.store(route.frozen, std::memory_order_relaxed);
    entry = std::make_shared<const Route>(std::move(route));
    place.missing.erase(entry->label);
    tell(place, entry->label);
    return entry;
}

void RouteTable::erase(std::string_view label) {
    auto& place = shard(label);
    const std::lock_guard lock(place.mutex);
    if (const auto found = place.routes.find(label); found != place.routes.end()) place.routes.erase(found);
    tell(place, label);
}

std::size_t RouteTable::size() const {
    std::size_t count = 0;
    for (const auto& place : shards_) {
        const std::lock_guard lock(place.mutex);
        count += place.routes.size();
    }
    return count;
}

void RouteTable::remember_missing(std::string_view label) {
    auto& place = shard(label);
    const std::lock_guard lock(place.mutex);
    if (place.missing.size() >= missing_max) place.missing.clear();
    place.missing.insert_or_assign(std::string(label), std::chrono::steady_clock::now() + forget_missing_);
}

bool RouteTable::known_missing(std::string_view label) const {
    const auto& place = shard(label);
    const std::lock_guard lock(place.mutex);
    const auto found = place.missing.find(label);
    return found != place.missing.end() && std::chrono::steady_clock::now() < found->second;
}

void RouteTable::each(const std::function<void(const Route&)>& visit) const {
    for (const auto& place : shards_) {
        std::vector<std::shared_ptr<const Route>> routes;
        {
            const std::lock_guard lock(place.mutex);
            for (const auto& [label, route] : place.routes) routes.push_back(route);
        }
        for (const auto& route : routes) visit(*route);
    }
}

}  // namespace berth::gateway
