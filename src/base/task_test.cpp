#include "base/task.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.hpp"
#include "base/timeout.hpp"
#include "base/together.hpp"

namespace berth {
namespace {

using namespace std::chrono_literals;

/// A loop in virtual time: runs what is ready, then moves the clock to the next sleeper.
struct World {
    asio::io_context io;
    VirtualClock clock{Time(1h)};

    void run(Task<> task) {
        std::exception_ptr failure;
        bool ended = false;
        asio::co_spawn(io, std::move(task),
                       [&](std::exception_ptr thrown) { failure = thrown, ended = true; });
        while (!ended) {
            io.restart();
            io.poll();
            if (ended) break;
            const auto next = clock.next();
            if (!next) FAIL() << "nothing will ever happen";
            clock.advance(*next);
        }
        if (failure) std::rethrow_exception(failure);
    }
};

Task<> append_later(World& world, Duration after, std::string word, std::vector<std::string>& words) {
    co_await world.clock.sleep(after);
    words.push_back(std::move(word));
}

Task<> fail_later(World& world, Duration after, std::string why) {
    co_await world.clock.sleep(after);
    throw std::runtime_error(why);
}

TEST(Together, runs_side_by_side_and_waits_for_all) {
    World world;
    std::vector<std::string> words;
    std::vector<Task<>> tasks;
    tasks.push_back(append_later(world, 20s, "late", words));
    tasks.push_back(append_later(world, 10s, "early", words));
    world.run(together(std::move(tasks)));
    EXPECT_EQ(words, (std::vector<std::string>{"early", "late"}));
    EXPECT_EQ(world.clock.now(), Time(1h + 20s));
    world.run(together({}));
}

TEST(Together, a_failure_is_thrown_after_all_have_ended_and_the_first_in_order_speaks) {
    World world;
    std::vector<std::string> words;
    std::vector<Task<>> tasks;
    tasks.push_back(fail_later(world, 20s, "one"));
    tasks.push_back(fail_later(world, 10s, "two"));
    tasks.push_back(append_later(world, 30s, "three", words));
    std::string why;
    try {
        world.run(together(std::move(tasks)));
    } catch (const std::runtime_error& error) {
        why = error.what();
    }
    EXPECT_EQ(why, "one");
    EXPECT_EQ(words, (std::vector<std::string>{"three"}));
}

Task<> run_together(std::vector<Task<>> tasks, bool& went_on) {
    co_await together(std::move(tasks));
    went_on = true;
}

TEST(Together, is_cancelled_with_all_of_it) {
    World world;
    std::vector<std::string> words;
    bool went_on = false;
    std::vector<Task<>> tasks;
    tasks.push_back(append_later(world, 1h, "never", words));
    tasks.push_back(append_later(world, 2h, "never", words));
    TaskGroup group(world.io.get_executor());
    group.start("both", run_together(std::move(tasks), went_on));
    world.io.poll();
    group.cancel();
    world.run(group.join());
    EXPECT_TRUE(words.empty());
    EXPECT_FALSE(went_on);
    EXPECT_EQ(world.clock.now(), Time(1h));
}

TEST(TaskGroup, join_waits_for_every_task_also_those_started_meanwhile) {
    World world;
    std::vector<std::string> words;
    TaskGroup group(world.io.get_executor());
    group.start("late", append_later(world, 20s, "late", words));
    group.start("early", append_later(world, 10s, "early", words));
    world.run(group.join());
    EXPECT_EQ(words, (std::vector<std::string>{"early", "late"}));
    EXPECT_EQ(world.clock.now(), Time(1h + 20s));
}

TEST(TaskGroup, cancel_ends_what_waits) {
    World world;
    std::vector<std::string> words;
    TaskGroup group(world.io.get_executor());
    group.start("never", append_later(world, 1h, "never", words));
    world.io.poll();
    group.cancel();
    world.run(group.join());
    EXPECT_TRUE(words.empty());
    EXPECT_EQ(world.clock.now(), Time(1h)) << "no time had to pass";
}

TEST(TaskGroup, a_task_that_fails_does_not_disturb_the_others) {
    World world;
    std::vector<std::string> words;
    auto fail = []() -> Task<> {
        throw Error(Kind::internal, "x", "expected by the test");
        co_return;
    };
    TaskGroup group(world.io.get_executor());
    group.start("fails", fail());
    group.start("works", append_later(world, 1s, "works", words));
    world.run(group.join());
    EXPECT_EQ(words, std::vector<std::string>{"works"});
}

Task<int> answer_after(World& world, Duration after) {
    co_await world.clock.sleep(after);
    co_return 42;
}

Task<> expect_answer(World& world, Duration after, Duration limit, std::string& seen) {
    try {
        const auto answer =
            co_await finish_within(world.clock, limit, "the oracle", answer_after(world, after));
        seen = std::to_string(answer);
    } catch (const Error& error) {
        seen = error.code + ": " + error.user;
    }
}

TEST(FinishWithin, gives_the_result_or_says_who_did_not_answer) {
    World world;
    std::string seen;
    world.run(expect_answer(world, 1s, 2s, seen));
    EXPECT_EQ(seen, "42");
    world.run(expect_answer(world, 3s, 2s, seen));
    EXPECT_EQ(seen, "timed_out: the oracle: no answer within 2s");
    EXPECT_EQ(world.clock.now(), Time(1h + 3s));
}

Task<> fail_at_once(World& world, std::string& seen) {
    auto fail = []() -> Task<int> {
        throw Error(Kind::conflict, "early", "failed early");
        co_return 0;
    };
    try {
        co_await finish_within(world.clock, 1h, "it", fail());
    } catch (const Error& error) {
        seen = error.code;
    }
}

TEST(FinishWithin, a_failure_is_heard_at_once_and_not_as_a_late_time_out) {
    World world;
    std::string seen;
    world.run(fail_at_once(world, seen));
    EXPECT_EQ(seen, "early");
    EXPECT_EQ(world.clock.now(), Time(1h));
}

}  // namespace
}  // namespace berth
