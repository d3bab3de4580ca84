#pragma once

#include <string>
#include <string_view>

/// How much room text takes on a terminal.
namespace berth::cli {

/// Columns that UTF-8 text takes: 2 for wide characters (CJK, emoji), 0 for combining ones, 1 for the rest
/// and for each byte that is not UTF-8. Control characters count 1, as `printable` shows them.
std::size_t text_width(std::string_view text);

/// `text` with control characters (also the C1 ones) replaced by `?`, so that a name cannot move the cursor.
std::string printable(std::string_view text);

/// The start of `text` that fits into `columns`, with `…` at its end when something was cut.
std::string cut_to_width(std::string_view text, std::size_t columns);

}  // namespace berth::cli
