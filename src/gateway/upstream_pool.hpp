#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/channel.hpp"

namespace berth::gateway {

/// Idle connections to applications, kept for their next request. Belongs to one loop.
class UpstreamPool {
  public:
    UpstreamPool(std::size_t each_max, std::size_t all_max, int seconds_max)
        : each_max_(each_max), all_max_(all_max), seconds_max_(seconds_max) {}

    /// The connection that was used last, or nothing. It may have died since.
    std::optional<net::Channel> take(const std::string& key);
    /// Keeps it, or closes it when enough are kept.
    void put(const std::string& key, net::Channel channel);
    /// Once a second: closes those that were idle too long and those whose other side has closed.
    void tick();
    /// Closes all: before their loop ends.
    void clear();
    std::size_t size() const { return count_; }

  private:
    struct Kept {
        net::Channel channel;
        int seconds = 0;
    };
    std::size_t each_max_, all_max_;
    int seconds_max_;
    std::size_t count_ = 0;
    std::unordered_map<std::string, std::vector<Kept>> kept_;
};

}  // namespace berth::gateway
