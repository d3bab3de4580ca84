#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

class Sessions : public EveryStore {};
BERTH_EVERY_STORE(Sessions);

Session full_session(const User& user, const std::string& name) {
    auto session = make_session(user, name);
    session.asks.hibernate = at(3);
    session.incarnation = 4;
    session.asked_at = at(5);
    session.look_at = at(6);
    session.last_active_at = at(7);
    session.last_active_source = "terminal";
    session.status.phase = Phase::failed;
    session.status.reason = "Exited";
    session.status.message = "exit status 1";
    session.status.components = {
        {.name = "main", .phase = ComponentPhase::exited, .restarts = 2, .restarted_at = at(8)}};
    session.status.conditions = {{.type = "EgressNotEnforced", .message = "no nftables"}};
    session.status.started_at = at(9);
    session.status.timings = {.admitted = 0.1, .pulled = 2.5};
    session.status.last_log = {"line \"1\"", std::string("nul \0 inside", 12)};
    session.status.incarnation = 4;
    return session;
}

TEST_P(Sessions, come_back_as_they_were_written) {
    const auto workspace = make_workspace(ada, "files");
    auto session = full_session(ada, "shell");
    session.workspace = workspace.id;
    write([&](Tx& tx) {
        tx.insert_workspace(workspace);
        tx.insert_session(session);
    });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_session(as_ada, session.id); }), session);
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_session(system, session.id); }), session);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_session_by_name(ada.id, "shell"); }), session);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_session_by_host(session.host); }), session);
    EXPECT_EQ(read([&](Rows& rows) { return rows.sessions_of(ada.id); }), std::vector{session});
    EXPECT_EQ(read([&](Rows& rows) { return rows.sessions_on(workspace.id); }), std::vector{session});
}

TEST_P(Sessions, change_all_but_what_never_changes) {
    const auto before = make_session(ada, "shell");
    write([&](Tx& tx) { tx.insert_session(before); });
    auto changed = full_session(ada, "renamed");
    changed.id = before.id;
    changed.user = bob.id;
    changed.host = "another";
    changed.template_ = "another";
    changed.created_at = at(100);
    write([&](Tx& tx) { tx.update_session(changed); });
    auto expected = changed;
    expected.user = before.user;
    expected.host = before.host;
    expected.template_ = before.template_;
    expected.created_at = before.created_at;
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_session(as_ada, before.id); }), expected);
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.update_session(make_session(ada, "no")); }); }),
              "not_found");
}

TEST_P(Sessions, of_another_are_not_found) {
    const auto session = make_session(ada, "shell");
    write([&](Tx& tx) { tx.insert_session(session); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_session(as_bob, session.id); }), std::nullopt);
    EXPECT_EQ(code_of([&] { read([&](Rows& rows) { return rows.get_session(as_bob, session.id); }); }),
              "not_found");
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_sessions(as_bob, {}); }).total, 0);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_session_by_name(bob.id, "shell"); }), std::nullopt);
    EXPECT_EQ(read([&](Rows& rows) { return rows.sessions_of(bob.id); }), std::vector<Session>{});
    auto admin = as_bob;
    admin.role = Role::admin;
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_session(admin, session.id); }), std::nullopt)
        << "an administrator sees them only when asking for everything";
    admin.everything = true;
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_session(admin, session.id); }), session);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_sessions(admin, {}); }).items, std::vector{session});
}

TEST_P(Sessions, have_a_name_of_their_own_until_they_are_gone) {
    auto first = make_session(ada, "shell");
    auto second = first;
    second.id = {"ses_2"};
    second.host = "shell-2";
    write([&](Tx& tx) { tx.insert_session(first); });
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.insert_session(second); }); }), "name_taken");
    write([&](Tx& tx) { tx.insert_session(make_session(bob, "shell")); });
    first.status.phase = Phase::gone;
    write([&](Tx& tx) { tx.update_session(first); });
    write([&](Tx& tx) { tx.insert_session(second); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_session_by_name(ada.id, "shell"); }), second);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_session(as_ada, first.id); }), first);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_sessions(as_ada, {}); }).items, std::vector{second});
    const Query gone{.equal = {{"phase", "gone"}}};
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_sessions(as_ada, gone); }).items, std::vector{first});
}

