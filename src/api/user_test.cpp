#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

std::string ticket_in(const json::value& link) {
    const std::string text(link.as_string());
    return text.substr(text.rfind('/') + 1);
}

/// The cookie of an answer, as a browser sends it back from our own page.
Proof cookie_in(const World& world, const net::Response& response) {
    const auto cookie = text_of(response, "Set-Cookie");
    return {{{"Cookie", cookie.substr(0, cookie.find(';'))}, {"Origin", world.origin.url}}};
}

const net::Headers own_page{{"Origin", "http://localhost:8080"}};

void deactivate_everybody(World& world) {
    world.write([](store::Tx& tx) {
        for (const auto* id : {"usr_root", "usr_ann", "usr_bob"}) {
            auto user = tx.get_user(UserId{id});
            user.active = false;
            tx.update_user(user);
        }
    });
}

TEST(User, the_first_administrator_comes_by_a_link) {
    World world;
    deactivate_everybody(world);
    const Proof nobody;
    EXPECT_EQ(world.get(nobody, "/auth/state"), (json::value{{"signedIn", false},
                                                             {"methods", {"password"}},
                                                             {"firstRun", true},
                                                             {"url", "http://localhost:8080"}}));
    const auto ticket = world.write([](store::Tx& tx) {
        const store::Ticket row{.kind = store::TicketKind::first_admin,
                                .expires_at = start_of_time + std::chrono::hours(1)};
        return auth::issue_ticket(tx, row);
    });
    const auto look = "/auth/ticket/" + ticket.reveal();
    EXPECT_EQ(world.get(nobody, look), (json::value{{"kind", "first_admin"}, {"valid", true}}));
    const json::value body{{"ticket", ticket.reveal()}, {"name", "chief"}, {"password", "correct horse"}};
    const auto entered = world.send(nobody, "POST", "/auth/ticket", body, own_page);
    ASSERT_EQ(entered.status, 204) << entered.body;
    const auto chief = cookie_in(world, entered);
    EXPECT_EQ(world.get(nobody, look), (json::value{{"kind", "sign_in"}, {"valid", false}}));
    EXPECT_EQ(world.send(nobody, "POST", "/auth/ticket", body, own_page).status, 401);
    const auto state = world.get(chief, "/auth/state");
    EXPECT_EQ(state.at("signedIn"), true);
    EXPECT_EQ(state.at("user").at("role"), "admin");
    EXPECT_EQ(world.get(chief, "/api/v1/users/me").at("name"), "chief");
    const auto again = world.send(nobody, "POST", "/auth/login",
                                  {{"name", "chief"}, {"password", "correct horse"}}, own_page);
    EXPECT_EQ(again.status, 204) << again.body;
}

TEST(User, another_first_link_is_for_the_private_socket_and_ends_no_earlier_one) {
    World world;
    const auto ask = [&](bool local) {
        auto request = world.request({}, "POST", "/auth/first-link");
        request.local = local;
        return world.run(world.api->answer(std::move(request)));
    };
    const auto administered = ask(true);
    EXPECT_EQ(administered.status, 409);
    EXPECT_EQ(body_of(administered).at("code"), "administered");
    deactivate_everybody(world);
    EXPECT_EQ(ask(false).status, 403);
    const auto first = ask(true);
    const auto second = ask(true);
    ASSERT_EQ(second.status, 200) << second.body;
    for (const auto& answer : {first, second}) {
        const auto look = "/auth/ticket/" + ticket_in(body_of(answer).at("signInLink"));
        EXPECT_EQ(world.get({}, look), (json::value{{"kind", "first_admin"}, {"valid", true}}));
    }
    world.clock.advance(start_of_time + auth::first_link_lifetime);
    const auto late = "/auth/ticket/" + ticket_in(body_of(second).at("signInLink"));
    EXPECT_EQ(world.get({}, late).at("valid"), false);
}

