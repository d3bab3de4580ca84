#pragma once

#include <string>
#include <string_view>

namespace berth::store {

/// The text with the case of its letters folded away, in every script that has case: `STRASSE`, `Straße` and
/// `strasse` become one. Bytes that are not UTF-8 stay as they are. Names compare, and searches look, in this
/// form.
std::string fold(std::string_view text);

/// The text with U+FFFD in place of each byte that is not UTF-8, and of NUL.
std::string well_formed(std::string_view text);

/// A code point of UTF-8 text and how many bytes it takes.
struct Letter {
    char32_t point = 0;
    int length = 0;  ///< 1 to 4; 0: the text does not start with one.
};

/// The first code point of `text`, which is not empty. Overlong forms and surrogates are none.
Letter first_letter(std::string_view text);

}  // namespace berth::store
