#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret_text.hpp"

namespace berth::net {

/// Seals the messages of one conversation in their order: ChaCha20-Poly1305 (RFC 8439) with the number of the
/// message as nonce, from 0, and its kind as associated data. A key is for one conversation only.
class Seal {
  public:
    /// With HMAC-SHA256(key, label) as its key.
    Seal(const SecretText& key, std::string_view label);

    static constexpr std::size_t size = 16;  ///< Bytes that a sealed text has more.

    /// The texts, one after the other, sealed as one.
    std::string seal(char kind, std::string_view begin, std::string_view rest);

  private:
    SecretText key_;
    std::uint64_t count_ = 0;
};

}  // namespace berth::net
