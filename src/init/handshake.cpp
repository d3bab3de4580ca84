#include "init/handshake.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "init/fd.hpp"

// Of libsodium only HMAC-SHA256, ChaCha20-Poly1305, hex and the comparison are used, which need no
// preparation. These two names are what ties them to all the rest of it: with them defined here the program
// is 300 KB smaller.
extern "C" {
void sodium_misuse() {
    ::abort();
}
void randombytes_buf(void* bytes, std::size_t size) {
    if (::getrandom(bytes, size, 0) != static_cast<ssize_t>(size)) ::abort();
}
}

namespace berth::init {

namespace {

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

template <std::size_t digits, std::size_t count>
std::array<char, digits> hex(const std::array<unsigned char, count>& bytes) {
    static_assert(digits == 2 * count);
    char text[digits + 1];
    ::sodium_bin2hex(text, sizeof text, bytes.data(), count);
    std::array<char, digits> result;
    std::memcpy(result.data(), text, digits);
    return result;
}

}  // namespace

Refusal Key::read(const char* path) {
    const Fd file(::open(path, O_RDONLY | O_CLOEXEC));
    if (!file) return {errno, "the key file cannot be opened"};
    size_ = 0;
    while (size_ < bytes_.size()) {
        const auto got = ::read(file.get(), bytes_.data() + size_, bytes_.size() - size_);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return {errno, "the key file cannot be read"};
        if (got == 0) break;
        size_ += static_cast<std::size_t>(got);
    }
    while (size_ > 0 && (bytes_[size_ - 1] == '\n' || bytes_[size_ - 1] == '\r')) --size_;
    if (size_ < key_min) return {EINVAL, "the key is shorter than 32 bytes"};
    if (size_ > key_max) return {EINVAL, "the key is longer than 4096 bytes"};
    return {};
}

std::array<unsigned char, 32> Key::mac(std::string_view side, std::string_view first,
                                       std::string_view second) const {
    crypto_auth_hmacsha256_state state;
    ::crypto_auth_hmacsha256_init(&state, raw({bytes_.data(), size_}), size_);
    for (const auto piece : {side, first, std::string_view("\n"), second}) {
        ::crypto_auth_hmacsha256_update(&state, raw(piece), piece.size());
    }
    std::array<unsigned char, crypto_auth_hmacsha256_BYTES> result;
    ::crypto_auth_hmacsha256_final(&state, result.data());
    return result;
}

std::array<unsigned char, 32> Key::delivery_key(std::string_view salt) const {
    return mac("berth-init delivery\n", salt, {});
}

Mac Key::server_mac(std::string_view client_nonce, std::string_view server_nonce) const {
    return hex<mac_size>(mac("berth-init server\n", client_nonce, server_nonce));
}

Mac Key::client_mac(std::string_view server_nonce, std::string_view client_nonce) const {
    return hex<mac_size>(mac("berth-init client\n", server_nonce, client_nonce));
}

std::optional<Nonce> make_nonce() {
    std::array<unsigned char, nonce_size / 2> bytes;
    // So few bytes come at once and whole, but not before the kernel has gathered any: nobody waits for that.
    if (::getrandom(bytes.data(), bytes.size(), GRND_NONBLOCK) != static_cast<ssize_t>(bytes.size()))
        return {};
    return hex<nonce_size>(bytes);
}

bool is_nonce(std::string_view text) {
    const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return text.size() == nonce_size && std::ranges::all_of(text, is_digit);
}

bool equal(const Mac& left, std::string_view right) {
    return right.size() == left.size() && ::sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::span<char> Handshake::room() {
    if (state_ == State::proven || state_ == State::wrong) return {};
    return {bytes_.data() + filled_, wanted() - filled_};
}

bool Handshake::begins_well() const {
    const bool hello = state_ == State::hello;
    const auto expected = header(hello ? 'H' : 'A', hello ? nonce_size : mac_size);
    return std::memcmp(bytes_.data(), expected.data(), std::min(filled_, expected.size())) == 0;
}

Handshake::State Handshake::took(std::size_t count, const Key& key) {
    filled_ += count;
    if (!begins_well()) return state_ = State::wrong;
    if (filled_ < wanted()) return state_;
    const auto payload = view(bytes_).substr(header_size, filled_ - header_size);
    filled_ = 0;
    if (state_ == State::hello) return state_ = take_hello(payload, key);
    const auto expected = key.client_mac(view(server_nonce_), view(client_nonce_));
    return state_ = equal(expected, payload) ? State::proven : State::wrong;
}

Handshake::State Handshake::take_hello(std::string_view client_nonce, const Key& key) {
    if (!is_nonce(client_nonce)) return State::wrong;
    std::ranges::copy(client_nonce, client_nonce_.begin());
    auto* end = std::ranges::copy(header('O', answer_.size() - header_size), answer_.data()).out;
    end = std::ranges::copy(server_nonce_, end).out;
    *end++ = '\0';
    std::ranges::copy(key.server_mac(client_nonce, view(server_nonce_)), end);
    return State::proof;
}

}  // namespace berth::init
