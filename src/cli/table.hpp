#pragma once

#include <string>
#include <vector>

namespace berth::cli {

enum class Colour { never, always };

/// One field of a table; `paint` is what `state_paint` gives, or empty.
struct Cell {
    std::string text;
    std::string paint;

    Cell(std::string words, std::string how = {}) : text(std::move(words)), paint(std::move(how)) {}
    Cell(const char* words) : text(words) {}
};

/// Rows under a header line in capitals, columns aligned by the width that text takes on a terminal.
struct Table {
    std::vector<std::string> columns;
    std::vector<std::vector<Cell>> rows;
};

/// One line a row, three spaces between columns, no space at the end of a line. Empty fields show `–`;
/// control characters are replaced.
std::string render(const Table& table, Colour colour);

/// The terminal's colour of a session phase or image state, as an SGR parameter: running green, changing
/// blue, waiting amber, stopped grey, failed red.
std::string state_paint(std::string_view state);

/// `text` in that colour when colours are on.
std::string painted(std::string_view text, std::string_view paint, Colour colour);

}  // namespace berth::cli
