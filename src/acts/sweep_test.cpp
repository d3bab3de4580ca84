#include "acts/sweep.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/clock.hpp"

namespace berth::acts {
namespace {

const Time now{std::chrono::hours(500'000)};

/// Kinds of the events that the caller may see.
std::vector<std::string> seen_by(store::Rows& rows, const Caller& caller) {
    std::vector<std::string> kinds;
    for (const auto& event : rows.events_after(caller, 0, 10)) kinds.push_back(event.kind);
    return kinds;
}

TEST(Sweep, is_told_of_to_who_asked_and_to_administrators_alone) {
    VirtualClock clock{now};
    const auto store = store::open({}, clock);
    const auto work = [](store::Tx& tx) {
        for (const auto* name : {"root", "ada"})
            tx.insert_user({.id = {std::string("usr_") + name}, .name = name, .created_at = now});
        ask_sweep(tx, {.user = {"usr_root"}, .name = "root"}, now);
        report_sweep(tx, {.ask = *open_sweep(tx), .at = now}, "berth");
        report_sweep(tx, {.ask = {.at = now, .actor = "gone"}, .at = now}, "berth");
        using Kinds = std::vector<std::string>;
        EXPECT_EQ(seen_by(tx, {.user = {"usr_ada"}}), Kinds());
        EXPECT_EQ(seen_by(tx, {.user = {"usr_root"}}), (Kinds{"sweep.asked", "sweep.done"}));
        EXPECT_EQ(seen_by(tx, Caller::system()), (Kinds{"sweep.asked", "sweep.done", "sweep.done"}));
    };
    asio::io_context loop;
    auto done = asio::co_spawn(loop, store->write(work), asio::use_future);
    loop.run();
    done.get();
}

}  // namespace
}  // namespace berth::acts
