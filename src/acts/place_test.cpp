#include "acts/place.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/clock.hpp"

namespace berth::acts {
namespace {

const Time now{std::chrono::hours(500'000)};

class Place : public ::testing::Test {
  protected:
    template <class F>
    void write(F work) {
        asio::io_context loop;
        auto done = asio::co_spawn(loop, store_->write(std::move(work)), asio::use_future);
        loop.run();
        done.get();
    }
    std::string keep(const std::string& choice) {
        try {
            write([&](store::Tx& tx) { keep_place(tx, choice); });
        } catch (const Error& error) {
            return error.code;
        }
        return "kept";
    }
    void add_workspace() {
        write([](store::Tx& tx) {
            tx.insert_user({.id = {"usr_1"}, .name = "ada", .display_name = "Ada", .created_at = now});
            tx.insert_workspace(
                {.id = {"wsp_1"}, .user = {"usr_1"}, .name = "lab", .template_ = "ide", .created_at = now});
        });
    }

    VirtualClock clock_{now};
    std::unique_ptr<store::Store> store_ = store::open({}, clock_);
};

TEST_F(Place, can_be_chosen_anew_as_long_as_nothing_is_there) {
    EXPECT_EQ(keep("user"), "kept");
    EXPECT_EQ(keep("workspace"), "kept");
    EXPECT_EQ(keep("shared"), "kept");
}

TEST_F(Place, stays_as_it_was_chosen_once_there_is_a_workspace) {
    EXPECT_EQ(keep("user"), "kept");
    add_workspace();
    EXPECT_EQ(keep("user"), "kept");
    EXPECT_EQ(keep("shared"), "place_changed");
    EXPECT_EQ(keep("workspace"), "place_changed");
}

TEST_F(Place, of_a_berth_from_before_one_could_choose_is_shared) {
    add_workspace();
    EXPECT_EQ(keep("shared"), "kept");
    EXPECT_EQ(keep("user"), "place_changed");
}

}  // namespace
}  // namespace berth::acts