TEST(User, a_wrong_password_and_an_unknown_name_are_told_the_same) {
    World world;
    const Proof nobody;
    const auto wrong =
        world.send(nobody, "POST", "/auth/login", {{"name", "ann"}, {"password", "wrong wrong"}}, own_page);
    const auto unknown =
        world.send(nobody, "POST", "/auth/login", {{"name", "nob"}, {"password", "wrong wrong"}}, own_page);
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(body_of(wrong).at("code"), "wrong_credentials");
    EXPECT_EQ(wrong.body, unknown.body);
    const auto foreign =
        world.send(nobody, "POST", "/auth/login", {{"name", "ann"}, {"password", "wrong wrong"}},
                   {{"Origin", "http://evil.example"}});
    EXPECT_EQ(foreign.status, 403);
    EXPECT_EQ(body_of(foreign).at("code"), "origin_refused");
}

TEST(User, an_administrator_adds_one_who_signs_in_by_link) {
    World world;
    const auto added =
        world.send(world.as_root, "POST", "/api/v1/users", {{"name", "carl"}, {"email", "c@example.org"}});
    ASSERT_EQ(added.status, 201) << added.body;
    const auto user = body_of(added).at("user");
    EXPECT_EQ(without(user, "id"), (json::value{{"name", "carl"},
                                                {"displayName", "carl"},
                                                {"email", "c@example.org"},
                                                {"role", "user"},
                                                {"active", true},
                                                {"quota", json::object{}},
                                                {"tier", ""},
                                                {"createdAt", "2026-03-01T09:00:00.000Z"}}));
    const auto link = body_of(added).at("signInLink");
    EXPECT_TRUE(link.as_string().starts_with("http://localhost:8080/sign-in/")) << link;
    const auto ticket = ticket_in(link);
    EXPECT_EQ(world.get({}, "/auth/ticket/" + ticket),
              (json::value{{"kind", "sign_in"}, {"valid", true}, {"name", "carl"}}));
    const auto entered = world.send({}, "POST", "/auth/ticket", {{"ticket", ticket}}, own_page);
    ASSERT_EQ(entered.status, 204) << entered.body;
    const auto carl = cookie_in(world, entered);
    const auto logins = world.get(carl, "/api/v1/users/me/logins");
    EXPECT_EQ(logins.at("total"), 1);
    EXPECT_EQ(logins.at("items").at(0).at("current"), true);
    EXPECT_EQ(world.get(carl, "/api/v1/users/me").at("login").at("id"), logins.at("items").at(0).at("id"));
    EXPECT_EQ(world.send(world.as_root, "POST", "/api/v1/users", {{"name", "CARL"}}).status, 409);
    EXPECT_EQ(world.ask(carl, "POST", "/auth/logout").status, 204);
    EXPECT_EQ(world.ask(carl, "GET", "/api/v1/users/me").status, 401);
}

TEST(User, who_is_deactivated_is_out) {
    World world;
    const auto cookie = world.cookie_of(world.ann);
    const auto gone = world.ask(world.as_root, "DELETE", "/api/v1/users/ann");
    EXPECT_EQ(body_of(gone).at("active"), false);
    EXPECT_EQ(world.ask(cookie, "GET", "/api/v1/users/me").status, 401);
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/users/me").status, 401);
    EXPECT_EQ(world.ask(world.as_root, "POST", "/api/v1/users/ann/sign-in-link").status, 409);
    EXPECT_EQ(world.get(world.as_root, "/api/v1/users?active=false").at("total"), 1);
    world.send(world.as_root, "PATCH", "/api/v1/users/ann", {{"active", true}});
    EXPECT_EQ(world.ask(cookie, "GET", "/api/v1/users/me").status, 401) << "nothing of before comes back";
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/users/me").status, 401);
}

TEST(User, somebody_always_administers) {
    World world;
    const auto alone = world.send(world.as_root, "PATCH", "/api/v1/users/root", {{"role", "user"}});
    EXPECT_EQ(alone.status, 409);
    EXPECT_EQ(body_of(alone).at("code"), "last_admin");
    world.send(world.as_root, "PATCH", "/api/v1/users/ann", {{"role", "admin"}});
    EXPECT_EQ(world.send(world.as_root, "PATCH", "/api/v1/users/root", {{"role", "user"}}).status, 200);
}

