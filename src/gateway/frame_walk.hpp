#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace berth::gateway {

/// Follows the frames of one direction of a WebSocket (RFC 6455, 5.2): what a person sends counts, pings and
/// pongs do not, and a frame of our own must not fall into the middle of another.
class FrameWalk {
  public:
    /// Whether a data frame has bytes in `piece`.
    bool holds_data(std::string_view piece);
    /// Whether the next byte begins a frame.
    bool between_frames() const { return payload_left_ == 0 && header_.empty(); }

  private:
    std::uint64_t payload_left_ = 0;
    std::string header_;  // Of a frame whose header came in part; at most 14 bytes.
    bool data_ = false;
};

}  // namespace berth::gateway
