#include "container/stream.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/error.hpp"

namespace berth::container {
namespace {

std::string frame(char kind, const std::string& bytes) {
    std::string out{kind, 0, 0, 0};
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(bytes.size() >> shift & 0xff);
    return out + bytes;
}

TEST(Demultiplexer, the_two_outputs_come_apart) {
    Demultiplexer demultiplexer;
    const auto pieces = demultiplexer.feed(frame(1, "out") + frame(2, "err") + frame(1, ""));
    EXPECT_EQ(pieces, (std::vector<Piece>{{false, "out"}, {true, "err"}}));
    EXPECT_TRUE(demultiplexer.between_frames());
}

TEST(Demultiplexer, however_bytes_are_cut_the_same_comes_out) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string stream, wanted;
    for (int i = 0; i < 200; ++i) {
        const std::string text(random() % 50, static_cast<char>('a' + i % 26));
        const bool error = random() % 2 == 0;
        stream += frame(error ? 2 : 1, text);
        if (error) wanted += text;
    }
    Demultiplexer demultiplexer;
    std::string seen;
    for (std::size_t at = 0; at < stream.size();) {
        const auto step = 1 + random() % 20;
        for (const auto& piece : demultiplexer.feed(std::string_view(stream).substr(at, step)))
            if (piece.error_output) seen += piece.bytes;
        at += step;
    }
    EXPECT_EQ(seen, wanted);
    EXPECT_TRUE(demultiplexer.between_frames());
}

TEST(Demultiplexer, what_cannot_be_a_header_is_refused) {
    Demultiplexer demultiplexer;
    EXPECT_THROW(demultiplexer.feed("plain text"), Error);
}

TEST(Demultiplexer, a_frame_of_four_gigabytes_costs_nothing_before_it_comes) {
    Demultiplexer demultiplexer;
    const auto pieces = demultiplexer.feed(std::string("\x01\0\0\0\xff\xff\xff\xff", 8) + "x");
    EXPECT_EQ(pieces, (std::vector<Piece>{{false, "x"}}));
    EXPECT_FALSE(demultiplexer.between_frames());
}

TEST(LineSplitter, lines_end_at_line_feeds_with_or_without_returns) {
    LineSplitter splitter;
    EXPECT_EQ(splitter.feed("one\ntw"), std::vector<std::string>{"one"});
    EXPECT_EQ(splitter.feed("o\r\n\nrest"), (std::vector<std::string>{"two", ""}));
    EXPECT_EQ(splitter.rest(), "rest");
    EXPECT_EQ(splitter.rest(), "");
}

TEST(LineSplitter, a_line_that_is_too_long_comes_in_parts) {
    LineSplitter splitter(4);
    EXPECT_EQ(splitter.feed("abcdefghij\n"), (std::vector<std::string>{"abcd", "efgh", "ij"}));
}

}  // namespace
}  // namespace berth::container
