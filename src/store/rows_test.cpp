#include <thread>

#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

class Templates : public EveryStore {};
BERTH_EVERY_STORE(Templates);

TEST_P(Templates, are_shown_at_their_newest_revision) {
    const auto first = make_template("terminal");
    auto second = make_template("terminal", 2);
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_template(as_ada, "terminal"); }), first);
    EXPECT_EQ(write([&](Tx& tx) { return tx.insert_revision(second); }), 2);
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_template(as_ada, "terminal"); }), second);
    const TemplateRevision old{
        .name = "terminal", .revision = 1, .spec = first.spec, .created_at = first.updated_at};
    const TemplateRevision now{
        .name = "terminal", .revision = 2, .spec = second.spec, .created_at = second.updated_at};
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_revisions(as_ada, "terminal"); }).size(), 2U);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_revisions(as_ada, "terminal"); }),
              (std::vector{now, old}));
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_revision(as_ada, "terminal", 1); }), old);
    EXPECT_EQ(code_of([&] { read([&](Rows& rows) { return rows.get_revision(as_ada, "terminal", 3); }); }),
              "not_found");
    EXPECT_EQ(code_of([&] { read([&](Rows& rows) { return rows.get_template(as_ada, "none"); }); }),
              "not_found");
}

TEST_P(Templates, take_revisions_in_order_only) {
    const auto insert = [&](int revision) {
        return code_of(
            [&] { write([&](Tx& tx) { tx.insert_revision(make_template("terminal", revision)); }); });
    };
    EXPECT_EQ(insert(1), "revision_conflict");
    EXPECT_EQ(insert(3), "revision_conflict");
    EXPECT_EQ(insert(2), "nothing was thrown");
    EXPECT_EQ(insert(2), "revision_conflict");
}

TEST_P(Templates, that_are_private_are_found_by_their_owner_only) {
    auto mine = make_template("mine");
    mine.owner = ada.id;
    write([&](Tx& tx) { tx.insert_revision(mine); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_template(as_ada, "mine"); }), mine);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_template(system, "mine"); }), mine);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_template(as_bob, "mine"); }), std::nullopt);
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_revision(as_bob, "mine", 1); }), std::nullopt);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_revisions(as_bob, "mine"); }).size(), 0U);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_templates(as_ada, {}); }).total, 2);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_templates(as_bob, {}); }).total, 1);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_templates(system, {}); }).total, 2);
}

TEST_P(Templates, that_are_deleted_keep_their_revisions_and_go_on_counting) {
    write([](Tx& tx) { tx.delete_template("terminal", at(50)); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_template(system, "terminal"); }), std::nullopt);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_templates(system, {}); }).total, 0);
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_revision(as_ada, "terminal", 1); }).spec,
              make_template("terminal").spec);
    EXPECT_EQ(code_of([&] { write([](Tx& tx) { tx.delete_template("terminal", at(51)); }); }), "not_found");
    EXPECT_EQ(write([](Tx& tx) { return tx.insert_revision(make_template("terminal", 1)); }), 2);
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_template(as_ada, "terminal"); }).revision, 2);
}

TEST_P(Templates, of_a_name_that_has_another_owner_now_are_not_those_of_the_one_before) {
    write([](Tx& tx) { tx.delete_template("terminal", at(50)); });
    auto mine = make_template("terminal", 1);
    mine.owner = ada.id;
    EXPECT_EQ(write([&](Tx& tx) { return tx.insert_revision(mine); }), 2);
    const auto numbers = [&](const Caller& caller) {
        std::vector<int> found;
        for (const auto& each : read([&](Rows& rows) { return rows.list_revisions(caller, "terminal"); }))
            found.push_back(each.revision);
        return found;
    };
    const auto sees = [&](const Caller& caller, int revision) {
        return read([&](Rows& rows) { return rows.find_revision(caller, "terminal", revision); }).has_value();
    };
    EXPECT_FALSE(sees(as_ada, 1)) << "it was withdrawn";
    EXPECT_TRUE(sees(as_ada, 2));
    EXPECT_EQ(numbers(as_ada), std::vector{2});
    EXPECT_EQ(numbers(system), (std::vector{2, 1})) << "what runs of it runs on";
    EXPECT_FALSE(sees(as_bob, 1) || sees(as_bob, 2));
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_revision(system, "terminal", 1); }).owner, std::nullopt);
    EXPECT_EQ(read([&](Rows& rows) { return rows.get_revision(system, "terminal", 2); }).owner, ada.id);
    write([](Tx& tx) { tx.delete_template("terminal", at(60)); });
    EXPECT_EQ(write([](Tx& tx) { return tx.insert_revision(make_template("terminal", 1)); }), 3);
    EXPECT_FALSE(sees(as_ada, 2)) << "a private one under a name that is published now";
    EXPECT_TRUE(sees(as_bob, 3));
}

