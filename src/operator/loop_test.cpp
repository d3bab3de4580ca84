#include "operator/loop.hpp"

#include <boost/asio/co_spawn.hpp>

#include "base/log.hpp"
#include "engine/sim/sim.hpp"
#include "operator/virtual_time_test.hpp"

namespace berth::control {
namespace {

using namespace std::chrono_literals;

/// A loop on a simulated engine and a store in memory, in virtual time.
class Loops : public VirtualTime {
  protected:
    Loops() { log::configure(log::Level::off, log::Format::text); }
    ~Loops() override { stop(); }

    void start() {
        loop = std::make_unique<Loop>(
            *store, clock, Loop::Engines{{"sim", &engine}}, [](const Session&) { return std::string(); },
            LoopOptions{.seed = 1, .passed = [this] { return clock.now().time_since_epoch(); }},
            io.get_executor());
        tasks.start("loop", loop->run());
        settle();
    }
    void stop() {
        tasks.cancel();
        settle();
        EXPECT_EQ(tasks.size(), 0u);
    }
    void ask_sweep() {
        auto ask = [now = clock.now()](store::Tx& tx) { acts::ask_sweep(tx, {.name = "root"}, now); };
        asio::co_spawn(io, store->write(ask), [](std::exception_ptr) {});
        settle();
    }
    /// When the sweep was asked for that was done last.
    std::optional<Time> swept() {
        std::optional<Time> at;
        auto read = [&](store::Rows& rows) {
            if (const auto last = acts::last_sweep(rows)) at = last->ask.at;
        };
        asio::co_spawn(io, store->read(read), [](std::exception_ptr) {});
        settle();
        return at;
    }
    /// Kinds of what was told of engines, oldest first.
    std::vector<std::string> told() {
        std::vector<std::string> kinds;
        auto read = [&](store::Rows& rows) {
            for (const auto& event : rows.events_of(Caller::system(), "sim", 10)) kinds.push_back(event.kind);
        };
        asio::co_spawn(io, store->read(read), [](std::exception_ptr) {});
        settle();
        return kinds;
    }
    /// Its next call finds it away, for up to half a minute.
    void lose_engine() {
        engine.set_faults({.outage = 1.0});
        asio::co_spawn(io, engine.observe({"ses_1"}), [](std::exception_ptr, Observed) {});
        settle();
        engine.set_faults({});
        ASSERT_TRUE(engine.down_because());
    }

    std::unique_ptr<store::Store> store = store::open({}, clock);
    engine::SimEngine engine{clock, io.get_executor(), {}, 1};
    std::unique_ptr<Loop> loop;
    TaskGroup tasks{io.get_executor()};
};

TEST_F(Loops, that_have_ended_begin_nothing_whatever_they_hear_before_they_go) {
    start();
    pass(1s);
    stop();
    ask_sweep();
    pass(2min);
    EXPECT_EQ(swept(), std::nullopt);
}

TEST_F(Loops, do_a_sweep_that_was_asked_for_during_another) {
    engine.set_faults({.call_time = 2s});
    start();
    pass(10s);
    ask_sweep();
    clock.advance(clock.now() + 1ms);
    ask_sweep();
    const auto asked = clock.now();
    pass(6s);
    EXPECT_EQ(swept(), asked);
}

TEST_F(Loops, tell_once_that_an_engine_is_away_however_often_the_lead_changes) {
    start();
    pass(1s);
    stop();
    lose_engine();
    for (int leader = 0; leader < 3; ++leader) {
        start();
        stop();
    }
    EXPECT_EQ(told(), std::vector<std::string>{"engine.lost"});
    pass(1min);
    ASSERT_FALSE(engine.down_because());
    start();
    stop();
    EXPECT_EQ(told(), (std::vector<std::string>{"engine.lost", "engine.restored"}));
}

}  // namespace
}  // namespace berth::control
