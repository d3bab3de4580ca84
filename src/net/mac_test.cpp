#include "net/mac.hpp"

#include <gtest/gtest.h>

namespace berth::net {
namespace {

TEST(Mac, is_the_hmac_of_rfc_4231) {
    EXPECT_EQ(hmac_sha256_hex(SecretText("Jefe"), "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hmac_sha256_hex(SecretText(std::string(131, '\xaa')),
                              "Test Using Larger Than Block-Size Key - Hash Key First"),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Mac, equal_ones_are_the_same_and_no_others) {
    EXPECT_TRUE(same_mac("abc", "abc"));
    EXPECT_FALSE(same_mac("abc", "abd"));
    EXPECT_FALSE(same_mac("abc", "ab"));
}

TEST(Mac, random_hex_is_long_enough_and_never_the_same) {
    const auto one = random_hex(16);
    EXPECT_EQ(one.size(), 32u);
    EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_NE(one, random_hex(16));
}

}  // namespace
}  // namespace berth::net
