#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/quantity.hpp"

namespace berth::api {

/// One token bucket for each client: `at_once` requests in a burst, `per_second` on average.
///
/// Holds at most 10 000 clients; those that are full again are forgotten first. One thread.
class Buckets {
  public:
    Buckets(double per_second, double at_once) : per_second_(per_second), at_once_(at_once) {}

    /// Takes one; when there is none, how long until there is.
    std::optional<Duration> take(const std::string& client, Time now);
    std::size_t size() const { return buckets_.size(); }

    static constexpr std::size_t clients_max = 10'000;

  private:
    struct Bucket {
        double left = 0;
        Time at{};
    };
    void forget_full(Time now);
    double left_at(const Bucket& bucket, Time now) const;

    double per_second_, at_once_;
    std::map<std::string, Bucket> buckets_;
};

}  // namespace berth::api
