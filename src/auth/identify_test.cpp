#include "auth/auth_fixture_test.hpp"

namespace berth::auth {
namespace {

class Identify : public Doors {
  protected:
    SecretText make_token(const User& user, Scope scope, std::optional<Time> expires_at = {}) {
        store::Token row{
            .id = {"tok_" + user.name}, .user = user.id, .name = "ci", .scope = json::enum_name(scope)};
        row.created_at = clock.now();
        row.expires_at = expires_at;
        auto secret = issue_token(row);
        write([&](store::Tx& tx) { tx.insert_token(row); });
        return secret;
    }
    static net::Request bearing(const std::string& text) {
        return {.method = "GET", .headers = {{"Authorization", "Bearer " + text}}};
    }
};

TEST_F(Identify, finds_nobody_without_a_proof) {
    EXPECT_FALSE(identify({.method = "GET"}));
    EXPECT_FALSE(identify({.method = "GET", .headers = {{"Cookie", "other=1"}}}));
    EXPECT_FALSE(identify({.method = "GET", .headers = {{"Authorization", "Basic YTpi"}}}))
        << "not a proof of ours";
}

TEST_F(Identify, knows_a_browser_by_its_cookie) {
    const auto secret = log_in(ada);
    const auto who = identify(with_cookie(secret));
    ASSERT_TRUE(who);
    EXPECT_EQ(who->caller.user, ada.id);
    EXPECT_EQ(who->caller.name, "ada");
    EXPECT_EQ(who->caller.role, Role::user);
    EXPECT_FALSE(who->caller.everything);
    EXPECT_EQ(who->login.text, "log_ada");
    EXPECT_TRUE(who->by_cookie());
    EXPECT_EQ(who->scope, Scope::admin);
    EXPECT_EQ(who->expires_at, start_time + login_lifetime);
}

TEST_F(Identify, refuses_a_cookie_that_is_wrong_revoked_or_over) {
    const auto secret = log_in(ada);
    const auto code = [&](const SecretText& text) { return code_of([&] { identify(with_cookie(text)); }); };
    EXPECT_EQ(code(SecretText("wrong")), "unauthenticated");
    EXPECT_EQ(code(SecretText(std::string(5000, 'x'))), "unauthenticated");
    EXPECT_EQ(code(SecretText(crypto::sha256_hex(secret.reveal()))), "unauthenticated")
        << "the stored hash opens nothing";
    EXPECT_EQ(code(secret), "nothing was thrown");
    clock.advance(start_time + login_lifetime);
    EXPECT_EQ(code(secret), "unauthenticated");
    const auto second = log_in(root);
    EXPECT_EQ(code(second), "nothing was thrown");
    write([&](store::Tx& tx) { tx.delete_login({"log_root"}); });
    EXPECT_EQ(code(second), "unauthenticated");
}

TEST_F(Identify, refuses_two_cookies_of_our_name) {
    const auto text = origin.cookie_name + "=" + log_in(ada).reveal();
    EXPECT_EQ(code_of([&] { identify({.headers = {{"Cookie", text + "; " + text}}}); }), "duplicate_cookie");
}

TEST_F(Identify, refuses_a_deactivated_user_by_every_proof) {
    const auto cookie = log_in(ada);
    const auto token = make_token(ada, Scope::admin);
    deactivate(ada);
    EXPECT_EQ(code_of([&] { identify(with_cookie(cookie)); }), "unauthenticated");
    EXPECT_EQ(code_of([&] { identify(bearing(token.reveal())); }), "unauthenticated");
    deactivate(root);
    EXPECT_FALSE(identify({.method = "GET", .local = true})) << "no active administrator is left";
}

TEST_F(Identify, knows_a_program_by_its_token) {
    const auto token = make_token(root, Scope::sessions, at(60));
    ASSERT_TRUE(token.reveal().starts_with("brt_"));
    for (const auto& request :
         {bearing(token.reveal()), net::Request{.headers = {{"berth-token", token.reveal()}}},
          net::Request{.headers = {{"AUTHORIZATION", "bearer   " + token.reveal() + " "}}}}) {
        const auto who = identify(request);
        ASSERT_TRUE(who);
        EXPECT_EQ(who->caller.user, root.id);
        EXPECT_EQ(who->caller.role, Role::admin);
        EXPECT_EQ(who->token.text, "tok_root");
        EXPECT_FALSE(who->by_cookie());
        EXPECT_EQ(who->scope, Scope::sessions);
        EXPECT_EQ(who->expires_at, at(60));
    }
}

TEST_F(Identify, refuses_a_token_that_is_wrong_over_or_gone) {
    const auto token = make_token(ada, Scope::read, at(60));
    const auto code = [&](const std::string& text) { return code_of([&] { identify(bearing(text)); }); };
    EXPECT_EQ(code("brt_wrong"), "unauthenticated");
    EXPECT_EQ(code(""), "unauthenticated");
    EXPECT_EQ(code(token.reveal().substr(4)), "unauthenticated") << "without its prefix";
    EXPECT_EQ(code("ghp_" + token.reveal().substr(4)), "unauthenticated");
    EXPECT_EQ(code("brt_" + std::string(5000, 'x')), "unauthenticated");
    const auto cookie = log_in(ada);
    EXPECT_EQ(code(cookie.reveal()), "unauthenticated") << "a cookie's secret is no token";
    EXPECT_EQ(code_of([&] { identify(with_cookie(token)); }), "unauthenticated") << "and a token no cookie";
    clock.advance(at(60));
    EXPECT_EQ(code(token.reveal()), "unauthenticated");
}

TEST_F(Identify, does_not_fall_back_from_a_wrong_token_to_a_cookie) {
    auto request = with_cookie(log_in(ada));
    request.headers.emplace_back("Berth-Token", "brt_wrong");
    EXPECT_EQ(code_of([&] { identify(request); }), "unauthenticated");
}

TEST_F(Identify, stores_last_use_at_most_once_a_minute) {
    const auto token = make_token(ada, Scope::read);
    const auto last_use = [&] {
        return read([&](store::Rows& r) { return r.list_tokens(ada.id).at(0).last_used_at; });
    };
    EXPECT_EQ(last_use(), std::nullopt);
    identify(bearing(token.reveal()));
    EXPECT_EQ(last_use(), start_time);
    clock.advance(at(59));
    identify(bearing(token.reveal()));
    EXPECT_EQ(last_use(), start_time);
    clock.advance(at(60));
    identify(bearing(token.reveal()));
    EXPECT_EQ(last_use(), at(60));
}

TEST_F(Identify, takes_the_private_socket_for_the_first_active_administrator) {
    auto second = make_user("second");
    second.role = Role::admin;
    write([&](store::Tx& tx) { tx.insert_user(second); });
    EXPECT_EQ(identify({.method = "POST", .local = true})->caller.user, root.id);
    deactivate(root);
    EXPECT_EQ(identify({.method = "POST", .local = true})->caller.user, second.id);
    auto request = bearing(make_token(ada, Scope::read).reveal());
    request.local = true;
    EXPECT_EQ(identify(request)->caller.user, ada.id) << "who brings a token is who it says";
}

}  // namespace
}  // namespace berth::auth
