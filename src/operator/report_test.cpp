#include "operator/report.hpp"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

using namespace std::chrono_literals;

const Time noon = parse_time("2026-03-01T12:00:00Z");

/// What a look found that changes nothing but when the next one is.
Report looked(std::optional<Time> in_row, std::optional<Time> next) {
    Report report;
    report.facts.session.look_at = in_row;
    report.look_at = next;
    return report;
}

TEST(Report, a_look_that_moves_a_little_is_not_written) {
    EXPECT_FALSE(looked(noon, noon).changes_anything());
    EXPECT_FALSE(looked(noon, noon + 2s).changes_anything()) << "an early look does no harm";
    EXPECT_FALSE(looked({}, {}).changes_anything());
    EXPECT_TRUE(looked(noon, noon + 2min).changes_anything());
    EXPECT_TRUE(looked(noon, noon - 1ms).changes_anything()) << "a late one does";
    EXPECT_TRUE(looked(noon, {}).changes_anything());
    EXPECT_TRUE(looked({}, noon).changes_anything());
}

}  // namespace
}  // namespace berth::control
