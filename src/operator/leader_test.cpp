#include "operator/leader.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace berth::control {
namespace {

/// Several candidates on one store in memory, in virtual time.
class Leaders : public testing::Test {
  protected:
    struct Candidate {
        Candidate(Leaders& world, const std::string& name)
            : leader(*world.store, world.clock, {.holder = name}, world.io.get_executor()),
              task(world.io.get_executor()) {
            task.start(name, leader.run([this, &world](std::int64_t epoch) { return lead(world, epoch); }));
        }
        Task<> lead(Leaders& world, std::int64_t epoch) {
            leading = epoch;
            try {
                co_await world.clock.sleep(std::chrono::hours(1000));
            } catch (const boost::system::system_error&) {
                leading = 0;
                throw;
            }
        }
        std::int64_t leading = 0;
        Leader leader;
        TaskGroup task;
    };

    void settle() {
        for (int turn = 0; turn < 50; ++turn) {
            io.restart();
            io.poll();
        }
    }
    /// Lets time pass in the steps in which somebody waits for it.
    void pass(Duration length) {
        settle();
        for (const auto until = clock.now() + length; clock.now() < until; settle())
            clock.advance(std::min(clock.next().value_or(until), until));
    }
    void stop(Candidate& candidate) {
        candidate.task.cancel();
        settle();
        asio::co_spawn(io, candidate.leader.resign(), [](std::exception_ptr) {});
        settle();
    }
    void SetUp() override { settle(); }

    asio::io_context io;
    VirtualClock clock{Time(std::chrono::hours(24 * 365 * 50))};
    std::unique_ptr<store::Store> store = store::open({}, clock);
};

TEST_F(Leaders, are_one_at_a_time_for_as_long_as_they_renew) {
    Candidate one(*this, "one"), two(*this, "two");
    pass(std::chrono::minutes(1));
    EXPECT_EQ(one.leading + two.leading, 1);
    stop(one);
    stop(two);
}

TEST_F(Leaders, that_stop_are_followed_at_once) {
    Candidate one(*this, "one");
    pass(Duration(0));
    Candidate two(*this, "two");
    pass(std::chrono::seconds(10));
    ASSERT_EQ(one.leading, 1);
    stop(one);
    EXPECT_EQ(two.leading, 2) << "no time has passed";
    stop(two);
}

TEST_F(Leaders, that_vanish_are_followed_when_their_lease_ends) {
    auto one = std::make_unique<Candidate>(*this, "one");
    pass(Duration(0));
    Candidate two(*this, "two");
    pass(std::chrono::seconds(10));
    ASSERT_EQ(one->leading, 1);
    one->task.cancel();
    settle();
    pass(Duration(2900));
    const auto early = two.leading;
    pass(Duration(200));
    EXPECT_EQ(early, 0);
    EXPECT_EQ(two.leading, 2) << "not a second later than it may";
    stop(two);
}

TEST_F(Leaders, that_were_deposed_stop_acting_and_may_lead_again) {
    Candidate one(*this, "one");
    pass(std::chrono::seconds(5));
    ASSERT_EQ(one.leading, 1);
    // As if it had hung while another took over.
    const auto take = [](store::Tx& tx) {
        tx.release_leadership("one", 1);
        tx.take_leadership("two", std::chrono::seconds(3));
    };
    asio::co_spawn(io, store->write(take), [](std::exception_ptr) {});
    pass(Duration(2500));
    EXPECT_EQ(one.leading, 0);
    pass(std::chrono::seconds(2));
    EXPECT_EQ(one.leading, 3);
    stop(one);
}

}  // namespace
}  // namespace berth::control
