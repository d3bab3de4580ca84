#include "model/secret.hpp"

#include <algorithm>

namespace berth {

bool is_variable_name(std::string_view name) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !name.empty() && !digit(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return digit(c) || letter(c); });
}

}  // namespace berth
