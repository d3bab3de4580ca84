#include "init/ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace berth::init {
namespace {

/// The byte that stands at an offset of the stream these tests write. Its period divides no power of two.
char byte_at(std::uint64_t offset) {
    return static_cast<char>('a' + offset % 23);
}

void write(Ring& ring, std::size_t count) {
    while (count > 0) {
        const auto room = ring.room();
        const auto piece = std::min(count, room.size());
        for (std::size_t i = 0; i < piece; ++i) room[i] = byte_at(ring.end() + i);
        ring.wrote(piece);
        count -= piece;
    }
}

/// Everything kept, in pieces of at most `most`; checks each byte.
std::size_t read_back(const Ring& ring, std::size_t most) {
    std::size_t count = 0;
    for (auto offset = ring.begin(); offset != ring.end();) {
        const auto piece = ring.at(offset, most);
        if (piece.empty() || piece.size() > most) return 0;
        for (const char byte : piece) {
            if (byte != byte_at(offset++)) return 0;
            ++count;
        }
    }
    return count;
}

TEST(Ring, an_empty_one_has_nothing_to_read) {
    Ring ring;
    ASSERT_TRUE(ring.open());
    EXPECT_EQ(ring.begin(), 0U);
    EXPECT_EQ(ring.end(), 0U);
    EXPECT_TRUE(ring.at(0, 100).empty());
    EXPECT_EQ(ring.room().size(), backlog_max);
}

TEST(Ring, keeps_everything_until_it_is_full_and_then_the_newest) {
    Ring ring;
    ASSERT_TRUE(ring.open());
    write(ring, backlog_max);
    EXPECT_EQ(ring.begin(), 0U);
    EXPECT_EQ(read_back(ring, 1000), backlog_max);
    write(ring, 1);
    EXPECT_EQ(ring.begin(), 1U);
    EXPECT_EQ(read_back(ring, 1000), backlog_max);
}

TEST(Ring, always_has_room_and_always_gives_back_what_was_written) {
    Ring ring;
    ASSERT_TRUE(ring.open());
    std::uint64_t written = 0;
    for (std::size_t count = 1; written < 4 * backlog_max; count = count * 3 + 1) {
        write(ring, count);
        written += count;
        ASSERT_FALSE(ring.room().empty());
        ASSERT_EQ(ring.end(), written);
        ASSERT_EQ(read_back(ring, 4096), std::min<std::uint64_t>(written, backlog_max));
    }
}

}  // namespace
}  // namespace berth::init
