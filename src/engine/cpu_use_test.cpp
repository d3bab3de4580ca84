#include "engine/cpu_use.hpp"

#include <gtest/gtest.h>

namespace berth::engine {
namespace {

using namespace std::chrono_literals;

TEST(CpuUse, is_that_since_the_last_time_in_thousandths_of_a_core) {
    CpuUse before;
    const WorkloadId id{"w"};
    const Time start{1h};
    EXPECT_EQ(note_use(before, id, start, 5'000'000'000), MilliCpu{}) << "nobody asked before";
    EXPECT_EQ(note_use(before, id, start + 2s, 6'000'000'000), MilliCpu{500});
    EXPECT_EQ(note_use(before, id, start + 2s, 7'000'000'000), MilliCpu{}) << "no time has passed";
    EXPECT_EQ(note_use(before, id, start + 3s, 1'000'000'000), MilliCpu{}) << "it has started anew";
    EXPECT_EQ(note_use(before, id, start + 4s, 3'000'000'000), MilliCpu{2000});
    EXPECT_EQ(note_use(before, {"other"}, start + 4s, 3'000'000'000), MilliCpu{});
}

}  // namespace
}  // namespace berth::engine
