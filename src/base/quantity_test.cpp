#include "base/quantity.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace berth {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, bytes_read_and_write_the_suffixes_of_kubernetes) {
    EXPECT_EQ(parse_bytes("10Gi").count, std::int64_t{10} << 30);
    EXPECT_EQ(parse_bytes("1.5Gi").count, std::int64_t{1536} << 20);
    EXPECT_EQ(parse_bytes("1M").count, 1'000'000);
    EXPECT_EQ(parse_bytes("0").count, 0);
    EXPECT_EQ(to_string(Bytes{std::int64_t{1536} << 20}), "1536Mi");
    EXPECT_EQ(to_string(Bytes{1000}), "1000");
    for (const auto* text : {"", "-1", "1Xi", "Gi", "1 Gi", "99999999Ti", "nan", "1e3", "0x10"})
        EXPECT_THROW(parse_bytes(text), Error) << text;
}

TEST(Quantity, processors_are_cores_or_thousandths) {
    EXPECT_EQ(parse_cpu("500m").count, 500);
    EXPECT_EQ(parse_cpu("2").count, 2000);
    EXPECT_EQ(parse_cpu("0.25").count, 250);
    EXPECT_EQ(to_string(MilliCpu{1500}), "1500m");
    EXPECT_EQ(to_string(MilliCpu{2000}), "2");
    for (const auto* text : {"", "m", "-1", "1c", "inf"}) EXPECT_THROW(parse_cpu(text), Error) << text;
}

TEST(Quantity, durations_name_each_unit_once_and_largest_first) {
    EXPECT_EQ(parse_duration("1h30m"), 90min);
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("2d"), 48h);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(to_string(Duration(90min)), "1h30m");
    EXPECT_EQ(to_string(Duration(0)), "0s");
    for (const auto* text : {"", "5", "m", "1m1h", "1m1m", "-5m", "1w", "99999999d"})
        EXPECT_THROW(parse_duration(text), Error) << text;
}

TEST(Quantity, times_are_rfc_3339_in_utc) {
    const auto time = Time(std::chrono::sys_days(std::chrono::year(2026) / 2 / 28)) + 9h + 5min + 7s + 89ms;
    EXPECT_EQ(to_string(time), "2026-02-28T09:05:07.089Z");
    EXPECT_EQ(parse_time("2026-02-28T09:05:07.089Z"), time);
    EXPECT_EQ(parse_time("2026-02-28T09:05:07Z"), time - 89ms);
    EXPECT_EQ(parse_time("2026-02-28T09:05:07.089123456Z"), time);
    EXPECT_EQ(parse_time("2026-02-28T09:05:07.1Z"), time + 11ms);
    for (const auto* text :
         {"", "2026-02-30T00:00:00Z", "2026-02-28", "2026-02-28T25:00:00Z", "2026-02-28T09:05:07", "x"})
        EXPECT_THROW(parse_time(text), Error) << text;
}

TEST(EditDistance, counts_inserts_deletes_and_replacements) {
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("same", "same"), 0u);
    const std::vector<std::string> known{"name", "image", "ports"};
    EXPECT_EQ(nearest("imagee", known), "image");
    EXPECT_EQ(nearest("zzzzzzzzzz", known), "");
    EXPECT_EQ(nearest(std::string(65, 'i'), std::vector{std::string(64, 'i')}), "")
        << "too long to be compared";
}

}  // namespace
}  // namespace berth
