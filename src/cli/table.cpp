#include "cli/table.hpp"

#include <algorithm>

#include "cli/text_width.hpp"

namespace berth::cli {
namespace {

constexpr std::string_view gap = "   ";

std::string shown(const Cell& cell) {
    return cell.text.empty() ? "–" : printable(cell.text);
}

void finish_line(std::string& out) {
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
}

}  // namespace

std::string render(const Table& table, Colour colour) {
    std::vector<std::size_t> widths;
    for (const auto& column : table.columns) widths.push_back(text_width(column));
    for (const auto& row : table.rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], text_width(shown(row[i])));
    const auto add = [&](std::string& line, std::size_t i, const std::string& text, std::string_view paint) {
        line += painted(text, paint, colour) + std::string(widths[i] - text_width(text), ' ');
        line += gap;
    };
    std::string out, line;
    for (std::size_t i = 0; i < table.columns.size(); ++i) add(line, i, table.columns[i], {});
    finish_line(line);
    out += line;
    for (const auto& row : table.rows) {
        line.clear();
        for (std::size_t i = 0; i < row.size(); ++i) add(line, i, shown(row[i]), row[i].paint);
        finish_line(line);
        out += line;
    }
    return out;
}

std::string state_paint(std::string_view state) {
    if (state == "running" || state == "ready" || state == "present") return "32";
    if (state == "starting" || state == "stopping" || state == "terminating" || state == "pulling")
        return "34";
    if (state == "waking" || state == "restarting" || state == "freezing" || state == "hibernating")
        return "34";
    if (state == "frozen") return "36";
    if (state == "pending" || state == "waiting") return "33";
    if (state == "hibernated" || state == "gone" || state == "stopped") return "90";
    if (state == "failed" || state == "missing" || state == "exited") return "31";
    return {};
}

std::string painted(std::string_view text, std::string_view paint, Colour colour) {
    if (colour == Colour::never || paint.empty()) return std::string(text);
    return "\x1b[" + std::string(paint) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace berth::cli
