#include "net/body.hpp"

#include <gtest/gtest.h>

#include <string>

namespace berth::net {
namespace {

struct Read {
    std::string content;
    std::string forwarded;  // What a proxy passes on as it is.
    std::size_t consumed = 0;
    bool ended = false, bad = false;
    bool operator==(const Read&) const = default;
};

Read read(BodyScanner scanner, const std::string& bytes, std::size_t piece) {
    Read result;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto in = std::string_view(bytes).substr(at, piece);
        const auto step = scanner.advance(in, [&](std::string_view content) { result.content += content; });
        result.forwarded += in.substr(0, step.forward);
        result.consumed += step.consumed;
        at += step.consumed;
        if (scanner.ended() || scanner.bad()) break;
    }
    result.ended = scanner.ended();
    result.bad = scanner.bad();
    return result;
}

TEST(ChunkedBody, is_the_same_in_pieces_of_any_size) {
    const std::string bytes = "5;a=\"b;c\"\r\nhello\r\n00006\r\n world\r\n0\r\nX-Sum: 1\r\n\r\nGET /next";
    const Read expected{.content = "hello world",
                        .forwarded = "5;a=\"b;c\"\r\nhello\r\n00006\r\n world\r\n0\r\n",
                        .consumed = bytes.find("GET"),
                        .ended = true};
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece)
        EXPECT_EQ(read(BodyScanner(Framing::chunked, 0), bytes, piece), expected) << piece;
}

TEST(ChunkedBody, anything_malformed_is_bad) {
    const std::string cases[] = {
        "\r\nhello",
        "g\r\n",
        "5 \r\nhello",
        " 5\r\nhello",
        "-5\r\n",
        "0x5\r\nhello",
        "5\nhello",
        "5\r\rhello",
        "5;\n\r\nhello",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n",
        "0\r\n\n",
        "0\r\n X: y\r\n",
        "0\r\nX\r\n\r\n",
        "0\r\nX y: z\r\n\r\n",
        "0\r\n: z\r\n\r\n",
        "0\r\nX: \r\r\n",
        "0\r\nX: \n\r\n",
        "fffffffffffffffff\r\n",
        "+5\r\nhello",
        "5;" + std::string(300, 'a') + "\r\nhello",
        "0\r\n" + std::string(9000, 'a') + ": b\r\n\r\n",
        std::string("5;\0\r\nhello", 10),
    };
    for (const auto& bytes : cases)
        EXPECT_TRUE(read(BodyScanner(Framing::chunked, 0), bytes, 1000).bad) << bytes.substr(0, 40);
    std::string lines = "0\r\n";
    for (int i = 0; i < 101; ++i) lines += "A: b\r\n";
    EXPECT_TRUE(read(BodyScanner(Framing::chunked, 0), lines + "\r\n", 7).bad);
}

TEST(Body, of_a_length_ends_exactly_there) {
    const Read expected{.content = "hello", .forwarded = "hello", .consumed = 5, .ended = true};
    for (std::size_t piece = 1; piece < 9; ++piece)
        EXPECT_EQ(read(BodyScanner(Framing::length, 5), "helloGET /", piece), expected);
    EXPECT_TRUE(BodyScanner(Framing::length, 0).ended());
    EXPECT_TRUE(BodyScanner(Framing::none, 0).ended());
    EXPECT_TRUE(BodyScanner().ended());
}

TEST(Body, a_close_ends_only_what_has_no_other_end) {
    BodyScanner open(Framing::until_close, 0), counted(Framing::length, 5), chunked(Framing::chunked, 0);
    EXPECT_EQ(open.advance("anything").consumed, 8u);
    EXPECT_FALSE(open.ended());
    for (auto* scanner : {&open, &counted, &chunked}) scanner->close();
    EXPECT_TRUE(open.ended());
    EXPECT_TRUE(counted.bad());
    EXPECT_TRUE(chunked.bad());
}

}  // namespace
}  // namespace berth::net
