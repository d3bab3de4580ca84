#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "init/frame.hpp"
#include "init/handshake.hpp"
#include "init/pages.hpp"

namespace berth::init {

inline constexpr std::size_t seal_size = 16;  ///< Bytes that a sealed payload has more.

/// Opens the frames of one delivery that comes over a network, in their order: ChaCha20-Poly1305 (RFC 8439)
/// with the number of the frame as nonce and its kind as associated data.
///
/// The key is HMAC-SHA256(key, "berth-init delivery\n" + salt + "\n"), so each delivery has one of its own.
class Seal {
  public:
    /// False when there is no memory.
    bool begin(const Key& key, std::string_view salt);
    /// The frame as it was sealed, which points into us; nothing when it is not what was sealed.
    std::optional<Frame> open(const Frame& sealed);
    /// Forgets the key and what was opened last.
    void end();

    explicit operator bool() const { return static_cast<bool>(opened_); }

  private:
    std::array<unsigned char, 32> key_{};
    std::uint64_t count_ = 0;
    Pages opened_;
};

}  // namespace berth::init
