#include "net/mac.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <span>

#include "base/error.hpp"

namespace berth::net {
namespace {

std::string hex(std::span<const unsigned char> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const auto byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

}  // namespace

std::string hmac_sha256_hex(const SecretText& key, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
    unsigned size = 0;
    const auto& secret = key.reveal();
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    if (!HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes, text.size(), mac.data(),
              &size))
        throw Error(Kind::internal, "internal", "no HMAC-SHA256 in this OpenSSL");
    return hex({mac.data(), size});
}

std::string random_hex(std::size_t bytes) {
    std::string random(bytes, '\0');
    auto* const at = reinterpret_cast<unsigned char*>(random.data());
    if (RAND_bytes(at, static_cast<int>(bytes)) != 1)
        throw Error(Kind::internal, "internal", "the machine gives no random bytes");
    return hex({at, bytes});
}

bool same_mac(std::string_view left, std::string_view right) {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace berth::net
