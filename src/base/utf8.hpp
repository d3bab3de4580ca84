#pragma once

#include <optional>
#include <string_view>

namespace berth {

/// Takes one character off the front of `text`, which is not empty; nothing, and `text` as it was, where no
/// well-formed sequence stands (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
std::optional<char32_t> take_character(std::string_view& text);

bool valid_utf8(std::string_view text);

}  // namespace berth
