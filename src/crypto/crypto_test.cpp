#include <gtest/gtest.h>

#include <set>

#include "crypto/base64.hpp"
#include "crypto/random.hpp"

namespace berth::crypto {
namespace {

TEST(Random, text_is_lower_case_base32_of_the_wanted_strength) {
    const auto text = random_text(16);
    EXPECT_EQ(text.size(), 26U);
    EXPECT_EQ(text.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos) << text;
    EXPECT_EQ(random_text(5).size(), 8U);
    EXPECT_EQ(random_text(0), "");
}

TEST(Random, secrets_carry_their_prefix_and_differ) {
    std::set<std::string> seen;
    for (int round = 0; round < 1000; ++round) {
        const auto secret = random_secret("brt_");
        EXPECT_TRUE(secret.reveal().starts_with("brt_"));
        EXPECT_EQ(secret.reveal().size(), 4U + 52U);
        seen.insert(secret.reveal());
    }
    EXPECT_EQ(seen.size(), 1000U);
}

TEST(Random, every_letter_of_a_text_varies) {
    std::vector<std::set<char>> seen(26);
    for (int round = 0; round < 500; ++round) {
        const auto text = random_text(16);
        for (std::size_t at = 0; at < text.size(); ++at) seen[at].insert(text[at]);
    }
    for (std::size_t at = 0; at + 1 < seen.size(); ++at) EXPECT_EQ(seen[at].size(), 32U) << at;
    EXPECT_EQ(seen.back().size(), 8U) << "the last letter carries three bits";
}

TEST(NewId, has_its_prefix_and_16_letters) {
    const auto id = new_id("ses");
    EXPECT_TRUE(id.starts_with("ses_"));
    EXPECT_EQ(id.size(), 20U);
}

TEST(NewId, a_newer_one_sorts_later) {
    auto last = new_id("ses");
    for (int round = 0; round < 1000; ++round) {
        const auto next = new_id("ses");
        EXPECT_LT(last, next);
        last = next;
    }
}

TEST(NewId, a_hundred_thousand_are_all_different) {
    std::set<std::string> seen;
    for (int round = 0; round < 100'000; ++round) seen.insert(new_id("x"));
    EXPECT_EQ(seen.size(), 100'000U);
}

TEST(Sha256, is_that_of_the_standard) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(EqualInConstantTime, is_equality) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST(Base64Url, comes_back_and_uses_no_letter_that_a_url_escapes) {
    std::string bytes;
    for (int length = 0; length < 300; ++length) {
        const auto text = base64url(bytes);
        EXPECT_EQ(text.find_first_of("+/="), std::string::npos);
        EXPECT_EQ(from_base64url(text), bytes);
        bytes += static_cast<char>(length * 7);
    }
    EXPECT_EQ(base64url("\xff\xfe"), "__4");
}

TEST(Base64Url, other_text_is_nothing) {
    for (const auto* text : {"_", "__4=", "a b", "+/+/", "__5", "\xc3\xa4"})
        EXPECT_EQ(from_base64url(text), std::nullopt) << text;
}

}  // namespace
}  // namespace berth::crypto
