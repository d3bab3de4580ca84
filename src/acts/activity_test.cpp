#include "acts/activity.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <thread>
#include "acts/stay.hpp"

#include "acts/ask.hpp"

namespace berth::acts {
namespace {

using namespace std::chrono_literals;

const Time start{std::chrono::hours(500'000)};

/// Counts what is written, and is away when told to.
class CountingStore final : public store::Store {
  public:
    explicit CountingStore(Clock& clock) : inner_(store::open({}, clock)) {}

    std::shared_ptr<void> subscribe(Listener listener) override {
        return inner_->subscribe(std::move(listener));
    }
    void close() override { inner_->close(); }

    int writes = 0;
    bool away = false;

  private:
    void enqueue_write(std::function<void(store::Tx&)> work, Done done) override {
        if (away) return done(std::make_exception_ptr(Error(Kind::unavailable, "away", "nobody is there")));
        ++writes;
        forward(inner_->write(std::move(work)), std::move(done));
    }
    void enqueue_read(std::function<void(store::Rows&)> work, Done done) override {
        forward(inner_->read(std::move(work)), std::move(done));
    }
    static void forward(Task<> work, Done done) {
        asio::io_context loop;
        std::exception_ptr failure;
        asio::co_spawn(loop, std::move(work), [&](std::exception_ptr thrown) { failure = thrown; });
        loop.run();
        done(failure);
    }

    std::unique_ptr<store::Store> inner_;
};

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
                               .look_at = start + 1h,
                               .created_at = start});
        });
        store_->writes = 0;
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
    void runs() {
        write([](store::Tx& tx) {
            auto session = tx.get_session(Caller::system(), {"ses_1"});
            session.asks.wake = session.asked_at = start;
            session.status.phase = Phase::running;
            session.status.incarnation = session.incarnation;
            tx.update_session(session);
        });
    }
    void pass(Duration length) { clock_.advance(clock_.now() + length); }

    VirtualClock clock_{start};
    std::unique_ptr<CountingStore> store_ = std::make_unique<CountingStore>(clock_);
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
    runs();
    one_.note({"ses_1"}, start + 5s, "terminal");
    one_.note_uncounted({"ses_1"}, {"polls", "nobody makes them", 2, start + 1s});
    store_->away = true;
    EXPECT_THROW(run(one_.report()), Error);
    one_.note({"ses_1"}, start + 3s, "request");
    one_.note_uncounted({"ses_1"}, {"polls", "nobody makes them", 1, start + 6s});
    store_->away = false;
    run(one_.report());
    EXPECT_EQ(row().last_active_at, start + 5s);
    EXPECT_EQ(row().last_active_source, "terminal");
    EXPECT_EQ(row().stay.uncounted, (std::vector<Uncounted>{{"polls", "nobody makes them", 3, start + 6s}}));
}

TEST_F(Reports, while_nobody_is_waited_for_and_nobody_comes_nothing_is_written) {
    run(one_.report());
    EXPECT_EQ(known().until, start);
    write([](store::Tx& tx) {
        auto session = tx.get_session(Caller::system(), {"ses_1"});
        session.look_at.reset();
        tx.update_session(session);
    });
    pass(2min);
    run(one_.report());
    EXPECT_EQ(write([](store::Tx& tx) { return tx.watermarks().size(); }), 0u) << "it goes as one that ends";
    store_->writes = 0;
    for (int i = 0; i < 100; ++i) {
        pass(10s);
        run(one_.report());
    }
    EXPECT_EQ(store_->writes, 0);
    one_.note({"ses_1"}, clock_.now(), "request");
    run(one_.report());
    EXPECT_EQ(store_->writes, 1);
    EXPECT_EQ(row().last_active_at, clock_.now());
    EXPECT_EQ(known().gap, std::nullopt);
}

TEST_F(Reports, what_does_not_count_is_told_once_a_minute_or_with_what_does) {
    runs();
    const auto poll = [&] {
        one_.note_uncounted({"ses_1"}, {"polls", "nobody makes them", 1, clock_.now()});
        run(one_.report());
        return row().stay.uncounted.at(0).times;
    };
    EXPECT_EQ(poll(), 1);
    pass(10s);
    EXPECT_EQ(poll(), 1);
    one_.note({"ses_1"}, clock_.now(), "request");
    EXPECT_EQ(poll(), 3);
    for (int i = 0; i < 5; ++i) {
        pass(10s);
        EXPECT_EQ(poll(), 3);
    }
    pass(10s);
    EXPECT_EQ(poll(), 9);
    EXPECT_EQ(events(), 0u);
}

TEST_F(Reports, what_does_not_count_is_forgotten_of_what_does_not_run) {
    one_.note_uncounted({"ses_1"}, {"polls", "nobody makes them", 1, start});
    run(one_.report());
    EXPECT_TRUE(row().stay.uncounted.empty());
}

