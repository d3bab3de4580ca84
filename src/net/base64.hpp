#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::net {

/// Base64 with padding (RFC 4648, section 4).
std::string base64_encode(std::string_view bytes);

/// What it stands for; line breaks and blanks are ignored. Nothing for any other text.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace berth::net