TEST_P(Sessions, never_share_a_host_even_with_one_that_is_gone) {
    auto first = make_session(ada, "shell");
    first.status.phase = Phase::gone;
    auto second = make_session(bob, "other");
    second.host = first.host;
    write([&](Tx& tx) { tx.insert_session(first); });
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.insert_session(second); }); }), "host_taken");
}

TEST_P(Sessions, refer_to_what_exists) {
    auto session = make_session(ada, "shell");
    session.template_ = "nothing";
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.insert_session(session); }); }), "reference_missing");
    session = make_session(make_user("nobody"), "shell");
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.insert_session(session); }); }), "reference_missing");
}

TEST_P(Sessions, that_are_unsettled_are_told_with_their_time_earliest_first) {
    auto first = make_session(ada, "first"), second = make_session(ada, "second"),
         third = make_session(ada, "third");
    first.look_at = at(20);
    second.look_at = at(10);
    third.look_at = std::nullopt;
    write([&](Tx& tx) {
        for (const auto& session : {first, second, third}) tx.insert_session(session);
    });
    using Keys = std::vector<std::pair<SessionId, Time>>;
    EXPECT_EQ(read([](Rows& rows) { return rows.unsettled_sessions(); }),
              (Keys{{second.id, at(10)}, {first.id, at(20)}}));
}

TEST_P(Sessions, that_run_are_told_oldest_first) {
    auto first = make_session(ada, "first"), second = make_session(ada, "second"),
         third = make_session(ada, "third");
    first.status.phase = second.status.phase = Phase::running;
    first.created_at = at(20);
    second.created_at = at(10);
    third.status.phase = Phase::hibernated;
    write([&](Tx& tx) {
        for (const auto& session : {first, second, third}) tx.insert_session(session);
    });
    EXPECT_EQ(read([](Rows& rows) { return rows.running_sessions(); }),
              (std::vector<SessionId>{second.id, first.id}));
}

TEST_P(Sessions, at_rest_are_told_of_one_engine) {
    auto slept = make_session(ada, "slept"), failed = make_session(ada, "failed"),
         running = make_session(ada, "running"), elsewhere = make_session(ada, "elsewhere");
    slept.status.phase = elsewhere.status.phase = Phase::hibernated;
    failed.status.phase = Phase::failed;
    running.status.phase = Phase::running;
    elsewhere.engine = "elsewhere";
    slept.created_at = at(20);
    failed.created_at = at(10);
    write([&](Tx& tx) {
        for (const auto& session : {slept, failed, running, elsewhere}) tx.insert_session(session);
    });
    EXPECT_EQ(read([&](Rows& rows) { return rows.resting_sessions(slept.engine); }),
              (std::vector<SessionId>{failed.id, slept.id}));
}

TEST_P(Sessions, are_filtered_by_the_state_that_their_asks_amount_to) {
    std::vector<Session> made;
    for (const auto* name : {"launched", "slept", "woken", "ended"}) made.push_back(make_session(ada, name));
    made[1].asks.hibernate = at(5);
    made[2].asks = {.wake = at(9), .hibernate = at(5)};
    made[3].asks = {.wake = at(9), .terminate = at(5)};
    write([&](Tx& tx) {
        for (const auto& session : made) tx.insert_session(session);
    });
    for (const auto& state : {State::running, State::hibernated, State::terminated}) {
        std::vector<std::string> expected, found;
        for (const auto& session : made)
            if (desired(session.asks) == state) expected.push_back(session.name);
        const Query query{.equal = {{"state", json::enum_name(state)}}, .sort = "createdAt"};
        for (const auto& session : read([&](Rows& rows) { return rows.list_sessions(as_ada, query); }).items)
            found.push_back(session.name);
        std::ranges::sort(expected);
        std::ranges::sort(found);
        EXPECT_EQ(found, expected) << json::enum_name(state);
    }
}

class Workspaces : public EveryStore {};
BERTH_EVERY_STORE(Workspaces);

