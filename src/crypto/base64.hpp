#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::crypto {

/// Base64 with the alphabet of URLs, without padding (RFC 4648, section 5).
std::string base64url(std::string_view bytes);

/// What `base64url` wrote, or nothing for any other text.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace berth::crypto
