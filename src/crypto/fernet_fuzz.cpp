#include <cstdlib>

#include "crypto/fernet.hpp"

// Any text as a token; and what we made, with one byte of the text changed, is none any more.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace berth::crypto;
    static const auto key = FernetKey::parse("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=").value();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const FernetAge age{.now = berth::Time(std::chrono::seconds(499162801)), .most = std::chrono::minutes(1)};
    const bool timely = fernet_message(key, text, age).has_value();
    if (timely && !fernet_message(key, text)) std::abort();
    FernetKey::parse(text);
    auto token = fernet_token(key, text, age.now);
    const auto message = fernet_message(key, token, age);
    if (!message || message->reveal() != text) std::abort();
    if (size == 0) return 0;
    auto& changed = token[data[0] % token.size()];
    changed = static_cast<char>(changed ^ 1);
    if (fernet_message(key, token)) std::abort();
    return 0;
}
