#include "store/postgres_message.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace berth::store {

std::string one_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::ranges::replace(text, '\n', ';');
    return text;
}

std::string field_in(const std::string& message, std::string_view name) {
    const auto label = fmt::format("\n{}:  ", name);
    const auto place = message.rfind(label);
    if (place == std::string::npos) return {};
    const auto start = place + label.size();
    return message.substr(start, message.find('\n', start) - start);
}

std::string columns_in(const std::string& message, const std::string& table) {
    const auto detail = message.find("\nDETAIL:");
    const auto open = message.find('(', std::min(detail, message.size()));
    const auto close = message.find(")=(", std::min(open, message.size()));
    if (close == std::string::npos) return table;
    auto columns = table + "." + message.substr(open + 1, close - open - 1);
    for (std::size_t comma = 0; (comma = columns.find(", ", comma)) != std::string::npos; comma += 2)
        columns.insert(comma + 2, table + ".");
    return columns;
}

std::string sentence_in(const std::string& message, std::string_view state) {
    const bool holds_values = state.starts_with("22");
    return holds_values ? fmt::format("SQLSTATE {}", state) : message.substr(0, message.find('\n'));
}

}  // namespace berth::store
