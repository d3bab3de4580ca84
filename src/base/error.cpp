#include "base/error.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace berth {

std::string quoted(std::string_view name) {
    std::string text = "\"";
    for (const char letter : name) {
        const auto code = static_cast<unsigned char>(letter);
        text += code < 0x20 || code == 0x7f ? '?' : letter;
    }
    return text + '"';
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
    // Nobody mistypes a longer name, and the work is the product of both lengths.
    constexpr std::size_t longest = 64;
    if (left.size() > longest || right.size() > longest) return left.size() + right.size();
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
            row[j] = std::min({above + 1, row[j - 1] + 1, replaced});
            diagonal = above;
        }
    }
    return row.back();
}

}  // namespace berth
