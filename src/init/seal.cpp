#include "init/seal.hpp"

#include <sodium.h>

namespace berth::init {

bool Seal::begin(const Key& key, std::string_view salt) {
    key_ = key.delivery_key(salt);
    count_ = 0;
    return static_cast<bool>(opened_ = Pages(frame_max));
}

std::optional<Frame> Seal::open(const Frame& sealed) {
    if (sealed.payload.size() < seal_size) return {};
    std::array<unsigned char, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> nonce{};
    auto number = count_++;
    for (auto byte = nonce.rbegin(); number != 0; ++byte, number >>= 8) *byte = number & 0xff;
    const auto kind = static_cast<unsigned char>(sealed.kind);
    unsigned long long size = 0;
    const int wrong = ::crypto_aead_chacha20poly1305_ietf_decrypt(
        reinterpret_cast<unsigned char*>(opened_.data()), &size, nullptr,
        reinterpret_cast<const unsigned char*>(sealed.payload.data()), sealed.payload.size(), &kind, 1,
        nonce.data(), key_.data());
    if (wrong != 0) return {};
    return Frame{sealed.kind, {opened_.data(), size}};
}

void Seal::end() {
    ::sodium_memzero(key_.data(), key_.size());
    opened_ = Pages();
}

}  // namespace berth::init
