#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/quantity.hpp"
#include "base/secret_text.hpp"

/// Fernet tokens, version 0x80 (https://github.com/fernet/spec): AES-128-CBC and HMAC-SHA256 over a message
/// and the time of its making.
namespace berth::crypto {

/// A key: 16 bytes that sign and 16 that encrypt.
class FernetKey {
  public:
    static FernetKey random();
    /// Its text as the specification has it: base64url of the 32 bytes, with padding. Nothing for any other.
    static std::optional<FernetKey> parse(std::string_view text);

    SecretText text() const;
    std::string_view signing() const { return std::string_view(bytes_.reveal()).substr(0, 16); }
    std::string_view encryption() const { return std::string_view(bytes_.reveal()).substr(16); }

  private:
    explicit FernetKey(SecretText bytes) : bytes_(std::move(bytes)) {}
    SecretText bytes_;
};

using FernetIv = std::array<unsigned char, 16>;

/// The token of a message, with an IV of its own.
std::string fernet_token(const FernetKey& key, std::string_view message, Time now);
/// The same with an IV that the caller answers for: used twice, it tells which messages begin alike.
std::string fernet_token(const FernetKey& key, std::string_view message, Time now, const FernetIv& iv);

/// How old a token may be.
struct FernetAge {
    Time now{};
    Duration most{};
};

/// The message of a token, or nothing: not a token, of another key, changed on its way, or with `age` made
/// too long ago or more than a minute from now.
std::optional<SecretText> fernet_message(const FernetKey& key, std::string_view token,
                                         const std::optional<FernetAge>& age = std::nullopt);

}  // namespace berth::crypto
