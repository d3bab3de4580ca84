#pragma once

#include <sodium/crypto_hash_sha256.h>

#include <string>
#include <string_view>

#include "base/secret_text.hpp"

namespace berth::crypto {

/// `bytes` random bytes (at least 16 for secrets) as lower-case base32 without padding.
std::string random_text(std::size_t bytes);

/// 32 random bytes behind a readable prefix: `brt_…`.
SecretText random_secret(std::string_view prefix = {});

/// Fills `size` bytes with random ones.
void random_bytes(unsigned char* into, std::size_t size);

/// SHA-256 in lower-case hex.
std::string sha256_hex(std::string_view text);

/// The same of what comes in pieces.
class Sha256 {
  public:
    Sha256();
    void add(std::string_view bytes);
    /// Of all that was added, in lower-case hex. Ends it.
    std::string hex();

  private:
    crypto_hash_sha256_state state_;
};

/// Compares in a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view left, std::string_view right);

/// A new id: prefix, `_`, 16 base32 characters that start with the time, so that of one process newer
/// ids sort later, also within a millisecond.
std::string new_id(std::string_view prefix);

}  // namespace berth::crypto
