#include "model/workload.hpp"

#include <gtest/gtest.h>

namespace berth {
namespace {

const SecretRef token{SecretAs::file, "TOKEN", "/run/token", "1", true};

TEST(LiveChanges, are_files_that_are_to_be_otherwise_or_no_more) {
    auto newer = token;
    newer.version = "2";
    EXPECT_EQ(live_changes({token}, {token}), LiveChanges{});
    EXPECT_EQ(live_changes({newer}, {token}), (LiveChanges{.write = {newer}}));
    EXPECT_EQ(live_changes({token}, {}), (LiveChanges{.write = {token}}));
    EXPECT_EQ(live_changes({}, {token}), (LiveChanges{.remove = {token}}));
}

TEST(LiveChanges, are_never_an_environment_nor_what_stays_as_it_was) {
    auto variable = token, still = token;
    variable.as = SecretAs::env;
    still.live = false;
    for (const auto& ref : {variable, still}) {
        EXPECT_FALSE(follows_changes(ref));
        EXPECT_EQ(live_changes({ref}, {}), LiveChanges{});
        EXPECT_EQ(live_changes({}, {ref}), LiveChanges{});
    }
}

TEST(Delivery, is_wanted_by_what_has_files_or_secrets) {
    EXPECT_FALSE(wants_delivery({.name = "c"}));
    EXPECT_TRUE(wants_delivery({.name = "c", .files = {{"/a", ""}}}));
    EXPECT_TRUE(wants_delivery({.name = "c", .secrets = {token}}));
}

}  // namespace
}  // namespace berth
