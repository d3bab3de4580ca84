#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

Group make_group(const std::string& name) {
    return {.id = {"grp_" + name}, .name = name, .description = "Die Straße", .created_at = start_time};
}

class Groups : public EveryStore {};
BERTH_EVERY_STORE(Groups);

TEST_P(Groups, come_back_as_they_were_written_and_change) {
    auto physics = make_group("physics");
    physics.quota.gpu = 4;
    write([&](Tx& tx) { tx.insert_group(physics); });
    physics.tier = "free";
    physics.quota.storage = Bytes{1 << 30};
    write([&](Tx& tx) { tx.update_group(physics); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_group(physics.id); }), physics);
    EXPECT_EQ(read([](Rows& rows) { return rows.find_group_by_name("physics"); }), physics);
    EXPECT_EQ(read([](Rows& rows) { return rows.list_groups(); }), std::vector{physics});
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.update_group(make_group("none")); }); }), "not_found");
}

TEST_P(Groups, have_members_once_until_they_leave_or_it_ends) {
    const auto physics = make_group("physics"), arts = make_group("arts");
    write([&](Tx& tx) {
        tx.insert_group(physics);
        tx.insert_group(arts);
        tx.add_member(physics.id, ada.id);
        tx.add_member(physics.id, ada.id);
        tx.add_member(physics.id, bob.id);
        tx.add_member(arts.id, ada.id);
    });
    EXPECT_EQ(read([&](Rows& rows) { return rows.members_of(physics.id); }), (std::vector{ada, bob}));
    EXPECT_EQ(read([&](Rows& rows) { return rows.groups_of(ada.id); }), (std::vector{arts, physics}));
    write([&](Tx& tx) { tx.remove_member(physics.id, ada.id); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.groups_of(ada.id); }), std::vector{arts});
    write([&](Tx& tx) { tx.delete_group(physics.id); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.groups_of(bob.id); }), std::vector<Group>{});
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.add_member(physics.id, bob.id); }); }),
              "reference_missing");
}

TEST_P(Groups, and_tiers_are_kept_by_name) {
    Tier free{.name = "free", .quota = {.sessions = 1}, .created_at = start_time};
    write([&](Tx& tx) { tx.put_tier(free); });
    free.quota.max_lifetime = std::chrono::minutes(60);
    auto member = ada;
    member.tier = "free";
    write([&](Tx& tx) {
        tx.put_tier(free);
        tx.update_user(member);
    });
    EXPECT_EQ(read([](Rows& rows) { return rows.find_tier("free"); }), free);
    EXPECT_EQ(read([](Rows& rows) { return rows.list_tiers(); }), std::vector{free});
    EXPECT_EQ(read([](Rows& rows) { return rows.users_in_tier("free"); }), std::vector{member});
    EXPECT_TRUE(write([](Tx& tx) { return tx.delete_tier("free"); }));
    EXPECT_FALSE(write([](Tx& tx) { return tx.delete_tier("free"); }));
}

TEST_P(Groups, of_those_who_wait_the_longest_waiting_comes_first) {
    auto late = make_session(ada, "late"), early = make_session(bob, "early");
    const auto in = make_session(ada, "in");
    late.queued_at = at(20);
    early.queued_at = at(10);
    write([&](Tx& tx) {
        for (const auto& session : {late, early, in}) tx.insert_session(session);
    });
    EXPECT_EQ(read([](Rows& rows) { return rows.queued_sessions(); }), (std::vector{early, late}));
}

}  // namespace
}  // namespace berth::store
