#include "net/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace berth::net {

std::string base64_encode(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const auto count =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(count));
    return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
    std::string clean;
    for (const char letter : text)
        if (letter != '\n' && letter != '\r' && letter != ' ') clean += letter;
    if (clean.empty()) return clean;
    const auto padding = clean.size() - (clean.find_last_not_of('=') + 1);
    std::string bytes(clean.size() / 4 * 3, '\0');
    if (clean.size() % 4 != 0 || padding > 2) return std::nullopt;
    const auto count =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(clean.data()), static_cast<int>(clean.size()));
    if (count < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(count) - padding);
    return bytes;
}

}  // namespace berth::net