TEST(User, nobody_deactivates_themselves_but_the_owner_of_the_machine_may_anybody) {
    World world;
    world.send(world.as_root, "PATCH", "/api/v1/users/ann", {{"role", "admin"}});
    for (const auto& proof : {world.as_root, world.cookie_of(world.root)}) {
        const auto refused = world.ask(proof, "DELETE", "/api/v1/users/root");
        EXPECT_EQ(refused.status, 409);
        EXPECT_EQ(body_of(refused).at("code"), "own_account");
        EXPECT_EQ(world.send(proof, "PATCH", "/api/v1/users/root", {{"active", false}}).status, 409);
    }
    auto local = world.request({}, "DELETE", "/api/v1/users/root");
    local.local = true;
    EXPECT_EQ(world.run(world.api->answer(std::move(local))).status, 200);
}

TEST(User, a_password_changes_with_the_old_one_only) {
    World world;
    const auto ann = world.token_of(world.ann, auth::Scope::admin);
    const auto change = [&](json::object password) {
        return world.send(ann, "PATCH", "/api/v1/users/me", {{"password", std::move(password)}}).status;
    };
    EXPECT_EQ(change({{"new", "short"}}), 400);
    EXPECT_EQ(change({{"new", "first password"}}), 200);
    EXPECT_EQ(change({{"new", "second password"}}), 403);
    EXPECT_EQ(change({{"current", "wrong password"}, {"new", "second password"}}), 403);
    EXPECT_EQ(change({{"current", "first password"}, {"new", "second password"}}), 200);
}

TEST(User, a_new_password_ends_the_other_sign_ins) {
    World world;
    const auto here = world.cookie_of(world.ann), elsewhere = world.cookie_of(world.ann);
    const json::object password{{"new", "first password"}};
    EXPECT_EQ(world.send(here, "PATCH", "/api/v1/users/me", {{"password", password}}).status, 200);
    EXPECT_EQ(world.ask(here, "GET", "/api/v1/users/me").status, 200);
    EXPECT_EQ(world.ask(elsewhere, "GET", "/api/v1/users/me").status, 401);
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/users/me").status, 200)
        << "tokens have an end of their own";
}

TEST(User, a_token_is_shown_once_and_works_until_it_is_revoked) {
    World world;
    const auto cookie = world.cookie_of(world.ann);
    const auto issued = world.send(cookie, "POST", "/api/v1/users/me/tokens",
                                   {{"name", "laptop"}, {"scope", "sessions"}, {"expiresIn", "720h"}});
    ASSERT_EQ(issued.status, 201) << issued.body;
    const std::string secret(body_of(issued).at("token").as_string());
    EXPECT_TRUE(secret.starts_with("brt_"));
    const Proof token{{{"Authorization", "Bearer " + secret}}};
    EXPECT_EQ(world.get(token, "/api/v1/users/me").at("name"), "ann");
    const auto list = world.ask(cookie, "GET", "/api/v1/users/me/tokens");
    EXPECT_EQ(list.body.find(secret), std::string::npos);
    const auto id = std::string(body_of(issued).at("id").as_string());
    EXPECT_EQ(world.ask(cookie, "DELETE", "/api/v1/users/me/tokens/" + id).status, 204);
    EXPECT_EQ(world.ask(token, "GET", "/api/v1/users/me").status, 401);
    EXPECT_EQ(
        world.send(cookie, "POST", "/api/v1/users/me/tokens", {{"name", "x"}, {"scope", "admin"}}).status,
        403);
    EXPECT_EQ(world.send(cookie, "POST", "/api/v1/users/me/tokens", {{"name", "x"}, {"scope", "all"}}).status,
              400);
}

