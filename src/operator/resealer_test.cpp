#include "operator/resealer.hpp"

#include <boost/asio/co_spawn.hpp>

#include "acts/secrets.hpp"
#include "operator/virtual_time_test.hpp"

namespace berth::control {
namespace {

const Caller ann{.user = {"usr_ann"}, .name = "ann"};

class Resealing : public VirtualTime {
  protected:
    Resealing() {
        write([this](store::Tx& tx) {
            tx.insert_user({.id = ann.user, .name = "ann", .display_name = "Ann"});
            keyring = acts::unlock(tx, crypto::FernetKey::random(), "in a test", clock.now());
            for (int number = 0; number < 150; ++number) put(tx, number % 100, "before");
        });
    }
    void put(store::Tx& tx, int number, const std::string& value) {
        acts::put_secret(tx, keyring, ann, "S" + std::to_string(number), SecretText(value), clock.now());
    }
    template <class F>
    void write(F work) {
        bool done = false;
        asio::co_spawn(io, store->write(std::move(work)), [&](const std::exception_ptr& failure, auto...) {
            done = true;
            if (failure) std::rethrow_exception(failure);
        });
        for (int turn = 0; !done && turn < 1000; ++turn) {
            io.restart();
            io.poll();
        }
        ASSERT_TRUE(done);
    }
    std::vector<SealingKey> keys() {
        std::vector<SealingKey> found;
        write([&](store::Tx& tx) { found = tx.sealing_keys(); });
        return found;
    }
    std::int64_t under(const KeyId& key) {
        std::int64_t count = 0;
        write([&](store::Tx& tx) { count = tx.count_sealed(key); });
        return count;
    }
    void rotate() {
        write([this](store::Tx& tx) { acts::rotate_keys(tx, keyring, ann, clock.now()); });
    }

    std::unique_ptr<store::Store> store = store::open({}, clock);
    acts::Keyring keyring;
};

TEST_F(Resealing, a_rotation_is_carried_out_at_once_and_the_old_key_goes_a_minute_later) {
    Resealer resealer(*store, clock, keyring, std::nullopt, io.get_executor());
    TaskGroup tasks(io.get_executor());
    tasks.start("resealer", resealer.run());
    settle();
    const auto old = keys().front().id;
    EXPECT_EQ(under(old), 100);
    rotate();
    settle();
    EXPECT_EQ(under(old), 0);
    EXPECT_EQ(keys().size(), 2U);
    pass(std::chrono::minutes(2));
    ASSERT_EQ(keys().size(), 1U);
    EXPECT_EQ(under(keys().front().id), 100);
    tasks.cancel();
    settle();
}

TEST_F(Resealing, one_that_was_left_half_done_is_finished_by_the_next) {
    rotate();
    write([this](store::Tx& tx) {
        auto some = acts::reseal_some(tx, keyring, clock.now());
        some.secrets.resize(10);
        acts::write_resealed(tx, some);
    });
    const auto old = keys().front().id;
    EXPECT_EQ(under(old), 90);
    rotate();
    Resealer resealer(*store, clock, keyring, std::nullopt, io.get_executor());
    TaskGroup tasks(io.get_executor());
    tasks.start("resealer", resealer.run());
    pass(std::chrono::minutes(2));
    ASSERT_EQ(keys().size(), 1U);
    EXPECT_EQ(under(keys().front().id), 100);
    tasks.cancel();
    settle();
}

TEST_F(Resealing, nothing_is_done_by_who_does_not_lead_or_has_no_keys) {
    rotate();
    const auto old = keys().front().id;
    Resealer deposed(*store, clock, keyring, 7, io.get_executor());
    Resealer locked(*store, clock, acts::Keyring(), std::nullopt, io.get_executor());
    TaskGroup tasks(io.get_executor());
    tasks.start("deposed", deposed.run());
    tasks.start("locked", locked.run());
    pass(std::chrono::minutes(5));
    EXPECT_EQ(under(old), 100);
    EXPECT_EQ(keys().size(), 2U);
    tasks.cancel();
    settle();
}

}  // namespace
}  // namespace berth::control
