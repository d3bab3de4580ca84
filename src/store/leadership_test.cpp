#include <thread>

#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

/// On a server its own clock decides, so that time has to pass for real.
class Leaders : public EveryStore {
  protected:
    static constexpr Duration lease = std::chrono::milliseconds(150);

    std::optional<Leadership> take(const std::string& holder, Duration length = lease) {
        return write([&](Tx& tx) { return tx.take_leadership(holder, length); });
    }
    std::int64_t epoch_of(const std::optional<Leadership>& taken) { return taken ? taken->epoch : 0; }
    std::optional<Leadership> current() {
        return read([](Rows& rows) { return rows.leadership(); });
    }
    std::string require(std::int64_t epoch) {
        return code_of([&] { write([&](Tx& tx) { tx.require_epoch(epoch); }); });
    }
    void wait_out() {
        if (on_server())
            std::this_thread::sleep_for(lease + std::chrono::milliseconds(50));
        else
            clock.advance(clock.now() + lease);
    }
};
BERTH_EVERY_STORE(Leaders);

TEST_P(Leaders, are_one_at_a_time_and_renew) {
    EXPECT_EQ(current(), std::nullopt);
    const auto first = take("a", std::chrono::minutes(1));
    ASSERT_TRUE(first);
    EXPECT_EQ(std::pair(first->holder, first->epoch), std::pair(std::string("a"), std::int64_t{1}));
    EXPECT_EQ(first->expires_at - first->renewed_at, std::chrono::minutes(1));
    EXPECT_EQ(current(), first);
    EXPECT_EQ(take("b"), std::nullopt);
    const auto again = take("a", std::chrono::minutes(2));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->epoch, 1) << "the same leader goes on";
    EXPECT_GT(again->expires_at, first->expires_at);
    EXPECT_EQ(require(1), "nothing was thrown");
    EXPECT_EQ(require(0), "deposed");
}

TEST_P(Leaders, whose_lease_ends_are_followed_by_another_epoch) {
    EXPECT_EQ(epoch_of(take("a")), 1);
    wait_out();
    EXPECT_EQ(current(), std::nullopt);
    EXPECT_EQ(require(1), "nothing was thrown") << "nobody else has taken over yet";
    EXPECT_EQ(epoch_of(take("b", std::chrono::minutes(1))), 2);
    EXPECT_EQ(take("a"), std::nullopt);
    EXPECT_EQ(require(1), "deposed");
    EXPECT_EQ(require(2), "nothing was thrown");
}

TEST_P(Leaders, that_are_late_but_alone_keep_their_epoch) {
    EXPECT_EQ(epoch_of(take("a")), 1);
    wait_out();
    EXPECT_EQ(epoch_of(take("a")), 1);
}

TEST_P(Leaders, may_give_it_up_at_once) {
    EXPECT_EQ(epoch_of(take("a", std::chrono::minutes(1))), 1);
    write([](Tx& tx) { tx.release_leadership("b", 1); });
    write([](Tx& tx) { tx.release_leadership("a", 7); });
    EXPECT_EQ(take("b"), std::nullopt) << "only the leader itself gives it up";
    write([](Tx& tx) { tx.release_leadership("a", 1); });
    EXPECT_EQ(current(), std::nullopt);
    EXPECT_EQ(epoch_of(take("b")), 2);
}

TEST_P(Leaders, of_an_older_epoch_write_nothing) {
    EXPECT_EQ(epoch_of(take("a")), 1);
    wait_out();
    EXPECT_EQ(epoch_of(take("b")), 2);
    const auto late = [&](Tx& tx) {
        tx.set_setting("n", "from a");
        tx.require_epoch(1);
    };
    EXPECT_EQ(code_of([&] { write(late); }), "deposed");
    EXPECT_EQ(read([](Rows& rows) { return rows.find_setting("n"); }), std::nullopt);
}

}  // namespace
}  // namespace berth::store