/// The session, frozen because nobody used it.
class Frozen : public Reports {
  protected:
    Frozen() {
        write([](store::Tx& tx) {
            auto session = tx.get_session(Caller::system(), {"ses_1"});
            session.asks = {.wake = start, .freeze = start + 1min};
            session.status.phase = Phase::frozen;
            session.status.incarnation = session.incarnation;
            session.stay.stopped_by = StopReason::idle;
            tx.update_session(session);
        });
    }
    ~Frozen() override {
        tasks_.cancel();
        settle();
    }
    State state() { return desired(row().asks); }
    /// Reports as a process does.
    void begin() {
        tasks_.start("activity", one_.run(10s));
        settle();
    }
    /// Until nothing happens any more.
    void settle() {
        for (int quiet = 0; quiet < 20; ++quiet) {
            loop_.restart();
            if (loop_.poll() > 0) quiet = 0;
            std::this_thread::sleep_for(1ms);
        }
    }

    asio::io_context loop_;
    TaskGroup tasks_{loop_.get_executor()};
};

TEST_F(Frozen, use_makes_it_go_on_and_is_told) {
    pass(2min);
    one_.note({"ses_1"}, start + 2min, "vnc");
    run(one_.report());
    EXPECT_EQ(state(), State::running);
    EXPECT_EQ(row().last_active_source, "vnc");
    EXPECT_EQ(row().look_at, start + 2min);
    const auto told = write([](store::Tx& tx) { return tx.events_after(Caller::system(), 0, 100); });
    ASSERT_EQ(told.size(), 2u) << "for the record, and for who follows";
    EXPECT_EQ(told[0].kind, "session.woken");
    EXPECT_EQ(told[0].actor, "ada");
    EXPECT_EQ(told[0].data.at("by"), "vnc");
}

TEST_F(Frozen, use_makes_it_go_on_also_when_the_clock_was_set_back_since) {
    pass(5min);
    write([now = clock_.now()](store::Tx& tx) {
        auto session = tx.get_session(Caller::system(), {"ses_1"});
        session.stay.stopped_by = StopReason::asked;
        session.asks.wake = start + 1h;
        session.asks.freeze = start + 1h + 1min;
        tx.update_session(session);
        follow_clock(tx, {.by = -1h, .since = now, .now = now});
    });
    EXPECT_EQ(state(), State::frozen);
    EXPECT_EQ(row().asks.freeze, start + 1min);
    one_.note({"ses_1"}, start + 5min, "terminal");
    run(one_.report());
    EXPECT_EQ(state(), State::running);
}

TEST_F(Frozen, use_is_written_down_at_once) {
    begin();
    one_.note({"ses_1"}, clock_.now() + 1ms, "terminal");
    settle();
    EXPECT_EQ(state(), State::running) << "not with the next report only";
}

TEST_F(Frozen, what_froze_since_is_heard_of) {
    write([](store::Tx& tx) {
        auto session = tx.get_session(Caller::system(), {"ses_1"});
        session.asks.wake = start + 2min;
        session.status.phase = Phase::running;
        session.status.freezable = true;
        tx.update_session(session);
    });
    begin();
    write([](store::Tx& tx) {
        put_ask(tx, {.caller = Caller::system(),
                     .name = "ses_1",
                     .ask = plan::ask_freeze,
                     .kind = "session.frozen",
                     .now = start + 3min});
    });
    settle();
    pass(4min);
    one_.note({"ses_1"}, start + 4min, "terminal");
    settle();
    EXPECT_EQ(state(), State::running);
}

TEST_F(Reports, a_clock_that_was_set_takes_along_what_was_dated_before) {
    for (const Duration by : {Duration(1h), Duration(-1h)}) {
        SCOPED_TRACE(by.count());
        const auto now = start + by + 10s;
        write([&](store::Tx& tx) {
            auto session = tx.get_session(Caller::system(), {"ses_1"});
            session.asked_at = start - 2h;
            session.last_active_at = now - 3s;  // Already by the clock as it is.
            session.stay.warned_at = start - 5min;
            session.stay.leased_until = start + 20min;
            tx.update_session(session);
            tx.put_watermark({.holder = "one", .reported_at = start - 1s});
        });
        const auto moved = write(
            [&](store::Tx& tx) { return follow_clock(tx, {.by = by, .since = now - 10s, .now = now}); });
        EXPECT_EQ(moved, std::vector<SessionId>{{"ses_1"}});
        EXPECT_EQ(row().asked_at, start - 2h + by);
        EXPECT_EQ(row().last_active_at, now - 3s);
        EXPECT_EQ(row().stay.warned_at, start - 5min + by);
        EXPECT_EQ(row().stay.leased_until, start + 20min + std::max(by, Duration(0))) << "rather too long";
        write([&](store::Tx& tx) { EXPECT_EQ(tx.watermarks()[0].reported_at, start - 1s + by); });
    }
}

}  // namespace
}  // namespace berth::acts
