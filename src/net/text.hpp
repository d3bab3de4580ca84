#pragma once

#include <string>
#include <string_view>

/// How HTTP compares and cuts words: ASCII only, whatever the locale.
namespace berth::net {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Whether the two are the same word, ignoring case.
constexpr bool same_word(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i)
        if (lower(left[i]) != lower(right[i])) return false;
    return true;
}

/// Without the spaces and tabs around it.
constexpr std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

inline std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = lower(c);
    return result;
}

/// Takes what stands before `separator` off the front of `rest`; all of it when there is no separator.
constexpr std::string_view cut_front(std::string_view& rest, char separator) {
    const auto at = rest.find(separator);
    const auto front = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
    return front;
}

}  // namespace berth::net
