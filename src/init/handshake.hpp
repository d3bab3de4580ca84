#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "init/frame.hpp"
#include "init/limits.hpp"
#include "init/request.hpp"

namespace berth::init {

inline constexpr std::size_t nonce_size = 32;  ///< Hex digits of 16 random bytes.
inline constexpr std::size_t mac_size = 64;    ///< Hex digits of an HMAC-SHA256.
using Nonce = std::array<char, nonce_size>;
using Mac = std::array<char, mac_size>;

/// What both sides of a TCP connection know, and neither sends.
class Key {
  public:
    /// Reads it: the bytes of a file without the end of line behind them, `key_min` to `key_max` of them.
    Refusal read(const char* path);

    /// What only a server that knows the key can answer to this client's nonce.
    Mac server_mac(std::string_view client_nonce, std::string_view server_nonce) const;
    /// What only a client that knows the key can answer to this server's nonce.
    Mac client_mac(std::string_view server_nonce, std::string_view client_nonce) const;
    /// What one delivery is sealed with.
    std::array<unsigned char, 32> delivery_key(std::string_view salt) const;

  private:
    std::array<unsigned char, 32> mac(std::string_view side, std::string_view first,
                                      std::string_view second) const;

    std::array<char, key_max + 3> bytes_{};
    std::size_t size_ = 0;
};

/// 16 random bytes in hex; nothing when the kernel gives none.
std::optional<Nonce> make_nonce();

/// True for `nonce_size` lower-case hex digits.
bool is_nonce(std::string_view text);

/// Compares two MACs in a time that does not depend on where they differ.
bool equal(const Mac& left, std::string_view right);

inline std::string_view view(std::span<const char> text) {
    return {text.data(), text.size()};
}

/// The server's side of the handshake of one connection. Knows no socket.
///
///     H client nonce ->    <- O server nonce NUL server mac    A client mac ->
///
/// Each step takes exactly its bytes: what the client sent behind them is left to whoever reads next.
class Handshake {
  public:
    enum class State {
        hello,   ///< Waits for `H`.
        proof,   ///< `answer()` is to be sent; waits for `A`.
        proven,  ///< The client knows the key.
        wrong,   ///< It does not, or speaks something else.
    };

    Handshake() = default;
    explicit Handshake(const Nonce& server_nonce) : server_nonce_(server_nonce) {}

    State state() const { return state_; }

    /// Where the next bytes of the client go: those that the step still needs, none when it is over.
    std::span<char> room();
    /// `count` bytes were put into `room()`.
    State took(std::size_t count, const Key& key);

    /// The whole frame that answers `H`.
    std::string_view answer() const { return view(answer_); }

  private:
    static constexpr std::size_t hello_size = header_size + nonce_size;
    static constexpr std::size_t proof_size = header_size + mac_size;

    std::size_t wanted() const { return state_ == State::hello ? hello_size : proof_size; }
    bool begins_well() const;
    State take_hello(std::string_view client_nonce, const Key& key);

    State state_ = State::hello;
    Nonce server_nonce_{};
    Nonce client_nonce_{};
    std::array<char, proof_size> bytes_{};
    std::size_t filled_ = 0;
    std::array<char, header_size + nonce_size + 1 + mac_size> answer_{};
};

}  // namespace berth::init
