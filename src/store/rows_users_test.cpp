#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

class Users : public EveryStore {};
BERTH_EVERY_STORE(Users);

TEST_P(Users, come_back_as_they_were_written) {
    User eve = make_user("Eve");
    eve.email = "eve@example.org";
    eve.role = Role::admin;
    eve.active = false;
    eve.quota = {
        .sessions = 3, .running = 1, .cpu = MilliCpu{1500}, .memory = Bytes{1 << 20}, .workspaces = 2};
    eve.last_login_at = at(7);
    write([&](Tx& tx) { tx.insert_user(eve); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_user(eve.id); }), eve);
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_user(ada.id); }), ada);
    EXPECT_EQ(read([](Rows& rows) { return rows.find_user({"usr_nobody"}); }), std::nullopt);
    EXPECT_EQ(code_of([&] { read([](Rows& rows) { return rows.get_user({"usr_nobody"}); }); }), "not_found");
}

TEST_P(Users, are_found_by_name_whatever_its_case) {
    const User user = make_user("Jürgen-Straße");
    write([&](Tx& tx) { tx.insert_user(user); });
    for (const auto* name : {"Jürgen-Straße", "JÜRGEN-STRASSE", "jürgen-strasse"})
        EXPECT_EQ(read([&](Rows& rows) { return rows.find_user_by_name(name); }), user) << name;
    EXPECT_EQ(read([](Rows& rows) { return rows.find_user_by_name("jurgen-strasse"); }), std::nullopt);
}

TEST_P(Users, have_names_of_their_own_in_any_case) {
    write([&](Tx& tx) { tx.insert_user(make_user("Ωmega")); });
    User other = make_user("ωMEGA");
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.insert_user(other); }); }), "name_taken");
    other.name = "Ada";
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.insert_user(other); }); }), "name_taken");
}

TEST_P(Users, change_all_but_id_and_creation) {
    User changed = ada;
    changed.name = "lovelace";
    changed.display_name = "Ada Lovelace";
    changed.email = "ada@example.org";
    changed.role = Role::admin;
    changed.active = false;
    changed.last_login_at = at(1);
    changed.created_at = at(99);
    write([&](Tx& tx) { tx.update_user(changed); });
    changed.created_at = ada.created_at;
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_user(ada.id); }), changed);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_user_by_name("ADA"); }), std::nullopt);
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.update_user(make_user("nobody")); }); }), "not_found");
    User clash = bob;
    clash.name = "LOVELACE";
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.update_user(clash); }); }), "name_taken");
}

TEST_P(Users, keep_a_password_apart) {
    const auto find = [&] { return read([&](Rows& rows) { return rows.find_password(ada.id); }); };
    EXPECT_EQ(find(), std::nullopt);
    write([&](Tx& tx) { tx.set_password(ada.id, "$argon2id$x"); });
    EXPECT_EQ(find(), "$argon2id$x");
    write([&](Tx& tx) { tx.update_user(ada); });
    EXPECT_EQ(find(), "$argon2id$x") << "an update of the user leaves it alone";
    write([&](Tx& tx) { tx.set_password(ada.id, ""); });
    EXPECT_EQ(find(), std::nullopt);
    EXPECT_EQ(code_of([&] { write([](Tx& tx) { tx.set_password({"usr_nobody"}, "x"); }); }), "not_found");
}

TEST_P(Users, administrators_are_counted) {
    EXPECT_EQ(read([](Rows& rows) { return rows.count_admins(); }), 0);
    User admin = ada;
    admin.role = Role::admin;
    write([&](Tx& tx) { tx.update_user(admin); });
    EXPECT_EQ(read([](Rows& rows) { return rows.count_admins(); }), 1);
    admin.active = false;
    write([&](Tx& tx) { tx.update_user(admin); });
    EXPECT_EQ(read([](Rows& rows) { return rows.count_admins(); }), 0);
}

TEST_P(Users, are_listed_by_search_and_filter) {
    User admin = make_user("Äneas");
    admin.role = Role::admin;
    admin.created_at = at(5);
    write([&](Tx& tx) { tx.insert_user(admin); });
    const auto names = [&](const Query& query) {
        std::vector<std::string> found;
        for (const auto& user : read([&](Rows& rows) { return rows.list_users(query); }).items)
            found.push_back(user.name);
        return found;
    };
    using Names = std::vector<std::string>;
    EXPECT_EQ(names({}), (Names{"Äneas", "bob", "ada"}));
    EXPECT_EQ(names({.sort = "name"}), (Names{"ada", "bob", "Äneas"}));
    EXPECT_EQ(names({.q = "äNE"}), (Names{"Äneas"}));
    EXPECT_EQ(names({.q = "THE "}), (Names{"Äneas", "bob", "ada"}));
    EXPECT_EQ(names({.equal = {{"role", "admin"}}}), (Names{"Äneas"}));
    EXPECT_EQ(names({.equal = {{"active", "false"}}}), (Names{}));
    EXPECT_EQ(names({.equal = {{"name", "ADA"}, {"active", "true"}}}), (Names{"ada"}));
}

}  // namespace
}  // namespace berth::store
