#include "crypto/fernet.hpp"

#include <openssl/evp.h>
#include <sodium.h>

#include <memory>
#include <stdexcept>

#include "crypto/random.hpp"

namespace berth::crypto {
namespace {

constexpr unsigned char version = 0x80;
constexpr std::size_t head_size = 1 + 8 + 16;  // Version, time and IV.
constexpr std::size_t block = 16;
constexpr std::size_t mac_size = crypto_auth_hmacsha256_BYTES;
constexpr std::size_t key_size = 32;
constexpr std::int64_t skew_seconds = 60;
constexpr int base64 = sodium_base64_VARIANT_URLSAFE;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

std::string encode(std::string_view bytes) {
    // The length counts the terminating zero, which std::string adds by itself.
    std::string text(sodium_base64_encoded_len(bytes.size(), base64), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes_of(bytes), bytes.size(), base64);
    text.pop_back();
    return text;
}

std::optional<std::string> decode(std::string_view text) {
    std::string bytes(text.size() / 4 * 3, '\0');
    std::size_t length = 0;
    const char* end = nullptr;
    const int failure = sodium_base642bin(bytes_of(bytes), bytes.size(), text.data(), text.size(), nullptr,
                                          &length, &end, base64);
    if (failure != 0 || end != text.data() + text.size()) {
        SecretText::wipe(bytes);
        return std::nullopt;
    }
    bytes.resize(length);
    return bytes;
}

std::array<unsigned char, mac_size> mac_of(const FernetKey& key, std::string_view signed_part) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes_of(key.signing()), key.signing().size());
    crypto_auth_hmacsha256_update(&state, bytes_of(signed_part), signed_part.size());
    std::array<unsigned char, mac_size> mac{};
    crypto_auth_hmacsha256_final(&state, mac.data());
    sodium_memzero(&state, sizeof state);
    return mac;
}

struct CipherContext {
    CipherContext() : raw(EVP_CIPHER_CTX_new()) {
        if (raw == nullptr) throw std::bad_alloc();
    }
    ~CipherContext() { EVP_CIPHER_CTX_free(raw); }
    CipherContext(const CipherContext&) = delete;
    CipherContext& operator=(const CipherContext&) = delete;
    EVP_CIPHER_CTX* raw;
};

void append_cipher_text(std::string& out, const FernetKey& key, std::string_view message,
                        const FernetIv& iv) {
    CipherContext cipher;
    const auto at = out.size();
    out.resize(at + (message.size() / block + 1) * block);
    int written = 0, last = 0;
    // Padding (RFC 5652, 6.3) is OpenSSL's default.
    if (EVP_EncryptInit_ex(cipher.raw, EVP_aes_128_cbc(), nullptr, bytes_of(key.encryption()), iv.data()) !=
            1 ||
        EVP_EncryptUpdate(cipher.raw, bytes_of(out) + at, &written, bytes_of(message),
                          static_cast<int>(message.size())) != 1 ||
        EVP_EncryptFinal_ex(cipher.raw, bytes_of(out) + at + written, &last) != 1)
        throw std::runtime_error("OpenSSL: AES-128-CBC failed");
}

std::optional<SecretText> decipher(const FernetKey& key, std::string_view cipher_text, const char* iv) {
    CipherContext cipher;
    std::string message(cipher_text.size() + block, '\0');
    int written = 0, last = 0;
    const bool fine = EVP_DecryptInit_ex(cipher.raw, EVP_aes_128_cbc(), nullptr, bytes_of(key.encryption()),
                                         reinterpret_cast<const unsigned char*>(iv)) == 1 &&
                      EVP_DecryptUpdate(cipher.raw, bytes_of(message), &written, bytes_of(cipher_text),
                                        static_cast<int>(cipher_text.size())) == 1 &&
                      EVP_DecryptFinal_ex(cipher.raw, bytes_of(message) + written, &last) == 1;
    if (!fine) {
        SecretText::wipe(message);
        return std::nullopt;
    }
    message.resize(static_cast<std::size_t>(written + last));
    return SecretText(std::move(message));
}

std::int64_t seconds_of(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

/// Whether the token's time is within what was asked. Read as unsigned, as it is written: what is beyond any
/// clock is in the future.
bool is_timely(std::string_view token, const FernetAge& age) {
    std::uint64_t made = 0;
    for (std::size_t i = 1; i <= 8; ++i) made = (made << 8) | static_cast<unsigned char>(token[i]);
    const auto now = seconds_of(age.now);
    const auto most = std::chrono::duration_cast<std::chrono::seconds>(age.most).count();
    if (now < 0 || made > static_cast<std::uint64_t>(now + skew_seconds)) return false;
    return static_cast<std::int64_t>(made) + most >= now;
}

}  // namespace

FernetKey FernetKey::random() {
    std::string bytes(key_size, '\0');
    random_bytes(bytes_of(bytes), bytes.size());
    return FernetKey(SecretText(std::move(bytes)));
}

std::optional<FernetKey> FernetKey::parse(std::string_view text) {
    auto bytes = decode(text);
    if (!bytes) return std::nullopt;
    SecretText secret(std::move(*bytes));
    if (secret.reveal().size() != key_size) return std::nullopt;
    return FernetKey(std::move(secret));
}

SecretText FernetKey::text() const {
    return SecretText(encode(bytes_.reveal()));
}

std::string fernet_token(const FernetKey& key, std::string_view message, Time now) {
    FernetIv iv{};
    random_bytes(iv.data(), iv.size());
    return fernet_token(key, message, now, iv);
}

std::string fernet_token(const FernetKey& key, std::string_view message, Time now, const FernetIv& iv) {
    std::string token;
    token.reserve(head_size + message.size() + block + mac_size);
    token += static_cast<char>(version);
    const auto seconds = static_cast<std::uint64_t>(seconds_of(now));
    for (int shift = 56; shift >= 0; shift -= 8) token += static_cast<char>(seconds >> shift);
    token.append(reinterpret_cast<const char*>(iv.data()), iv.size());
    append_cipher_text(token, key, message, iv);
    const auto mac = mac_of(key, token);
    token.append(reinterpret_cast<const char*>(mac.data()), mac.size());
    return encode(token);
}

std::optional<SecretText> fernet_message(const FernetKey& key, std::string_view text,
                                         const std::optional<FernetAge>& age) {
    const auto token = decode(text);
    if (!token || token->size() < head_size + block + mac_size) return std::nullopt;
    const std::string_view whole(*token);
    const auto signed_part = whole.substr(0, whole.size() - mac_size);
    const auto cipher_text = signed_part.substr(head_size);
    if (static_cast<unsigned char>(whole.front()) != version || cipher_text.size() % block != 0)
        return std::nullopt;
    if (age && !is_timely(whole, *age)) return std::nullopt;
    const auto mac = mac_of(key, signed_part);
    if (sodium_memcmp(mac.data(), whole.data() + signed_part.size(), mac.size()) != 0) return std::nullopt;
    return decipher(key, cipher_text, whole.data() + head_size - block);
}

}  // namespace berth::crypto
