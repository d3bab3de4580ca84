#include "cli/text_width.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

TEST(TextWidth, counts_columns_and_not_bytes) {
    EXPECT_EQ(text_width(""), 0u);
    EXPECT_EQ(text_width("lab"), 3u);
    EXPECT_EQ(text_width("Jürgen"), 6u);
    EXPECT_EQ(text_width("Ju\u0308rgen"), 6u);
    EXPECT_EQ(text_width("実験"), 4u);
    EXPECT_EQ(text_width("🚀"), 2u);
    EXPECT_EQ(text_width("a·b–c…"), 6u);
}

TEST(TextWidth, gives_each_byte_that_is_not_utf8_one_column) {
    EXPECT_EQ(text_width("\xff\xfe"), 2u);
    EXPECT_EQ(text_width("\xe5\xae"), 2u);
    EXPECT_EQ(text_width("\xc3"), 1u);
}

TEST(Printable, leaves_nothing_that_moves_the_cursor) {
    EXPECT_EQ(printable("a\x1b[2Jb\nc"), "a?[2Jb?c");
    EXPECT_EQ(printable("a\u009bb"), "a?b");
    EXPECT_EQ(printable("Jürgen 実験\xff"), "Jürgen 実験?");
}

TEST(CutToWidth, keeps_what_fits_and_marks_the_cut) {
    EXPECT_EQ(cut_to_width("notebook", 8), "notebook");
    EXPECT_EQ(cut_to_width("notebook", 5), "note…");
    EXPECT_EQ(cut_to_width("実験室", 4), "実…");
    EXPECT_EQ(cut_to_width("実験室", 5), "実験…");
    EXPECT_EQ(cut_to_width("notebook", 0), "");
}

}  // namespace
}  // namespace berth::cli
