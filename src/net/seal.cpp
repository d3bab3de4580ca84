#include "net/seal.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

#include "base/error.hpp"

namespace berth::net {
namespace {

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

void require(bool done) {
    if (!done) throw Error(Kind::internal, "internal", "this OpenSSL cannot seal with ChaCha20-Poly1305");
}

}  // namespace

Seal::Seal(const SecretText& key, std::string_view label) {
    std::string bytes(32, '\0');
    unsigned length = 0;
    const auto& secret = key.reveal();
    require(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), raw(label), label.size(),
                 reinterpret_cast<unsigned char*>(bytes.data()), &length) != nullptr);
    key_ = SecretText(std::move(bytes));
}

std::string Seal::seal(char kind, std::string_view begin, std::string_view rest) {
    std::array<unsigned char, 12> nonce{};
    auto number = count_++;
    for (auto byte = nonce.rbegin(); number != 0; ++byte, number >>= 8) *byte = number & 0xff;
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                  &EVP_CIPHER_CTX_free);
    std::string sealed(begin.size() + rest.size() + size, '\0');
    auto* at = reinterpret_cast<unsigned char*>(sealed.data());
    int count = 0;
    const auto add = [&](unsigned char* into, std::string_view text) {
        require(EVP_EncryptUpdate(context.get(), into, &count, raw(text), static_cast<int>(text.size())) ==
                1);
    };
    require(EVP_EncryptInit_ex(context.get(), EVP_chacha20_poly1305(), nullptr, raw(key_.reveal()),
                               nonce.data()) == 1);
    add(nullptr, {&kind, 1});
    for (const auto text : {begin, rest}) {
        if (text.empty()) continue;
        add(at, text);
        at += count;
    }
    require(EVP_EncryptFinal_ex(context.get(), at, &count) == 1);
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, size, at) == 1);
    return sealed;
}

}  // namespace berth::net