TEST_P(Workspaces, come_back_change_and_end) {
    auto workspace = make_workspace(ada, "files");
    write([&](Tx& tx) { tx.insert_workspace(workspace); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_workspace(as_ada, workspace.id); }), workspace);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_workspace_by_name(ada.id, "files"); }), workspace);
    workspace.name = "renamed";
    workspace.last_used_at = at(4);
    write([&](Tx& tx) { tx.update_workspace(workspace); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_workspaces(as_ada, {}); }).items,
              std::vector{workspace});
    write([&](Tx& tx) { tx.delete_workspace(workspace.id); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_workspace(system, workspace.id); }), std::nullopt);
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.delete_workspace(workspace.id); }); }), "not_found");
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.update_workspace(workspace); }); }), "not_found");
}

TEST_P(Workspaces, of_another_are_not_found) {
    const auto workspace = make_workspace(ada, "files");
    write([&](Tx& tx) { tx.insert_workspace(workspace); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_workspace(as_bob, workspace.id); }), std::nullopt);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_workspace_by_name(bob.id, "files"); }), std::nullopt);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_workspaces(as_bob, {}); }).total, 0);
    EXPECT_EQ(code_of([&] { read([&](Rows& rows) { return rows.get_workspace(as_bob, workspace.id); }); }),
              "not_found");
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_workspaces(system, {}); }).total, 1);
}

TEST_P(Workspaces, that_are_being_deleted_give_their_name_back) {
    auto old = make_workspace(ada, "files");
    auto young = old;
    young.id = {"wsp_2"};
    write([&](Tx& tx) { tx.insert_workspace(old); });
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.insert_workspace(young); }); }), "name_taken");
    old.deleted_at = at(1);
    write([&](Tx& tx) {
        tx.update_workspace(old);
        tx.insert_workspace(young);
    });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_workspace(as_ada, old.id); }), std::nullopt);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_workspace(system, old.id); }), old);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_workspaces(as_ada, {}); }).items, std::vector{young});
    EXPECT_EQ(read([](Rows& rows) { return rows.workspaces_to_remove(); }), std::vector{old});
}

TEST_P(Workspaces, are_kept_while_a_session_is_on_them) {
    const auto workspace = make_workspace(ada, "files");
    auto session = make_session(ada, "shell");
    session.workspace = workspace.id;
    session.status.phase = Phase::hibernated;
    write([&](Tx& tx) {
        tx.insert_workspace(workspace);
        tx.insert_session(session);
    });
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.delete_workspace(workspace.id); }); }),
              "workspace_in_use");
    session.status.phase = Phase::gone;
    write([&](Tx& tx) {
        tx.update_session(session);
        tx.delete_workspace(workspace.id);
    });
    session.workspace.reset();
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_session(as_ada, session.id); }), session);
}

TEST_P(Workspaces, have_volumes_that_go_only_when_asked) {
    Volume home{.handle = "vol-1",
                .name = "home",
                .owner = "wsp_1",
                .user = ada.id,
                .engine = "container",
                .size = Bytes{1 << 30},
                .created_at = at(1)};
    auto work = home;
    work.handle = "vol-2";
    work.created_at = at(2);
    auto other = home;
    other.handle = "vol-3";
    other.owner = "wsp_2";
    write([&](Tx& tx) {
        for (const auto& volume : {work, home, other}) tx.insert_volume(volume);
    });
    EXPECT_EQ(read([](Rows& rows) { return rows.volumes_of("wsp_1"); }), (std::vector{home, work}));
    EXPECT_EQ(read([](Rows& rows) { return rows.volumes_to_remove(); }), std::vector<Volume>{});
    home.deleted_at = at(3);
    write([&](Tx& tx) { tx.update_volume(home); });
    EXPECT_EQ(read([](Rows& rows) { return rows.volumes_to_remove(); }), std::vector{home});
    EXPECT_EQ(read([](Rows& rows) { return rows.volumes_of("wsp_1"); }), (std::vector{home, work}));
    write([](Tx& tx) { tx.delete_volume("vol-1"); });
    EXPECT_EQ(read([](Rows& rows) { return rows.volumes_of("wsp_1"); }), std::vector{work});
    EXPECT_EQ(code_of([&] { write([](Tx& tx) { tx.delete_volume("vol-1"); }); }), "not_found");
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.insert_volume(work); }); }), "already_exists");
}

}  // namespace
}  // namespace berth::store
