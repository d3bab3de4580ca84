#pragma once

#include <string>
#include <string_view>

#include "base/secret_text.hpp"

namespace berth::net {

/// HMAC-SHA256 (RFC 2104) of `text` in lower-case hex: 64 characters.
std::string hmac_sha256_hex(const SecretText& key, std::string_view text);

/// That many random bytes in lower-case hex, two characters each. Throws `internal` when there are none.
std::string random_hex(std::size_t bytes);

/// Compares in a time that depends on the lengths only.
bool same_mac(std::string_view left, std::string_view right);

}  // namespace berth::net