TEST_P(Templates, fix_a_digest_when_the_image_is_first_there) {
    const auto set = [&](const std::string& digest) {
        write([&](Tx& tx) { tx.set_digest("terminal", 1, "localhost/terminal:1", digest); });
        return read([&](Rows& rows) { return rows.get_revision(system, "terminal", 1); }).digests;
    };
    using Digests = std::map<std::string, std::string>;
    EXPECT_EQ(set("sha256:1"), (Digests{{"localhost/terminal:1", "sha256:1"}}));
    EXPECT_EQ(set("sha256:2"), (Digests{{"localhost/terminal:1", "sha256:1"}}));
    EXPECT_EQ(code_of([&] { write([](Tx& tx) { tx.set_digest("terminal", 9, "i", "d"); }); }), "not_found");
}

class Proofs : public EveryStore {};
BERTH_EVERY_STORE(Proofs);

std::string text_of(const Login& login) {
    return login.id.text + login.user.text + login.secret_hash + login.user_agent +
           to_string(login.created_at) + to_string(login.expires_at);
}

TEST_P(Proofs, logins_are_found_by_id_and_secret_and_end) {
    const Login first{{"log_1"}, ada.id, "hash1", "Browser/1", at(0), at(100)};
    const Login second{{"log_2"}, ada.id, "hash2", "Browser/2", at(1), at(100)};
    const Login third{{"log_3"}, bob.id, "hash3", "Browser/3", at(2), at(100)};
    write([&](Tx& tx) {
        for (const auto& login : {first, second, third}) tx.insert_login(login);
    });
    EXPECT_EQ(text_of(*read([](Rows& rows) { return rows.find_login("hash1"); })), text_of(first));
    EXPECT_EQ(text_of(*read([](Rows& rows) { return rows.find_login(LoginId{"log_2"}); })), text_of(second));
    EXPECT_FALSE(read([](Rows& rows) { return rows.find_login("hash"); }));
    const auto listed = read([&](Rows& rows) { return rows.list_logins(ada.id); });
    ASSERT_EQ(listed.size(), 2U);
    EXPECT_EQ(listed[0].id, second.id) << "newest first";
    write([&](Tx& tx) { tx.delete_login(first.id); });
    EXPECT_FALSE(read([](Rows& rows) { return rows.find_login("hash1"); }));
    write([&](Tx& tx) { tx.delete_proofs(ada.id); });
    EXPECT_TRUE(read([&](Rows& rows) { return rows.list_logins(ada.id); }).empty());
    EXPECT_TRUE(read([](Rows& rows) { return rows.find_login("hash3"); }));
}

TEST_P(Proofs, tokens_belong_to_their_user) {
    Token token{.id = {"tok_1"},
                .user = ada.id,
                .name = "ci",
                .secret_hash = "h1",
                .scope = "read",
                .created_at = at(0)};
    token.expires_at = at(60);
    auto same = token;
    same.id = {"tok_2"};
    same.secret_hash = "h2";
    write([&](Tx& tx) { tx.insert_token(token); });
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.insert_token(same); }); }), "name_taken");
    auto found = read([](Rows& rows) { return rows.find_token("h1"); });
    ASSERT_TRUE(found);
    EXPECT_EQ(
        std::tie(found->id, found->user, found->name, found->scope, found->created_at, found->expires_at),
        std::tie(token.id, token.user, token.name, token.scope, token.created_at, token.expires_at));
    EXPECT_EQ(found->last_used_at, std::nullopt);
    write([&](Tx& tx) { tx.touch_token(token.id, at(9)); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_tokens(ada.id).at(0); }).last_used_at, at(9));
    EXPECT_FALSE(write([&](Tx& tx) { return tx.delete_token(bob.id, token.id); }));
    EXPECT_TRUE(write([&](Tx& tx) { return tx.delete_token(ada.id, token.id); }));
    EXPECT_FALSE(write([&](Tx& tx) { return tx.delete_token(ada.id, token.id); }));
    EXPECT_FALSE(read([](Rows& rows) { return rows.find_token("h1"); }));
}

