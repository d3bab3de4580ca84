#include "base/secret_text.hpp"

#include <cstring>

namespace berth {
namespace {

/// The values of parameters whose name ends in `password`, shown as `***`.
std::string hide_parameters(std::string text, std::size_t from) {
    constexpr std::string_view name = "password=";
    while ((from = text.find(name, from)) != std::string::npos) {
        from += name.size();
        const auto end = std::min(text.find('&', from), text.size());
        text.replace(from, end - from, "***");
    }
    return text;
}

}  // namespace

void SecretText::wipe(std::string& text) noexcept {
    // What was moved away from may still hold a short text within itself, beyond its size.
    text.resize(text.capacity());
    explicit_bzero(text.data(), text.size());
    text.clear();
}

std::string without_password(std::string_view url) {
    std::string text(url);
    const auto scheme = text.find("://");
    if (scheme == std::string::npos) return text;
    const auto start = scheme + 3;
    // To the last @ wherever it is: of a URL that is written wrongly rather too much is hidden than too
    // little.
    const auto at = text.rfind('@');
    const auto colon = text.find(':', start);
    if (at != std::string::npos && colon < at) text.replace(colon + 1, at - colon - 1, "***");
    return hide_parameters(std::move(text), start);
}

}  // namespace berth
