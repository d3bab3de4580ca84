#include "operator/leader.hpp"

#include <boost/asio/co_spawn.hpp>

#include "operator/virtual_time_test.hpp"

namespace berth::control {
namespace {

/// A store that can fall silent: what is asked of it meanwhile is answered once it speaks again.
class SilentStore final : public store::Store {
  public:
    SilentStore(asio::io_context& io, Clock& clock) : io_(io), inner_(store::open({}, clock)) {}

    std::shared_ptr<void> subscribe(Listener listener) override {
        return inner_->subscribe(std::move(listener));
    }
    void close() override { inner_->close(); }
    void set_silent(bool silent) {
        silent_ = silent;
        for (auto& call : std::exchange(waiting_, {})) call();
    }

  private:
    void enqueue_write(std::function<void(store::Tx&)> work, Done done) override {
        enqueue([this, work = std::move(work), done = std::move(done)] {
            asio::co_spawn(io_, inner_->write(work), done);
        });
    }
    void enqueue_read(std::function<void(store::Rows&)> work, Done done) override {
        enqueue([this, work = std::move(work), done = std::move(done)] {
            asio::co_spawn(io_, inner_->read(work), done);
        });
    }
    void enqueue(std::function<void()> call) {
        if (silent_)
            waiting_.push_back(std::move(call));
        else
            call();
    }

    asio::io_context& io_;
    std::unique_ptr<store::Store> inner_;
    bool silent_ = false;
    std::vector<std::function<void()>> waiting_;
};

/// Several candidates on one store in memory, in virtual time.
class Leaders : public VirtualTime {
  protected:
    struct Candidate {
        Candidate(Leaders& world, const std::string& name)
            : leader(*world.store, world.clock, {.holder = name, .steady = world.steady},
                     world.io.get_executor()),
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

    void stop(Candidate& candidate) {
        candidate.task.cancel();
        settle();
        asio::co_spawn(io, candidate.leader.resign(), [](std::exception_ptr) {});
        settle();
    }
    void SetUp() override { settle(); }

    std::function<Duration()> steady = [this] { return clock.now().time_since_epoch(); };
    std::unique_ptr<SilentStore> store = std::make_unique<SilentStore>(io, clock);
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

TEST_F(Leaders, whose_database_is_silent_stop_before_their_lease_ends_and_may_lead_again) {
    Candidate one(*this, "one");
    pass(std::chrono::seconds(10));
    ASSERT_EQ(one.leading, 1);
    store->set_silent(true);
    pass(Duration(2500));
    EXPECT_EQ(one.leading, 0);
    store->set_silent(false);
    pass(std::chrono::seconds(4));
    EXPECT_EQ(one.leading, 1) << "nobody else has led";
    stop(one);
}

TEST_F(Leaders, whose_first_answer_came_too_late_do_not_begin) {
    store->set_silent(true);
    Candidate one(*this, "one");
    pass(std::chrono::seconds(10));
    store->set_silent(false);
    pass(Duration(1));
    EXPECT_EQ(one.leading, 1) << "asked anew";
    stop(one);
}

TEST_F(Leaders, that_resign_tell_no_user_which_process_that_was) {
    Candidate one(*this, "one");
    pass(std::chrono::seconds(1));
    stop(one);
    std::size_t seen = 1, all = 0;
    const auto read = [&](store::Rows& rows) {
        seen = rows.events_after({.user = {"usr_1"}, .name = "ada"}, 0, 10).size();
        all = rows.events_after(Caller::system(), 0, 10).size();
    };
    asio::co_spawn(io, store->read(read), [](std::exception_ptr) {});
    settle();
    EXPECT_EQ(seen, 0u);
    EXPECT_EQ(all, 1u);
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
