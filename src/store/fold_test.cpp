#include "store/fold.hpp"

#include <gtest/gtest.h>

namespace berth::store {
namespace {

TEST(Fold, makes_texts_that_differ_in_case_the_same) {
    const char* pairs[][2] = {{"ADA", "ada"},
                              {"ÄÖÜ", "äöü"},
                              {"STRASSE", "straße"},
                              {"ΣΊΣΥΦΟΣ", "σίσυφος"},
                              {"ПРИВЕТ", "привет"},
                              {"ՀԱՅ", "հայ"},
                              {"ĀĂĄ", "āăą"},
                              {"𐐀", "𐐨"},
                              {"ﬁ", "FI"},
                              {"ẞ", "ss"},
                              {"Ᏸ", "ᏸ"},
                              {"Ⓐ", "ⓐ"}};
    for (const auto& [upper, lower] : pairs) EXPECT_EQ(fold(upper), fold(lower)) << upper;
}

TEST(Fold, leaves_alone_what_has_no_case) {
    for (const auto* text : {"", "123 _-@.", "李小龍", "नमस्ते", "محمد", "😀"}) EXPECT_EQ(fold(text), text);
    EXPECT_NE(fold("ä"), fold("a"));
}

TEST(Fold, is_done_after_once) {
    for (char32_t point = 1; point < 0x20000; ++point) {
        if (point >= 0xD800 && point < 0xE000) continue;
        std::string text;
        if (point < 0x80)
            text = static_cast<char>(point);
        else if (point < 0x800)
            text = {static_cast<char>(0xC0 | (point >> 6)), static_cast<char>(0x80 | (point & 63))};
        else if (point < 0x10000)
            text = {static_cast<char>(0xE0 | (point >> 12)), static_cast<char>(0x80 | ((point >> 6) & 63)),
                    static_cast<char>(0x80 | (point & 63))};
        else
            text = {static_cast<char>(0xF0 | (point >> 18)), static_cast<char>(0x80 | ((point >> 12) & 63)),
                    static_cast<char>(0x80 | ((point >> 6) & 63)), static_cast<char>(0x80 | (point & 63))};
        const auto once = fold(text);
        ASSERT_EQ(fold(once), once) << static_cast<unsigned>(point);
    }
}

TEST(Fold, keeps_bytes_that_are_not_utf_8) {
    for (const auto* text : {"\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80"})
        EXPECT_EQ(fold(text), text);
}

TEST(FirstLetter, is_the_code_point_and_its_length) {
    EXPECT_EQ(first_letter("ab").point, U'a');
    EXPECT_EQ(first_letter("üb").point, U'ü');
    EXPECT_EQ(first_letter("üb").length, 2);
    EXPECT_EQ(first_letter("😀").point, U'😀');
    for (const auto* text : {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
        EXPECT_EQ(first_letter(text).length, 0);
}

}  // namespace
}  // namespace berth::store
