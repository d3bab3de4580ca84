#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <future>

#include "acts/launch.hpp"
#include "acts/people.hpp"
#include "acts/queue.hpp"
#include "acts/quota.hpp"
#include "base/clock.hpp"

/// Many launches at once, on a database with threads of its own.
namespace berth::acts {
namespace {

using plan::Resource;

const Time now{std::chrono::hours(500'000)};
const Caller root{.name = "root", .role = Role::admin};
constexpr int users = 50, groups = 5, launches = 5000;
constexpr int of_user = 20, of_group = 120, of_engine = 500;

class Parallel : public ::testing::Test {
  protected:
    template <class F>
    std::future<std::invoke_result_t<F, store::Tx&>> start(F work) {
        return asio::co_spawn(pool_, store_->write(std::move(work)), asio::use_future);
    }
    template <class F>
    std::invoke_result_t<F, store::Tx&> write(F work) {
        return start(std::move(work)).get();
    }
    Parallel() {
        for (const bool queue : {false, true}) {
            TemplateSpec spec{.queue = queue};
            spec.components = {{.name = "main", .image = "main:1"}};
            write([&](store::Tx& tx) {
                tx.insert_revision({.name = queue ? "patient" : "plain",
                                    .spec = spec,
                                    .created_at = now,
                                    .updated_at = now});
            });
        }
        const Quota each{.sessions = launches,
                         .running = of_user,
                         .cpu = MilliCpu{1'000'000},
                         .memory = Bytes{std::int64_t{1} << 50}};
        for (int i = 0; i < groups; ++i)
            write([&](store::Tx& tx) {
                add_group(tx, root,
                          {.name = "group-" + std::to_string(i),
                           .quota = {.running = of_group},
                           .created_at = now});
            });
        for (int i = 0; i < users; ++i)
            write([&](store::Tx& tx) {
                const User user{.id = {"usr_" + std::to_string(i)},
                                .name = "user-" + std::to_string(i),
                                .quota = each,
                                .created_at = now};
                tx.insert_user(user);
                join_group(tx, root, "group-" + std::to_string(i % groups), user, now);
            });
        write([](store::Tx& tx) { keep_capacity(tx, "sim", {.running = of_engine}); });
    }
    ~Parallel() override {
        pool_.join();
        store_.reset();
        std::filesystem::remove_all(directory_);
    }
    auto launch_as(int user, bool queue) {
        return start([user, queue](store::Tx& tx) {
            const auto id = std::to_string(user);
            return launch(tx, {.user = {"usr_" + id},
                               .actor = "user-" + id,
                               .wish = {.template_ = queue ? "patient" : "plain"},
                               .engine = "sim",
                               .now = now});
        });
    }
    /// What is over its limit, for people.
    std::string over() {
        return write([](store::Tx& tx) {
            std::string found;
            std::vector<plan::Account> accounts{engine_account(tx, "sim")};
            for (const auto& group : tx.list_groups()) accounts.push_back(account_of(tx, group));
            for (int i = 0; i < users; ++i)
                accounts.push_back(account_of(tx, tx.get_user({"usr_" + std::to_string(i)})));
            for (const auto& account : accounts)
                for (const auto& [what, limit] : account.limits)
                    if (account.used[what] > limit.most) found += account.name + " ";
            return found;
        });
    }
    std::int64_t running() {
        return write([](store::Tx& tx) { return engine_account(tx, "sim").used[Resource::running]; });
    }

    std::string directory_ =
        std::filesystem::temp_directory_path() / ("berth-parallel-" + std::to_string(::getpid()));
    VirtualClock clock_{now};
    asio::thread_pool pool_{4};
    std::unique_ptr<store::Store> store_ = [this] {
        std::filesystem::create_directories(directory_);
        return store::open({.database = directory_ + "/berth.db"}, clock_);
    }();
};

TEST_F(Parallel, five_thousand_launches_are_never_over_lose_nobody_and_leave_nobody_stuck) {
    std::vector<std::future<Session>> asked;
    for (int i = 0; i < launches; ++i) asked.push_back(launch_as(i % users, i % 2 == 0));
    int started = 0, waiting = 0, refused = 0;
    for (auto& answer : asked) {
        try {
            (answer.get().queued_at ? waiting : started) += 1;
        } catch (const Error& error) {
            ASSERT_EQ(error.code, "quota_exceeded") << error.what();
            ++refused;
        }
    }
    EXPECT_EQ(started + waiting + refused, launches) << "each has one answer";
    EXPECT_EQ(over(), "");
    EXPECT_EQ(running(), started);
    // Those that run end again and again, until nobody is left: whoever waits comes in.
    for (int round = 0; waiting > 0 && round < launches; ++round) {
        waiting = write([](store::Tx& tx) {
            for (int i = 0; i < users; ++i)
                for (auto session : tx.sessions_of({"usr_" + std::to_string(i)}))
                    if (takes_part(session)) {
                        session.status.phase = Phase::gone;
                        tx.update_session(session);
                    }
            const auto turns = let_in(tx, "berth", now);
            return turns.waiting.empty() ? 0 : static_cast<int>(turns.waiting.at("sim"));
        });
        ASSERT_EQ(over(), "") << "round " << round;
    }
    EXPECT_EQ(waiting, 0);
}

}  // namespace
}  // namespace berth::acts
