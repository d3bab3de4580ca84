#include "store/shared_clock.hpp"

#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

/// What the file and memory have as the database's clock is the clock they were opened with.
class SharedClocks : public testing::Test {
  protected:
    void set() {
        asio::io_context io;
        auto done = asio::co_spawn(io, shared.set_by(*store), asio::use_future);
        io.run();
        done.get();
    }
    Duration off() const { return std::chrono::abs(shared.now() - (SystemClock().now() + ahead)); }

    VirtualClock there{SystemClock().now()};
    std::unique_ptr<Store> store = open({}, there);
    SharedClock shared;
    Duration ahead{0};
};

TEST_F(SharedClocks, are_the_machines_own_at_first) {
    EXPECT_LT(off(), Duration(50));
    EXPECT_EQ(shared.ahead(), Duration(0));
}

TEST_F(SharedClocks, are_the_databases_once_asked) {
    ahead = std::chrono::seconds(30);
    there.advance(SystemClock().now() + ahead);
    set();
    EXPECT_LT(off(), Duration(200));
    EXPECT_GT(shared.ahead(), std::chrono::seconds(29));
}

TEST_F(SharedClocks, do_not_move_for_what_the_question_took) {
    there.advance(SystemClock().now() + Duration(1));
    set();
    EXPECT_EQ(shared.ahead(), Duration(0));
}

TEST_F(SharedClocks, wake_who_sleeps_by_their_own_time) {
    there.advance(SystemClock().now() + std::chrono::hours(1));
    set();
    asio::io_context io;
    const auto begun = std::chrono::steady_clock::now();
    auto done = asio::co_spawn(io, shared.sleep(Duration(50)), asio::use_future);
    io.run();
    done.get();
    const auto slept = std::chrono::steady_clock::now() - begun;
    EXPECT_GE(slept, Duration(40));
    EXPECT_LT(slept, std::chrono::seconds(5));
}

class DatabaseTime : public EveryStore {};
BERTH_EVERY_STORE(DatabaseTime);

TEST_P(DatabaseTime, is_the_servers_or_else_our_clocks) {
    const auto told = read([](Rows& rows) { return rows.now(); });
    if (on_server())
        EXPECT_LT(std::chrono::abs(told - SystemClock().now()), std::chrono::seconds(5));
    else
        EXPECT_EQ(told, clock.now());
}

}  // namespace
}  // namespace berth::store
