#include "acts/activity.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace berth::acts {
namespace {

using namespace std::chrono_literals;

const Time start{std::chrono::hours(500'000)};

class Reports : public ::testing::Test {
  protected:
    template <class T>
    T run(Task<T> task) {
        asio::io_context loop;
        auto done = asio::co_spawn(loop, std::move(task), asio::use_future);
        loop.run();
        return done.get();
    }
    template <class F>
    auto write(F work) {
        return run(store_->write(std::move(work)));
    }
    Reports() {
        write([](store::Tx& tx) {
            tx.insert_user({.id = {"usr_1"}, .name = "ada", .created_at = start});
            tx.insert_revision({.name = "shell", .created_at = start, .updated_at = start});
            tx.insert_session({.id = {"ses_1"},
                               .user = {"usr_1"},
                               .name = "lab",
                               .host = "lab-1",
                               .template_ = "shell",
                               .created_at = start});
        });
    }
    Session row() {
        return write([](store::Tx& tx) { return tx.get_session(Caller::system(), {"ses_1"}); });
    }
    plan::Knowledge known() {
        return write([now = clock_.now()](store::Tx& tx) { return knowledge_of(tx, now); });
    }
    std::size_t events() {
        return write([](store::Tx& tx) { return tx.events_after(Caller::system(), 0, 100).size(); });
    }
    void pass(Duration length) { clock_.advance(clock_.now() + length); }

    VirtualClock clock_{start};
    std::unique_ptr<store::Store> store_ = store::open({}, clock_);
    Activity one_{*store_, clock_, "one"}, two_{*store_, clock_, "two"};
};

TEST_F(Reports, the_latest_use_of_each_session_is_written_down_once) {
    one_.note({"ses_1"}, start + 5s, "terminal");
    one_.note({"ses_1"}, start + 2s, "request");
    one_.note({"ses_gone"}, start, "request");
    EXPECT_EQ(row().last_active_at, std::nullopt);
    run(one_.report());
    EXPECT_EQ(row().last_active_at, start + 5s);
    EXPECT_EQ(row().last_active_source, "terminal");
    two_.note({"ses_1"}, start + 1s, "vnc");
    run(two_.report());
    EXPECT_EQ(row().last_active_at, start + 5s) << "an older use changes nothing";
    EXPECT_EQ(events(), 0u) << "nothing happens because of it";
}

TEST_F(Reports, all_that_report_are_known_up_to_the_slowest) {
    EXPECT_EQ(known().until, start) << "nobody is there who could have seen something";
    run(one_.report());
    pass(7s);
    run(two_.report());
    pass(3s);
    EXPECT_EQ(known().until, start);
    run(one_.report());
    EXPECT_EQ(known().until, start + 7s);
    run(two_.end());
    EXPECT_EQ(known().until, start + 10s) << "who ends properly has told everything";
    EXPECT_EQ(known().gap, std::nullopt);
}

TEST_F(Reports, what_a_killed_process_saw_last_is_unknown_for_ever) {
    run(one_.report());
    pass(silence_limit - 1s);
    run(two_.report());
    EXPECT_EQ(known().until, start) << "it may still come";
    pass(2s);
    EXPECT_EQ(known().until, start + silence_limit - 1s);
    EXPECT_EQ(known().gap, start + silence_limit);
    run(two_.report());
    pass(1h);
    run(two_.report());
    EXPECT_EQ(known().gap, start + silence_limit);
    EXPECT_EQ(write([](store::Tx& tx) { return tx.watermarks().size(); }), 1u);
}

TEST_F(Reports, use_takes_a_warning_back_and_the_loop_hears_of_it) {
    write([](store::Tx& tx) {
        auto session = tx.get_session(Caller::system(), {"ses_1"});
        session.stay.warned_at = start;
        tx.update_session(session);
    });
    one_.note({"ses_1"}, start + 1s, "request");
    run(one_.report());
    EXPECT_EQ(events(), 1u);
}

TEST_F(Reports, what_could_not_be_written_is_told_by_the_next) {
    one_.note({"ses_1"}, start + 5s, "terminal");
    bool asked = false;
    one_.collect = [&asked](Activity&) {
        if (!std::exchange(asked, true)) throw Error(Kind::unavailable, "away", "away");
    };
    EXPECT_THROW(run(one_.report()), Error);
    run(one_.report());
    EXPECT_EQ(row().last_active_at, start + 5s);
}

}  // namespace
}  // namespace berth::acts
