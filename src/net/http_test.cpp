#include "net/http.hpp"

#include <gtest/gtest.h>

namespace berth::net {
namespace {

TEST(PercentDecoding, gives_nothing_for_what_is_no_text) {
    EXPECT_EQ(percent_decode("/a%20b"), "/a b");
    EXPECT_EQ(percent_decode("%C3%A4%f0%9f%9a%a2"), "\xC3\xA4\xF0\x9F\x9A\xA2");
    EXPECT_EQ(percent_decode("a+b"), "a+b");
    EXPECT_EQ(percent_decode("a+b%2B", true), "a b+");
    for (const auto* text : {"%", "%2", "%2g", "%g2", "a%", "%00", "%ff", "%C3", "%C3%28", "%C0%AF",
                             "%E0%80%AF", "%ED%A0%80", "%F4%90%80%80", "%F5%80%80%80"})
        EXPECT_EQ(percent_decode(text), std::nullopt) << text;
    EXPECT_EQ(percent_decode("%2525"), "%25");
}

TEST(PercentEncoding, comes_back_by_decoding) {
    std::string every;
    for (int c = 1; c < 128; ++c) every += static_cast<char>(c);
    EXPECT_EQ(percent_decode(percent_encode(every)), every);
    EXPECT_EQ(percent_encode("a/b c~"), "a%2Fb%20c~");
}

TEST(Headers, are_found_ignoring_case_in_order) {
    const Headers headers{{"Set-Cookie", "a"}, {"X", "y"}, {"set-cookie", "b"}};
    EXPECT_EQ(find_header(headers, "SET-COOKIE"), "a");
    EXPECT_EQ(find_header(headers, "Z"), std::nullopt);
    EXPECT_EQ(all_headers(headers, "set-cookie"), (std::vector<std::string_view>{"a", "b"}));
}

}  // namespace
}  // namespace berth::net