TEST(User, a_token_may_revoke_itself_and_no_other) {
    World world;
    const auto cookie = world.cookie_of(world.ann);
    const auto issue = [&](const std::string& name) {
        return body_of(
            world.send(cookie, "POST", "/api/v1/users/me/tokens", {{"name", name}, {"scope", "read"}}));
    };
    const auto one = issue("one"), two = issue("two");
    const auto path = [](const json::value& token) {
        return "/api/v1/users/me/tokens/" + std::string(token.at("id").as_string());
    };
    const Proof proof{{{"Authorization", "Bearer " + std::string(one.at("token").as_string())}}};
    EXPECT_EQ(world.ask(proof, "DELETE", path(two)).status, 403);
    EXPECT_EQ(world.ask(proof, "DELETE", path(one)).status, 204);
    EXPECT_EQ(world.ask(proof, "GET", "/api/v1/users/me").status, 401);
}

TEST(User, what_was_done_is_in_the_audit) {
    World world;
    world.send(world.as_root, "POST", "/api/v1/users", {{"name", "carl"}});
    world.send(world.as_root, "PUT", "/api/v1/quota", {{"running", 2}});
    const auto audit = world.get(world.as_root, "/api/v1/admin/audit");
    std::vector<std::string> seen;
    for (const auto& event : audit.at("items").as_array()) {
        EXPECT_EQ(event.at("class"), "audit");
        seen.push_back(std::string(event.at("actor").as_string()) + " " +
                       std::string(event.at("kind").as_string()));
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"root quota.updated", "root user.created"}));
    EXPECT_EQ(world.get(world.as_root, "/api/v1/admin/audit?kind=user.created").at("total"), 1);
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/quota"),
              (json::value{
                  {"sessions", 20}, {"running", 2}, {"cpu", "8"}, {"memory", "16Gi"}, {"workspaces", 50}}));
}

TEST(User, engines_are_listed_and_checked) {
    World world;
    EXPECT_EQ(world.get(world.as_ann, "/api/v1/engines"),
              (json::value{{{"name", "sim"}, {"up", true}, {"message", ""}}}));
    const auto checks = world.ask(world.as_root, "POST", "/api/v1/engines/check");
    EXPECT_EQ(body_of(checks), (json::value{{"checks",
                                             {{{"engine", "sim"},
                                               {"name", "engine"},
                                               {"passed", true},
                                               {"message", "simulated: nothing runs for real"},
                                               {"fix", ""}}}}}));
}

TEST(User, a_session_host_sends_people_to_sign_in_and_back) {
    World world;
    const auto target = "/auth/session-ticket?host=a.localhost%3A8080&nonce=n&to=%2F";
    const auto sent = world.ask({}, "GET", target);
    EXPECT_EQ(sent.status, 303);
    EXPECT_EQ(text_of(sent, "Location"), "/sign-in?to=" + net::percent_encode(target));
    // Of a session that is gone a program hears in a problem, a person on a page.
    const auto nowhere =
        "/auth/session-ticket?host=gone-1a2b.localhost%3A8080&to=%2F&nonce=" + std::string(64, 'a');
    const auto cookie = world.cookie_of(world.ann);
    EXPECT_EQ(world.ask(cookie, "GET", nowhere).status, 404);
    const auto page = world.ask(cookie, "GET", nowhere, {}, {{"Accept", "text/html,*/*"}});
    EXPECT_EQ(page.status, 303);
    EXPECT_EQ(text_of(page, "Location"), "/no-such-session");
}

TEST(User, a_page_at_another_name_of_the_machine_leads_to_the_right_one) {
    World world;
    auto request = world.request({}, "GET", "/settings?a=b", {}, {{"Accept", "text/html"}});
    request.host = "127.0.0.1:8080";
    const auto answer = world.run(world.api->answer(std::move(request)));
    EXPECT_EQ(answer.status, 302);
    EXPECT_EQ(text_of(answer, "Location"), "http://localhost:8080/settings?a=b");
}

}  // namespace
}  // namespace berth::api::testing
