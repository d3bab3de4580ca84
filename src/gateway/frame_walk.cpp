#include "gateway/frame_walk.hpp"

#include <algorithm>

namespace berth::gateway {
namespace {

/// Size of a frame's header once its first two bytes are known.
std::size_t header_size(std::string_view header) {
    const auto length = static_cast<unsigned char>(header[1]) & 0x7F;
    const std::size_t mask = (static_cast<unsigned char>(header[1]) & 0x80) != 0 ? 4 : 0;
    return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + mask;
}

std::uint64_t payload_size(std::string_view header) {
    const auto length = static_cast<unsigned char>(header[1]) & 0x7F;
    if (length < 126) return length;
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < (length == 126 ? 2u : 8u); ++i)
        size = size << 8 | static_cast<unsigned char>(header[2 + i]);
    return size;
}

}  // namespace

bool FrameWalk::holds_data(std::string_view piece) {
    bool found = false;
    while (!piece.empty()) {
        if (payload_left_ > 0) {
            const auto taken = std::min<std::uint64_t>(payload_left_, piece.size());
            payload_left_ -= taken;
            piece.remove_prefix(static_cast<std::size_t>(taken));
            found |= data_;
            continue;
        }
        header_ += piece.front();
        piece.remove_prefix(1);
        if (header_.size() < 2 || header_.size() < header_size(header_)) continue;
        // Opcodes from 8 on are control frames.
        data_ = (static_cast<unsigned char>(header_[0]) & 0x08) == 0;
        payload_left_ = payload_size(header_);
        header_.clear();
    }
    return found;
}

}  // namespace berth::gateway
