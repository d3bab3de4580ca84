#include "crypto/random.hpp"

#include <sodium.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>

namespace berth::crypto {
namespace {

/// Digits and letters without i, l, o and u, in ASCII order: encoded numbers sort like the numbers.
constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/// 45 bits of milliseconds last until the year 3084; 35 random bits tell apart what one millisecond makes.
constexpr int time_letters = 9;
constexpr int random_letters = 7;

void require_sodium() {
    static const int ready = sodium_init();
    if (ready < 0) throw std::runtime_error("libsodium: no source of randomness");
}

/// Now, in milliseconds since 1970, or the first millisecond that no call had yet.
std::uint64_t later_millisecond() {
    static std::atomic<std::uint64_t> last{0};
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    const auto now =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
    auto before = last.load();
    while (!last.compare_exchange_weak(before, std::max(now, before + 1))) {
    }
    return std::max(now, before + 1);
}

}  // namespace

std::string random_text(std::size_t bytes) {
    require_sodium();
    std::string noise(bytes, '\0');
    randombytes_buf(noise.data(), noise.size());
    std::string text;
    text.reserve((bytes * 8 + 4) / 5);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char byte : noise) {
        bits = (bits << 8) | static_cast<unsigned char>(byte);
        for (held += 8; held >= 5; held -= 5) text += alphabet[(bits >> (held - 5)) & 31];
    }
    if (held > 0) text += alphabet[(bits << (5 - held)) & 31];
    sodium_memzero(noise.data(), noise.size());
    return text;
}

SecretText random_secret(std::string_view prefix) {
    return SecretText(std::string(prefix) + random_text(32));
}

void random_bytes(unsigned char* into, std::size_t size) {
    require_sodium();
    randombytes_buf(into, size);
}

std::string sha256_hex(std::string_view text) {
    Sha256 hash;
    hash.add(text);
    return hash.hex();
}

Sha256::Sha256() : state_() {
    crypto_hash_sha256_init(&state_);
}

void Sha256::add(std::string_view bytes) {
    crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::string Sha256::hex() {
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state_, hash);
    std::string hex(sizeof(hash) * 2 + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), hash, sizeof(hash));
    hex.pop_back();
    return hex;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           (left.empty() || sodium_memcmp(left.data(), right.data(), left.size()) == 0);
}

std::string new_id(std::string_view prefix) {
    require_sodium();
    const auto time = later_millisecond();
    std::string id(prefix);
    id += '_';
    for (int letter = time_letters - 1; letter >= 0; --letter) id += alphabet[(time >> (letter * 5)) & 31];
    for (int letter = 0; letter < random_letters; ++letter) id += alphabet[randombytes_uniform(32)];
    return id;
}

}  // namespace berth::crypto
