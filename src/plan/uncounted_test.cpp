#include "plan/uncounted.hpp"

#include <gtest/gtest.h>

#include "model/limits.hpp"

namespace berth::plan {
namespace {

using namespace std::chrono_literals;

const Time noon = parse_time("2026-03-01T12:00:00Z");

TEST(Uncounted, the_same_again_is_one_entry) {
    std::vector<Uncounted> book;
    add_uncounted(book, {"polls", "nobody makes them", 2, noon});
    add_uncounted(book, {"polls", "nobody makes them", 1, noon - 1s});
    add_uncounted(book, {"polls", "for another reason", 1, noon});
    EXPECT_EQ(book, (std::vector<Uncounted>{{"polls", "nobody makes them", 3, noon},
                                            {"polls", "for another reason", 1, noon}}));
}

TEST(Uncounted, of_many_the_latest_stay) {
    std::vector<Uncounted> book;
    for (int i = 0; i < 1000; ++i) {
        // The first comes again and again.
        add_uncounted(book, {"0", "", 1, noon + std::chrono::seconds(i)});
        add_uncounted(book, {std::to_string(i), "", 1, noon + std::chrono::seconds(i)});
    }
    ASSERT_EQ(book.size(), limits::uncounted_max);
    EXPECT_EQ(book.front().times, 1001);
    EXPECT_EQ(book.back().what, "999");
}

TEST(Uncounted, a_probe_that_says_nothing_is_found_until_it_answers) {
    std::vector<Uncounted> book;
    auto passed = passed_by("lab");
    passed.last_at = noon;
    add_uncounted(book, passed);
    EXPECT_EQ(find_no_answer(book), nullptr);
    EXPECT_EQ(last_passed_by(book, "lab"), noon);
    EXPECT_EQ(last_passed_by(book, "other"), std::nullopt);
    add_uncounted(book, {probe_name("lab"), "HTTP 500", 1, noon});
    ASSERT_NE(find_no_answer(book), nullptr);
    EXPECT_EQ(find_no_answer(book)->why, "HTTP 500");
    forget(book, probe_name("other"));
    EXPECT_NE(find_no_answer(book), nullptr);
    forget(book, probe_name("lab"));
    EXPECT_EQ(book, std::vector<Uncounted>{passed});
}

}  // namespace
}  // namespace berth::plan
