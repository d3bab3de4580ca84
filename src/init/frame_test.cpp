#include "init/frame.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "init/limits.hpp"

namespace berth::init {
namespace {

std::string frame(char kind, const std::string& payload) {
    const auto head = header(kind, payload.size());
    return std::string(head.data(), head.size()) + payload;
}

std::vector<std::string> split(std::string_view payload, char separator = '\0') {
    std::vector<std::string> all;
    Fields fields(payload, separator);
    while (const auto field = fields.next()) all.emplace_back(*field);
    return all;
}

TEST(Frame, what_was_written_is_read_back) {
    for (const std::size_t length : {0UL, 1UL, 255UL, 256UL, frame_max}) {
        const auto bytes = frame('d', std::string(length, 'x'));
        const auto with_more = bytes + "next";
        const auto found = scan(with_more);
        EXPECT_EQ(found.outcome, Scanned::whole);
        EXPECT_EQ(found.frame, (Frame{'d', std::string_view(bytes).substr(header_size)}));
        EXPECT_EQ(found.size, bytes.size());
    }
}

TEST(Frame, every_beginning_of_a_frame_is_partial) {
    const auto bytes = frame('T', "shell");
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_EQ(scan(bytes.substr(0, length)).outcome, Scanned::partial) << length;
    }
}

TEST(Frame, one_byte_above_the_limit_is_oversized_before_any_of_it_came) {
    EXPECT_EQ(scan(std::string("d\x00\x01\x00\x00", 5)).outcome, Scanned::partial);
    EXPECT_EQ(scan(std::string("d\x00\x01\x00\x01", 5)).outcome, Scanned::oversized);
    EXPECT_EQ(scan(std::string("d\xff\xff\xff\xff", 5)).outcome, Scanned::oversized);
}

TEST(Frame, the_length_is_big_endian) {
    const auto head = header('L', 0x00010203);
    EXPECT_EQ(std::string_view(head.data(), head.size()), std::string_view("L\x00\x01\x02\x03", 5));
}

TEST(Frame, separators_make_one_field_more_than_they_are) {
    EXPECT_EQ(split(""), (std::vector<std::string>{""}));
    EXPECT_EQ(split(std::string_view("a\0b", 3)), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(split(std::string_view("\0\0", 2)), (std::vector<std::string>{"", "", ""}));
    EXPECT_EQ(split("A=1\x01"
                    "B=2",
                    '\x01'),
              (std::vector<std::string>{"A=1", "B=2"}));
}

TEST(Frame, a_number_is_digits_and_nothing_else) {
    EXPECT_EQ(number("0"), 0U);
    EXPECT_EQ(number("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(number("65535", 65535), 65535U);
    for (const auto* wrong : {"", "+1", "-1", " 1", "1 ", "1x", "0x1", "18446744073709551616"}) {
        EXPECT_EQ(number(wrong), std::nullopt) << wrong;
    }
    EXPECT_EQ(number("65536", 65535), std::nullopt);
}

}  // namespace
}  // namespace berth::init
