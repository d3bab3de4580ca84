#include "image_report.hpp"

#include <gtest/gtest.h>

namespace berth {
namespace {

SeenImage pulling(const std::string& name, const std::string& message) {
    return {name, {.state = ImageState::pulling, .message = message}};
}

SeenImage missing(const std::string& name, const std::string& message) {
    return {name, {.state = ImageState::missing, .message = message}};
}

TEST(ImageReport, says_of_several_images_each_thing_once) {
    ImageReport report(ImageReport::Mode::lines, 80);
    EXPECT_EQ(report.show({pulling("a:1", "step 1 of 2"), pulling("b:1", "pulling b:1"), {"c:1", {}}}),
              "  a:1: step 1 of 2\n  pulling b:1\n");
    EXPECT_EQ(report.show({pulling("a:1", "step 1 of 2"), pulling("b:1", "pulling b:1")}), "");
    EXPECT_EQ(report.show({pulling("a:1", "step 2 of 2"), missing("b:1", "image \"b:1\" not found")}),
              "  a:1: step 2 of 2\n  image \"b:1\" not found\n");
    EXPECT_EQ(report.show({missing("b:1", "image \"b:1\" not found")}) + report.finish(), "");
}

TEST(ImageReport, redraws_one_line_on_a_terminal_and_takes_it_away) {
    ImageReport report(ImageReport::Mode::live, 16);
    EXPECT_EQ(report.show({pulling("a:1", "step 1"), pulling("b:1", "step 1")}), "\r\x1b[K  a:1: step 1");
    EXPECT_EQ(report.show({pulling("a:1", "step 1"), pulling("b:1", "step 2")}), "");
    EXPECT_EQ(report.show({pulling("a:1", "step 2 of many")}), "\r\x1b[K  a:1: step 2 …");
    EXPECT_EQ(report.finish(), "\r\x1b[K");
    EXPECT_EQ(report.finish(), "");
}

TEST(ImageReport, leaves_on_a_terminal_what_failed) {
    ImageReport report(ImageReport::Mode::live, 80);
    report.show({pulling("a:1", "step 1")});
    EXPECT_EQ(report.show({missing("a:1", "no a:1"), pulling("b:1", "step 1")}),
              "\r\x1b[K  no a:1\n\r\x1b[K  b:1: step 1");
    EXPECT_EQ(report.show({missing("a:1", "no a:1"), pulling("b:1", "step 1")}), "");
}

TEST(ImageReport, lets_no_message_move_the_cursor) {
    ImageReport report(ImageReport::Mode::lines, 80);
    EXPECT_EQ(report.show({pulling("a:1", "x\ry")}), "  a:1: x?y\n");
}

}  // namespace
}  // namespace berth
