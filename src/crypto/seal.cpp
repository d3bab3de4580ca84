#include "crypto/seal.hpp"

#include "base/error.hpp"
#include "crypto/random.hpp"

namespace berth::crypto {
namespace {

/// Each word with its length before it: no two contexts have the same text, nor does one begin another.
std::string text_of(SealContext context) {
    std::string text(1, static_cast<char>(context.size()));
    for (const auto word : context) {
        for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(word.size() >> shift);
        text += word;
    }
    return text;
}

}  // namespace

std::string seal(const FernetKey& key, SealContext context, std::string_view plain, Time now) {
    auto message = text_of(context);
    message.reserve(message.size() + plain.size());
    message += plain;
    auto token = fernet_token(key, message, now);
    SecretText::wipe(message);
    return token;
}

SecretText open_sealed(const FernetKey& key, SealContext context, std::string_view sealed) {
    const auto message = fernet_message(key, sealed);
    const auto wanted = text_of(context);
    const bool fits =
        message && message->reveal().size() >= wanted.size() &&
        equal_in_constant_time(std::string_view(message->reveal()).substr(0, wanted.size()), wanted);
    if (!fits)
        throw Error(Kind::internal, "sealed_damaged", "what is stored sealed does not open",
                    "put the database and its master key back from the same backup");
    return SecretText(message->reveal().substr(wanted.size()));
}

}  // namespace berth::crypto
