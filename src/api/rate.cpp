#include "api/rate.hpp"

#include <algorithm>
#include <cmath>

namespace berth::api {

double Buckets::left_at(const Bucket& bucket, Time now) const {
    const double seconds = std::chrono::duration<double>(now - bucket.at).count();
    return std::min(at_once_, bucket.left + std::max(0.0, seconds) * per_second_);
}

void Buckets::forget_full(Time now) {
    std::erase_if(buckets_, [&](const auto& entry) { return left_at(entry.second, now) >= at_once_; });
    // All busy at once: forgetting one gives it a burst more, which is cheaper than refusing a newcomer.
    if (buckets_.size() >= clients_max) buckets_.erase(buckets_.begin());
}

std::optional<Duration> Buckets::take(const std::string& client, Time now) {
    if (buckets_.size() >= clients_max && !buckets_.contains(client)) forget_full(now);
    auto& bucket = buckets_.try_emplace(client, Bucket{at_once_, now}).first->second;
    bucket = {left_at(bucket, now), now};
    if (bucket.left < 1)
        return Duration(static_cast<std::int64_t>(std::ceil((1 - bucket.left) / per_second_ * 1000)));
    bucket.left -= 1;
    return std::nullopt;
}

}  // namespace berth::api
