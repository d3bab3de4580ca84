#include "net/seal.hpp"

#include <gtest/gtest.h>

namespace berth::net {
namespace {

TEST(Seal, each_message_is_another_and_says_nothing_of_its_text) {
    const SecretText key("0123456789abcdef0123456789abcdef");
    Seal seal(key, "label"), same(key, "label"), other(key, "another");
    const auto first = seal.seal('e', "TOKEN=", "secret");
    EXPECT_EQ(first.size(), 12 + Seal::size);
    EXPECT_EQ(first.find("secret"), std::string::npos);
    EXPECT_EQ(same.seal('e', "TOKEN=secret", ""), first);
    EXPECT_NE(same.seal('e', "TOKEN=secret", ""), first);
    EXPECT_NE(other.seal('e', "TOKEN=secret", ""), first);
    EXPECT_EQ(seal.seal('g', "", "").size(), Seal::size);
}

}  // namespace
}  // namespace berth::net
