#include "gateway/route_table.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "gateway/test_world.hpp"

namespace berth::gateway {
namespace {

Route route(const std::string& label, int incarnation = 1) {
    Route made{.session = {"ses_" + label}, .user = {"usr_ann"}, .label = label};
    made.incarnation = incarnation;
    return made;
}

TEST(RouteTable, a_change_takes_the_place_and_the_meters_of_what_was_there) {
    RouteTable table;
    const auto first = table.put(route("a"));
    const auto other = table.put(route("b"));
    const auto second = table.put(route("a", 2));
    EXPECT_EQ(table.find("a"), second);
    EXPECT_EQ(second->incarnation, 2);
    EXPECT_EQ(first->meter, second->meter);
    EXPECT_NE(first->meter, other->meter);
    EXPECT_EQ(first->user_meter, other->user_meter);
    table.erase("a");
    EXPECT_EQ(table.find("a"), nullptr);
    EXPECT_EQ(table.size(), 1u);
}

TEST(RouteTable, what_is_older_never_replaces_what_is_newer) {
    RouteTable table;
    auto newer = route("a", 2), older = route("a", 1);
    newer.version = 7;
    older.version = 6;
    table.put(newer);
    EXPECT_EQ(table.put(older)->incarnation, 2);
}

TEST(RouteTable, remembers_for_a_moment_what_is_not_there) {
    RouteTable table(std::chrono::milliseconds(50));
    EXPECT_FALSE(table.known_missing("a"));
    table.remember_missing("a");
    EXPECT_TRUE(table.known_missing("a"));
    EXPECT_TRUE(test::eventually([&] { return !table.known_missing("a"); }));
    table.remember_missing("a");
    table.put(route("a"));
    EXPECT_FALSE(table.known_missing("a"));
    for (int i = 0; i < 100'000; ++i) table.remember_missing("x" + std::to_string(i));
}

Task<int> wait_for_second(RouteTable& table) {
    RouteTable::Watch watch(table, "a", co_await asio::this_coro::executor);
    int looks = 0;
    for (; looks < 10; ++looks) {
        const auto now = table.find("a");
        if (now && now->incarnation == 2) break;
        co_await watch.changed(std::chrono::seconds(10));
    }
    co_return looks;
}

TEST(RouteTable, tells_who_waits_for_a_change) {
    RouteTable table;
    table.put(route("a"));
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        table.put(route("b", 2));
        table.put(route("a", 2));
    });
    const int looks = test::wait(wait_for_second(table));
    other.join();
    EXPECT_EQ(looks, 1);
}

TEST(RouteTable, finds_while_others_change_it) {
    RouteTable table;
    for (int i = 0; i < 10'000; ++i) table.put(route("s" + std::to_string(i)));
    std::atomic<bool> over{false};
    std::thread writer([&] {
        for (int i = 0; i < 100'000; ++i) table.put(route("s" + std::to_string(i % 100), i));
        over = true;
    });
    int missed = 0;
    while (!over) missed += table.find("s50") ? 0 : 1;
    writer.join();
    EXPECT_EQ(missed, 0);
    EXPECT_EQ(table.size(), 10'000u);
}

}  // namespace
}  // namespace berth::gateway