TEST_P(Proofs, tickets_are_taken_once_in_time_and_for_their_kind) {
    Ticket ticket{.secret_hash = "t1", .kind = TicketKind::session_host, .user = ada.id, .login = {"log_1"}};
    ticket.host = "shell-1";
    ticket.nonce = "n";
    ticket.expires_at = at(30);
    auto late = ticket;
    late.secret_hash = "t2";
    write([&](Tx& tx) {
        tx.insert_ticket(ticket);
        tx.insert_ticket(late);
    });
    const auto take = [&](const std::string& hash, TicketKind kind, Time now) {
        return write([&](Tx& tx) { return tx.take_ticket(hash, kind, now); });
    };
    EXPECT_TRUE(read([](Rows& rows) { return rows.find_ticket("t1", at(29)); }));
    EXPECT_FALSE(read([](Rows& rows) { return rows.find_ticket("t1", at(30)); }));
    EXPECT_FALSE(take("t1", TicketKind::sign_in, at(1))) << "another kind takes nothing";
    const auto taken = take("t1", TicketKind::session_host, at(29));
    ASSERT_TRUE(taken);
    EXPECT_EQ(
        std::tie(taken->secret_hash, taken->user, taken->login, taken->host, taken->nonce, taken->expires_at),
        std::tie(ticket.secret_hash, ticket.user, ticket.login, ticket.host, ticket.nonce,
                 ticket.expires_at));
    EXPECT_FALSE(take("t1", TicketKind::session_host, at(1)));
    EXPECT_FALSE(take("t2", TicketKind::session_host, at(30)));
    EXPECT_FALSE(take("t2", TicketKind::session_host, at(1))) << "one that came late has ended it";
    write([&](Tx& tx) { tx.insert_ticket(ticket); });
    write([](Tx& tx) { tx.delete_tickets(TicketKind::first_admin); });
    EXPECT_TRUE(read([](Rows& rows) { return rows.find_ticket("t1", at(1)); }));
    write([](Tx& tx) { tx.delete_tickets(TicketKind::session_host); });
    EXPECT_FALSE(read([](Rows& rows) { return rows.find_ticket("t1", at(1)); }));
}

TEST_P(Proofs, a_ticket_that_many_want_goes_to_one) {
    for (int round = 0; round < 10; ++round) {
        write([](Tx& tx) { tx.insert_ticket({.secret_hash = "t", .expires_at = at(30)}); });
        std::atomic<int> winners = 0;
        {
            std::vector<std::jthread> wanting;
            for (int thread = 0; thread < 8; ++thread)
                wanting.emplace_back([&] {
                    if (write([](Tx& tx) { return tx.take_ticket("t", TicketKind::sign_in, at(1)); }))
                        ++winners;
                });
        }
        EXPECT_EQ(winners, 1);
    }
}

class Memories : public EveryStore {};
BERTH_EVERY_STORE(Memories);

TEST_P(Memories, of_answers_last_until_they_expire) {
    const auto find = [&](const UserId& user, const std::string& route, const std::string& key) {
        const auto found = write([&](Tx& tx) { return tx.find_remembered(user, route, key); });
        return found ? found->body_hash + " " + std::to_string(found->status) + " " + found->body : "nothing";
    };
    write([&](Tx& tx) { tx.remember(ada.id, "/sessions", "k", {"h", 201, "{}"}, at(60)); });
    EXPECT_EQ(find(ada.id, "/sessions", "k"), "h 201 {}");
    EXPECT_EQ(find(bob.id, "/sessions", "k"), "nothing");
    EXPECT_EQ(find(ada.id, "/templates", "k"), "nothing");
    EXPECT_EQ(find(ada.id, "/sessions", "other"), "nothing");
    clock.advance(at(60));
    EXPECT_EQ(find(ada.id, "/sessions", "k"), "nothing");
    write([&](Tx& tx) { tx.remember(ada.id, "/sessions", "k", {"h2", 200, "[]"}, at(90)); });
    EXPECT_EQ(find(ada.id, "/sessions", "k"), "h2 200 []");
}

TEST_P(Memories, of_settings_are_replaced) {
    EXPECT_EQ(read([](Rows& rows) { return rows.find_setting("quota.default"); }), std::nullopt);
    write([](Tx& tx) { tx.set_setting("quota.default", "1"); });
    write([](Tx& tx) { tx.set_setting("quota.default", "2"); });
    EXPECT_EQ(read([](Rows& rows) { return rows.find_setting("quota.default"); }), "2");
}

TEST_P(Memories, that_have_expired_are_forgotten) {
    write([&](Tx& tx) {
        tx.insert_login({{"log_1"}, ada.id, "h1", "", at(0), at(10)});
        tx.insert_login({{"log_2"}, ada.id, "h2", "", at(0), at(11)});
        tx.insert_ticket({.secret_hash = "t1", .expires_at = at(10)});
        tx.insert_ticket({.secret_hash = "t2", .expires_at = at(11)});
        tx.remember(ada.id, "/", "k", {"h", 201, ""}, at(10));
    });
    write([](Tx& tx) { tx.forget_expired(at(10)); });
    EXPECT_FALSE(read([](Rows& rows) { return rows.find_login("h1"); }));
    EXPECT_TRUE(read([](Rows& rows) { return rows.find_login("h2"); }));
    EXPECT_FALSE(read([](Rows& rows) { return rows.find_ticket("t1", at(0)); }));
    EXPECT_TRUE(read([](Rows& rows) { return rows.find_ticket("t2", at(0)); }));
    EXPECT_FALSE(write([&](Tx& tx) { return tx.find_remembered(ada.id, "/", "k"); }));
}

}  // namespace
}  // namespace berth::store
