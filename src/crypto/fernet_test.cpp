#include "crypto/fernet.hpp"

#include <gtest/gtest.h>

#include "crypto/base64.hpp"

namespace berth::crypto {
namespace {

constexpr const char* secret = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
constexpr const char* hello =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
const Time made = parse_time("1985-10-26T08:20:00.000Z");

FernetKey spec_key() {
    return FernetKey::parse(secret).value();
}

std::optional<std::string> message_of(std::string_view token, std::optional<FernetAge> age = std::nullopt) {
    const auto message = fernet_message(spec_key(), token, age);
    if (!message) return std::nullopt;
    return message->reveal();
}

// generate.json, verify.json and invalid.json of https://github.com/fernet/spec, all of them.

TEST(Fernet, makes_the_token_of_the_specification) {
    FernetIv iv{};
    for (unsigned char i = 0; i < 16; ++i) iv[i] = i;
    EXPECT_EQ(fernet_token(spec_key(), "hello", made, iv), hello);
}

TEST(Fernet, reads_the_token_of_the_specification) {
    const FernetAge minute{.now = made + std::chrono::seconds(1), .most = std::chrono::seconds(60)};
    EXPECT_EQ(message_of(hello, minute), "hello");
}

TEST(Fernet, refuses_every_invalid_token_of_the_specification) {
    struct Case {
        const char* what;
        const char* token;
        const char* now = "1985-10-26T08:20:01.000Z";
    };
    const Case cases[] = {
        {"incorrect mac",
         "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ="
         "="},
        {"too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=="},
        {"invalid base64",
         "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q="
         "="},
        {"payload size not multiple of block size",
         "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm"},
        {"payload padding error",
         "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw="
         "="},
        {"far-future TS (unacceptable clock skew)",
         "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw="
         "="},
        {"expired TTL",
         "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q="
         "=",
         "1985-10-26T08:21:31.000Z"},
        {"incorrect IV (causes padding error)",
         "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ="
         "="},
        {"trailing characters after b64 padding",
         "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA="
         "="
         "trailingdata"},
        {"invalid characters in b64",
         "*gAAAAAAdwJ6wAAECAwQFBgcI!CQoLDA0ODy021?cpGVWKZ_eEwC@GM4BLLF_"
         "5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4Iwq"
         "DA=="},
        {"invalid non-urlsafe characters in b64",
         "gAAAAAAdwJ6wAAEC/"
         "AwQFBgcICQoLDA0ODy+021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA="
         "="},
    };
    for (const auto& one : cases) {
        const FernetAge minute{.now = parse_time(one.now), .most = std::chrono::seconds(60)};
        EXPECT_EQ(message_of(one.token, minute), std::nullopt) << one.what;
    }
}

TEST(Fernet, without_an_age_only_the_key_counts) {
    EXPECT_EQ(message_of("gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-"
                         "Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw=="),
              "")
        << "made in the future, of nothing";
    EXPECT_EQ(fernet_message(FernetKey::random(), hello), std::nullopt);
}

TEST(Fernet, any_message_comes_back_and_no_two_tokens_are_the_same) {
    const auto key = FernetKey::random();
    std::string text;
    for (int length = 0; length < 70; ++length) {
        const auto token = fernet_token(key, text, made);
        EXPECT_EQ(fernet_message(key, token)->reveal(), text);
        EXPECT_NE(token, fernet_token(key, text, made));
        text += static_cast<char>(length * 11);
    }
}

TEST(Fernet, a_token_with_any_letter_changed_or_cut_off_is_none) {
    const std::string token(hello);
    for (std::size_t at = 0; at < token.size(); ++at) {
        auto changed = token;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        EXPECT_EQ(message_of(changed), std::nullopt) << at;
        EXPECT_EQ(message_of(token.substr(0, at)), std::nullopt) << at;
    }
}

TEST(Fernet, a_key_is_its_text_and_nothing_else_is_one) {
    EXPECT_EQ(spec_key().text().reveal(), secret);
    EXPECT_EQ(FernetKey::random().text().reveal().size(), 44U);
    for (const auto* wrong : {"", "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4",
                              "cw_0x689RpI-jtRR7oE8hw==", "cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4="})
        EXPECT_FALSE(FernetKey::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace berth::crypto
