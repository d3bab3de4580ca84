#include "base/metrics.hpp"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Metrics, a_series_is_made_once_and_counts_on) {
    Metrics metrics;
    metrics.counter("berth_things_total", "Things", {{"kind", "a"}}).Increment();
    metrics.counter("berth_things_total", "Things", {{"kind", "a"}}).Increment(2);
    EXPECT_EQ(metrics.text(),
              "# HELP berth_things_total Things\n# TYPE berth_things_total counter\n"
              "berth_things_total{kind=\"a\"} 3\n");
}

TEST(Metrics, a_replaced_gauge_forgets_what_is_not_there_any_more) {
    Metrics metrics;
    metrics.replace("berth_sessions", "Sessions", {{{{"phase", "running"}}, 2}, {{{"phase", "failed"}}, 1}});
    metrics.replace("berth_sessions", "Sessions", {{{{"phase", "running"}}, 3}});
    EXPECT_EQ(
        metrics.text(),
        "# HELP berth_sessions Sessions\n# TYPE berth_sessions gauge\nberth_sessions{phase=\"running\"} 3\n");
}

}  // namespace
}  // namespace berth
