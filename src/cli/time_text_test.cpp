#include "cli/time_text.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

using namespace std::chrono_literals;

TEST(DurationText, grows_coarser_as_it_grows) {
    EXPECT_EQ(duration_text(-1), "0.0s");
    EXPECT_EQ(duration_text(0.04), "0.0s");
    EXPECT_EQ(duration_text(1.84), "1.8s");
    EXPECT_EQ(duration_text(9.96), "10s");
    EXPECT_EQ(duration_text(59.4), "59s");
    EXPECT_EQ(duration_text(59.6), "1 m");
    EXPECT_EQ(duration_text(80), "1 m 20 s");
    EXPECT_EQ(duration_text(7500), "2 h 5 m");
    EXPECT_EQ(duration_text(86'400 * 3 + 3600 * 4), "3 d 4 h");
}

TEST(RelativeText, says_how_long_ago) {
    const auto now = parse_time("2026-01-31T09:30:00Z");
    EXPECT_EQ(relative_text(now, now), "just now");
    EXPECT_EQ(relative_text(now + 4s, now), "just now");
    EXPECT_EQ(relative_text(now - 20s, now), "20 s ago");
    EXPECT_EQ(relative_text(now - 119s, now), "1 min ago");
    EXPECT_EQ(relative_text(now - 2min, now), "2 min ago");
    EXPECT_EQ(relative_text(now - 23h, now), "23 h ago");
    EXPECT_EQ(relative_text(now - 24h, now), "yesterday");
    EXPECT_EQ(relative_text(now - 48h, now), "2 days ago");
    EXPECT_EQ(relative_text(now - 24h * 30, now), "2026-01-01");
    EXPECT_EQ(relative_text(now + 5min, now), "in 5 min");
    EXPECT_EQ(relative_text(now + 24h, now), "in 1 day");
}

TEST(ExactText, is_utc_to_the_second) {
    EXPECT_EQ(exact_text(parse_time("2026-01-31T09:30:07.250Z")), "2026-01-31 09:30:07");
}

}  // namespace
}  // namespace berth::cli
