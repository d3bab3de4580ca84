#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Utf8, well_formed_sequences_are_taken_one_by_one) {
    std::string_view text = "a\xc3\xa4\xe7\xa0\x94\xf0\x9f\x9a\xa2";
    EXPECT_EQ(take_character(text), U'a');
    EXPECT_EQ(take_character(text), U'\u00e4');
    EXPECT_EQ(take_character(text), U'\u7814');
    EXPECT_EQ(take_character(text), U'\U0001f6a2');
    EXPECT_TRUE(text.empty());
}

TEST(Utf8, nothing_else_is_valid) {
    // RFC 3629, 3 and 10: cut short, a lone continuation, overlong forms, a surrogate, above U+10FFFF.
    for (const auto* text : {"a\xc3", "\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80",
                             "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff"})
        EXPECT_FALSE(valid_utf8(text)) << text;
    EXPECT_TRUE(valid_utf8(""));
    EXPECT_TRUE(valid_utf8("\xf4\x8f\xbf\xbf"));
}

}  // namespace
}  // namespace berth
