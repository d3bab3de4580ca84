#include <set>

#include "auth/auth_fixture_test.hpp"

namespace berth::auth {
namespace {

TEST(Passwords, verify_what_they_hashed_and_nothing_else) {
    Passwords passwords(2);
    const auto hash = wait(passwords.hash(SecretText("correct horse")));
    EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << hash;
    EXPECT_NE(wait(passwords.hash(SecretText("correct horse"))), hash) << "salted";
    const auto verify = [&](std::optional<std::string> of, const std::string& text) {
        return wait(passwords.verify(std::move(of), SecretText(text)));
    };
    EXPECT_TRUE(verify(hash, "correct horse"));
    EXPECT_FALSE(verify(hash, "correct horsf"));
    EXPECT_FALSE(verify(hash, ""));
    EXPECT_FALSE(verify("not a hash", "correct horse"));
    EXPECT_FALSE(verify(std::string(500, 'x'), "correct horse"));
    EXPECT_FALSE(verify(std::nullopt, "correct horse"));
}

TEST(Attempts, wait_longer_after_each_failure_and_forget) {
    VirtualClock clock(start_time);
    Attempts attempts(clock);
    const auto refused = [&](const std::string& name, const std::string& remote) {
        return code_of([&] { attempts.require(name, remote); }) == "too_many_attempts";
    };
    for (int round = 0; round < 4; ++round) attempts.failed("Ada", "192.0.2.1");
    EXPECT_FALSE(refused("ada", "192.0.2.1"));
    attempts.failed("ADA", "192.0.2.2");
    EXPECT_TRUE(refused("ada", "192.0.2.3")) << "the same name in any case, from anywhere";
    EXPECT_FALSE(refused("bob", "192.0.2.1"));
    clock.advance(at(1));
    EXPECT_FALSE(refused("ada", "192.0.2.1"));
    attempts.failed("ada", "192.0.2.1");
    clock.advance(at(2));
    EXPECT_TRUE(refused("ada", "192.0.2.1")) << "two seconds now";
    for (int round = 0; round < 40; ++round) attempts.failed("ada", "");
    clock.advance(at(2 + 59));
    EXPECT_TRUE(refused("ada", ""));
    clock.advance(at(2 + 60));
    EXPECT_FALSE(refused("ada", "")) << "never more than a minute";
    clock.advance(at(2 + 60 + 15 * 60));
    attempts.failed("ada", "");
    EXPECT_FALSE(refused("ada", "")) << "old failures are forgotten";
}

TEST(Attempts, count_addresses_and_networks_of_ipv6) {
    VirtualClock clock(start_time);
    Attempts attempts(clock);
    for (int round = 0; round < 20; ++round) {
        attempts.failed("user" + std::to_string(round), "2001:db8::" + std::to_string(round));
        attempts.failed("user" + std::to_string(round), "192.0.2.1");
    }
    EXPECT_EQ(code_of([&] { attempts.require("new", "2001:db8::ffff"); }), "too_many_attempts");
    EXPECT_EQ(code_of([&] { attempts.require("new", "192.0.2.1"); }), "too_many_attempts");
    EXPECT_EQ(code_of([&] { attempts.require("new", "2001:db8:0:1::1"); }), "nothing was thrown");
    EXPECT_EQ(code_of([&] { attempts.require("new", "192.0.2.2"); }), "nothing was thrown");
}

TEST(Attempts, are_cleared_for_the_name_by_a_success) {
    VirtualClock clock(start_time);
    Attempts attempts(clock);
    for (int round = 0; round < 5; ++round) attempts.failed("ada", "192.0.2.1");
    attempts.succeeded("ada", "192.0.2.1");
    EXPECT_EQ(code_of([&] { attempts.require("ada", "192.0.2.1"); }), "nothing was thrown");
    for (int round = 0; round < 20; ++round) attempts.failed("user" + std::to_string(round), "192.0.2.1");
    EXPECT_EQ(code_of([&] { attempts.require("x", "192.0.2.1"); }), "too_many_attempts")
        << "one's own password does not clear the address for guessing others'";
}

TEST(Attempts, stay_bounded_when_somebody_invents_names) {
    VirtualClock clock(start_time);
    Attempts attempts(clock);
    for (int round = 0; round < 50'000; ++round) attempts.failed("user" + std::to_string(round), "192.0.2.1");
    EXPECT_EQ(code_of([&] { attempts.require("x", "192.0.2.1"); }), "too_many_attempts")
        << "the address is still counted";
}

class SignIn : public Doors {
  protected:
    SignIn() {
        const auto hash = wait(passwords.hash(SecretText("correct horse")));
        write([&](store::Tx& tx) { tx.set_password(ada.id, hash); });
    }
    SignedIn sign_in(const std::string& name, const std::string& password) {
        return wait(auth::sign_in(*rows, clock, passwords, attempts, name, SecretText(password), "Browser/1",
                                  "192.0.2.1"));
    }
    SignedIn redeem(const SecretText& ticket, std::optional<std::string> name = {},
                    std::optional<std::string> password = {}) {
        std::optional<SecretText> wanted;
        if (password) wanted.emplace(*password);
        return wait(
            redeem_ticket(*rows, clock, passwords, ticket, std::move(name), std::move(wanted), "Browser/1"));
    }
    SecretText ticket_for(store::TicketKind kind, const UserId& user) {
        return write([&](store::Tx& tx) {
            return issue_ticket(
                tx, {.kind = kind, .user = user, .expires_at = clock.now() + std::chrono::hours(1)});
        });
    }
    void remove_admins() { deactivate(root); }

    Passwords passwords;
    Attempts attempts{clock};
};

TEST_F(SignIn, by_name_and_password_makes_a_login_that_its_cookie_proves) {
    const auto done = sign_in("ADA", "correct horse");
    EXPECT_EQ(done.user.id, ada.id);
    EXPECT_EQ(done.user.last_login_at, start_time);
    EXPECT_EQ(done.login.expires_at, start_time + login_lifetime);
    EXPECT_EQ(done.login.user_agent, "Browser/1");
    const auto who = identify(with_cookie(done.secret));
    ASSERT_TRUE(who);
    EXPECT_EQ(who->login, done.login.id);
    EXPECT_EQ(read([&](store::Rows& r) { return r.find_user(ada.id); }), done.user);
    const auto events = read([](store::Rows& r) { return r.events_after(Caller::system(), 0, 10); });
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, "user.login");
    EXPECT_EQ(events[0].class_, EventClass::audit);
    EXPECT_EQ(json::write(json::to_json(events[0])).find(done.secret.reveal()), std::string::npos);
}

TEST_F(SignIn, fails_with_one_wording_for_every_cause) {
    const auto refusal = [&](const std::string& name, const std::string& password) -> std::string {
        try {
            sign_in(name, password);
        } catch (const Error& error) {
            return error.code + "|" + error.user + "|" + error.next + "|" +
                   std::to_string(static_cast<int>(error.kind));
        }
        return "signed in";
    };
    const auto wrong = refusal("ada", "wrong");
    EXPECT_TRUE(wrong.starts_with("wrong_credentials|")) << wrong;
    EXPECT_EQ(refusal("nobody", "correct horse"), wrong);
    EXPECT_EQ(refusal("root", ""), wrong) << "has no password";
    EXPECT_EQ(refusal("ada", std::string(2000, 'x')), wrong);
    deactivate(ada);
    clock.advance(at(100));
    EXPECT_EQ(refusal("ada", "correct horse"), wrong);
}

TEST_F(SignIn, takes_as_long_for_an_unknown_name) {
    const auto time = [&](const std::string& name) {
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_EQ(code_of([&] { sign_in(name, "wrong"); }), "wrong_credentials");
        return std::chrono::steady_clock::now() - begin;
    };
    // The least of several: other work on the machine only adds.
    auto known = time("ada"), unknown = time("nobody");
    for (int round = 0; round < 2; ++round) {
        known = std::min(known, time("ada"));
        unknown = std::min(unknown, time("nobody"));
    }
    EXPECT_LT(unknown, known * 3);
    EXPECT_GT(unknown * 3, known);
}

TEST_F(SignIn, is_slowed_after_failures_also_with_the_right_password) {
    for (int round = 0; round < 5; ++round)
        EXPECT_EQ(code_of([&] { sign_in("ada", "wrong"); }), "wrong_credentials");
    EXPECT_EQ(code_of([&] { sign_in("ada", "correct horse"); }), "too_many_attempts");
    clock.advance(at(1));
    EXPECT_EQ(code_of([&] { sign_in("ada", "correct horse"); }), "nothing was thrown");
    EXPECT_EQ(code_of([&] { sign_in("ada", "wrong"); }), "wrong_credentials") << "a success starts anew";
}

TEST_F(SignIn, keeps_a_bounded_number_of_browsers) {
    const auto ticket = [&] { return ticket_for(store::TicketKind::sign_in, ada.id); };
    const auto first = redeem(ticket());
    for (int round = 0; round < 100; ++round) {
        clock.advance(clock.now() + std::chrono::milliseconds(1));
        redeem(ticket());
    }
    EXPECT_EQ(read([&](store::Rows& r) { return r.list_logins(ada.id).size(); }), 100U);
    EXPECT_EQ(code_of([&] { identify(with_cookie(first.secret)); }), "unauthenticated") << "the oldest went";
}

TEST_F(SignIn, by_ticket_works_once_and_in_time) {
    const auto ticket = ticket_for(store::TicketKind::sign_in, ada.id);
    EXPECT_EQ(redeem(ticket).user.id, ada.id);
    EXPECT_EQ(code_of([&] { redeem(ticket); }), "ticket_invalid");
    const auto late = ticket_for(store::TicketKind::sign_in, ada.id);
    clock.advance(clock.now() + std::chrono::hours(1));
    EXPECT_EQ(code_of([&] { redeem(late); }), "ticket_invalid");
    EXPECT_EQ(code_of([&] { redeem(SecretText("other")); }), "ticket_invalid");
    EXPECT_EQ(code_of([&] { redeem(SecretText("")); }), "ticket_invalid");
    const auto host = ticket_for(store::TicketKind::session_host, ada.id);
    EXPECT_EQ(code_of([&] { redeem(host); }), "ticket_invalid") << "for a session's host";
}

TEST_F(SignIn, by_ticket_can_set_a_password_and_survives_a_wish_that_is_wrong) {
    const auto ticket = ticket_for(store::TicketKind::sign_in, ada.id);
    EXPECT_EQ(code_of([&] { redeem(ticket, {}, "short"); }), "invalid_field");
    redeem(ticket, {}, "a new password");
    EXPECT_EQ(sign_in("ada", "a new password").user.id, ada.id);
    EXPECT_EQ(code_of([&] { sign_in("ada", "correct horse"); }), "wrong_credentials");
}

TEST_F(SignIn, by_ticket_of_a_deactivated_user_is_refused) {
    const auto ticket = ticket_for(store::TicketKind::sign_in, ada.id);
    deactivate(ada);
    EXPECT_EQ(code_of([&] { redeem(ticket); }), "ticket_invalid");
}

TEST_F(SignIn, makes_the_first_administrator_once) {
    remove_admins();
    const auto ticket = ticket_for(store::TicketKind::first_admin, {});
    const auto of_another = ticket_for(store::TicketKind::first_admin, {});
    EXPECT_EQ(code_of([&] { redeem(ticket, "not a name"); }), "invalid_field");
    EXPECT_EQ(code_of([&] { redeem(ticket, "ADA"); }), "name_taken");
    const auto done = redeem(ticket, "Jürgen", "correct horse");
    EXPECT_EQ(done.user.name, "Jürgen");
    EXPECT_EQ(done.user.role, Role::admin);
    EXPECT_EQ(identify(with_cookie(done.secret))->caller.role, Role::admin);
    EXPECT_EQ(sign_in("JÜRGEN", "correct horse").user.id, done.user.id);
    for (const auto& again : {ticket, of_another})
        EXPECT_EQ(code_of([&] { redeem(again, "second"); }), "ticket_invalid");
}

TEST_F(SignIn, takes_the_link_of_whichever_berth_for_the_first_administrator) {
    remove_admins();
    const auto older = ticket_for(store::TicketKind::first_admin, {});
    ticket_for(store::TicketKind::first_admin, {});
    EXPECT_EQ(redeem(older, "Jürgen").user.name, "Jürgen");
}

TEST_F(SignIn, makes_no_first_administrator_when_there_is_one) {
    const auto ticket = ticket_for(store::TicketKind::first_admin, {});
    EXPECT_EQ(code_of([&] { redeem(ticket, "second"); }), "ticket_invalid");
    EXPECT_EQ(read([](store::Rows& r) { return r.count_admins(); }), 1);
}

TEST_F(SignIn, calls_the_first_administrator_admin_by_default) {
    remove_admins();
    EXPECT_EQ(redeem(ticket_for(store::TicketKind::first_admin, {})).user.name, "admin");
}

TEST(IssueToken, gives_a_text_of_which_only_the_hash_is_kept) {
    store::Token row;
    const auto secret = issue_token(row);
    EXPECT_TRUE(secret.reveal().starts_with("brt_"));
    EXPECT_EQ(row.secret_hash, crypto::sha256_hex(secret.reveal()));
}

}  // namespace
}  // namespace berth::auth
