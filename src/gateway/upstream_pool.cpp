#include "gateway/upstream_pool.hpp"

namespace berth::gateway {

std::optional<net::Channel> UpstreamPool::take(const std::string& key) {
    const auto found = kept_.find(key);
    if (found == kept_.end() || found->second.empty()) return std::nullopt;
    auto channel = std::move(found->second.back().channel);
    found->second.pop_back();
    --count_;
    return channel;
}

void UpstreamPool::put(const std::string& key, net::Channel channel) {
    auto& kept = kept_[key];
    if (kept.size() >= each_max_ || count_ >= all_max_) return;
    kept.push_back({.channel = std::move(channel), .seconds = 0});
    ++count_;
}

void UpstreamPool::clear() {
    kept_.clear();
    count_ = 0;
}

void UpstreamPool::tick() {
    for (auto at = kept_.begin(); at != kept_.end();) {
        auto& kept = at->second;
        std::erase_if(kept, [&](Kept& one) {
            // Bytes without a question are no answer: such a connection is of no more use than a closed one.
            std::size_t bytes = 0;
            char byte;
            const bool silent = one.channel.try_read(&byte, 1, bytes) == net::Outcome::would_block;
            const bool over = !silent || ++one.seconds > seconds_max_;
            if (over) --count_;
            return over;
        });
        at = kept.empty() ? kept_.erase(at) : std::next(at);
    }
}

}  // namespace berth::gateway
