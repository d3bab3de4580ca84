#include "auth/forward.hpp"

#include "auth/auth_fixture_test.hpp"
#include "auth/host_cookie.hpp"
#include "crypto/random.hpp"

namespace berth::auth {
namespace {

using Word = Verdict::Word;
const std::string lab = "lab-7f3k.localhost:8080";

/// Ada has the session `lab`.
class ForwardAuth : public Doors {
  protected:
    ForwardAuth() {
        auto session = store::make_session(ada, "lab");
        session.id = {"ses_lab"};
        session.host = "lab-7f3k";
        write([&](store::Tx& tx) {
            tx.insert_revision(store::make_template("terminal"));
            tx.insert_session(session);
            host_cookie_key(tx);
        });
    }
    /// As a proxy asks about a request for `host`.
    net::Request about(const std::string& host, net::Headers headers = {}) const {
        net::Request request{.method = "GET", .target = "/auth/verify", .path = "/auth/verify"};
        request.by_proxy = true;
        request.headers = {{"X-Forwarded-Host", host}, {"X-Forwarded-Method", "GET"}};
        request.headers.insert(request.headers.end(), headers.begin(), headers.end());
        return request;
    }
    Verdict judge(const net::Request& request) { return wait(verify(*rows, clock, origin, request)); }
    std::string platform_cookie(const User& user) { return origin.cookie_name + "=" + log_in(user).reveal(); }
    std::string session_cookie(const User& user, const std::string& host = lab) {
        const auto there =
            read([&](store::Rows& all) { return all.find_login(LoginId{"log_" + user.name}); });
        if (!there) log_in(user);
        const auto key = write([](store::Tx& tx) { return host_cookie_key(tx); });
        const HostPass pass{user.id, {"log_" + user.name}, clock.now() + login_lifetime};
        return host_cookie_name(origin) + "=" + seal_host_cookie(key, host, pass);
    }
    SecretText token(const User& user, const std::string& scope) {
        store::Token row{.id = {"tok_" + scope}, .user = user.id, .name = scope, .scope = scope};
        row.created_at = clock.now();
        auto secret = issue_token(row);
        write([&](store::Tx& tx) { tx.insert_token(row); });
        return secret;
    }
};

TEST_F(ForwardAuth, the_platforms_host_is_for_whoever_is_signed_in) {
    const auto verdict = judge(about("localhost:8080", {{"Cookie", platform_cookie(ada)}}));
    EXPECT_EQ(verdict.word, Word::yes);
    EXPECT_EQ(verdict.caller.name, "ada");
    EXPECT_EQ(verdict.session, SessionId{});
    const auto asked = judge(about("LOCALHOST:8080", {{"X-Forwarded-Uri", "/grafana/?a=b"}}));
    EXPECT_EQ(asked.word, Word::sign_in);
    EXPECT_EQ(asked.sign_in, "http://localhost:8080/sign-in?to=%2Fgrafana%2F%3Fa%3Db");
}

TEST_F(ForwardAuth, on_the_platforms_host_a_token_does_no_more_than_its_scope) {
    std::map<std::string, std::string> made;
    const auto ask = [&](const std::string& scope, const std::string& method) {
        auto& secret = made[scope];
        if (secret.empty()) secret = token(root, scope).reveal();
        auto request = about("localhost:8080", {{"Berth-Token", secret}});
        request.headers[1].second = method;
        if (method.empty()) request.headers.erase(request.headers.begin() + 1);
        return judge(request);
    };
    for (const auto* method : {"GET", "HEAD"}) {
        EXPECT_EQ(ask("read", method).word, Word::yes) << method;
        EXPECT_EQ(ask("read", method).caller.role, Role::user) << method;
    }
    for (const auto* method : {"POST", "DELETE", "get", ""})
        EXPECT_EQ(ask("read", method).word, Word::no) << method;
    auto socket = about("localhost:8080", {{"Berth-Token", made["read"]}, {"Upgrade", "websocket"}});
    EXPECT_EQ(judge(socket).word, Word::no);
    for (const auto* method : {"GET", "POST", ""}) {
        EXPECT_EQ(ask("sessions", method).word, Word::yes) << method;
        EXPECT_EQ(ask("sessions", method).caller.role, Role::user) << method;
        EXPECT_EQ(ask("admin", method).caller.role, Role::admin) << method;
    }
    const auto cookie = judge(about("localhost:8080", {{"Cookie", platform_cookie(root)}}));
    EXPECT_EQ(cookie.caller.role, Role::admin) << "a sign-in is all of them";
}

TEST_F(ForwardAuth, authorization_is_the_applications_and_proves_nothing) {
    const auto secret = token(root, "admin").reveal();
    EXPECT_EQ(judge(about("localhost:8080", {{"Authorization", "Bearer " + secret}})).word, Word::sign_in);
    EXPECT_EQ(judge(about(lab, {{"Authorization", "Bearer " + secret}})).word, Word::sign_in);
    const auto both = judge(about("localhost:8080", {{"Authorization", "Bearer of-the-application"},
                                                     {"Cookie", platform_cookie(root)}}));
    EXPECT_EQ(both.word, Word::yes);
}

TEST_F(ForwardAuth, a_sessions_host_is_for_its_owner_with_that_hosts_cookie) {
    const auto verdict = judge(about(lab, {{"Cookie", session_cookie(ada)}}));
    EXPECT_EQ(verdict.word, Word::yes);
    EXPECT_EQ(verdict.session, SessionId{"ses_lab"});
    EXPECT_EQ(judge(about("8443--" + lab, {{"Cookie", session_cookie(root, "8443--" + lab)}})).word,
              Word::no);
    EXPECT_EQ(judge(about(lab, {{"Cookie", session_cookie(root)}})).word, Word::no);
}

TEST_F(ForwardAuth, neither_another_hosts_cookie_nor_the_platforms_opens_a_session) {
    EXPECT_EQ(judge(about(lab, {{"Cookie", platform_cookie(ada)}})).word, Word::sign_in);
    const auto elsewhere = session_cookie(root, "other-1111.localhost:8080");
    EXPECT_EQ(judge(about(lab, {{"Cookie", elsewhere}})).word, Word::sign_in);
    const auto asked = judge(about(lab, {{"X-Original-URI", "/tree?x=1"}}));
    EXPECT_EQ(asked.word, Word::sign_in);
    EXPECT_EQ(asked.sign_in, "http://" + lab + "/.berth/sign-in?to=%2Ftree%3Fx%3D1");
}

TEST_F(ForwardAuth, what_is_not_there_and_what_is_anothers_are_answered_alike) {
    const auto others = judge(about(lab, {{"Cookie", session_cookie(root)}}));
    const auto absent =
        judge(about("no-0000.localhost:8080", {{"Berth-Token", token(root, "sessions").reveal()}}));
    EXPECT_EQ(others.word, Word::no);
    EXPECT_EQ(absent.word, Word::no);
    EXPECT_EQ(others.why, absent.why);
    EXPECT_EQ(judge(about("evil.test", {{"Cookie", platform_cookie(ada)}})).word, Word::no);
}

TEST_F(ForwardAuth, a_program_needs_a_token_that_may_do_more_than_read) {
    EXPECT_EQ(judge(about(lab, {{"Berth-Token", token(ada, "sessions").reveal()}})).word, Word::yes);
    EXPECT_EQ(judge(about(lab, {{"Berth-Token", token(ada, "read").reveal()}})).word, Word::sign_in);
    EXPECT_EQ(judge(about(lab, {{"Berth-Token", "brt_x"}})).word, Word::sign_in);
    EXPECT_EQ(judge(about(lab, {{"Berth-Token", "brt_x"}, {"Berth-Token", "brt_y"}})).word, Word::no);
}

TEST_F(ForwardAuth, a_sign_out_and_a_deactivation_end_it) {
    const auto cookie = session_cookie(ada);
    write([&](store::Tx& tx) { tx.delete_login({"log_ada"}); });
    EXPECT_EQ(judge(about(lab, {{"Cookie", cookie}})).word, Word::sign_in);
    const auto again = session_cookie(ada);
    EXPECT_EQ(judge(about(lab, {{"Cookie", again}})).word, Word::yes);
    deactivate(ada);
    EXPECT_EQ(judge(about(lab, {{"Cookie", again}})).word, Word::sign_in);
}

TEST_F(ForwardAuth, our_cookie_twice_is_refused) {
    const auto cookie = session_cookie(ada);
    EXPECT_EQ(judge(about(lab, {{"Cookie", cookie + "; " + cookie}})).word, Word::no);
    EXPECT_EQ(judge(about(lab, {{"Cookie", cookie}, {"Cookie", cookie}})).word, Word::no);
    const auto platform = platform_cookie(root);
    EXPECT_EQ(judge(about("localhost:8080", {{"Cookie", platform + ";" + platform}})).word, Word::no);
}

TEST_F(ForwardAuth, only_the_cookies_of_others_go_on) {
    const auto ours = session_cookie(ada);
    const auto verdict = judge(
        about(lab, {{"Cookie", "a=1; " + ours + "; b=2"}, {"Cookie", host_nonce_name(origin) + "=n;c=3"}}));
    EXPECT_EQ(verdict.cookie, "a=1; b=2; c=3");
    EXPECT_EQ(judge(about(lab, {{"Cookie", ours}})).cookie, "");
}

TEST_F(ForwardAuth, a_change_that_another_page_sent_is_refused) {
    const auto cookie = session_cookie(ada);
    const auto with = [&](const std::string& method, net::Headers headers) {
        auto request = about(lab, std::move(headers));
        request.headers[1].second = method;
        request.headers.emplace_back("Cookie", cookie);
        return judge(request).word;
    };
    EXPECT_EQ(with("POST", {{"Origin", "http://" + lab}}), Word::yes);
    EXPECT_EQ(with("POST", {{"Origin", "http://evil.test"}}), Word::no);
    EXPECT_EQ(with("POST", {{"Sec-Fetch-Site", "cross-site"}}), Word::no);
    EXPECT_EQ(with("POST", {{"Sec-Fetch-Site", "same-origin"}}), Word::yes);
    EXPECT_EQ(with("GET", {{"Sec-Fetch-Site", "cross-site"}}), Word::yes);
    EXPECT_EQ(with("GET", {{"Sec-WebSocket-Key", "x"}, {"Origin", "http://evil.test"}}), Word::no);
    EXPECT_EQ(with("GET", {{"Sec-WebSocket-Key", "x"}, {"Origin", "http://" + lab}}), Word::yes);
    EXPECT_EQ(with("", {{"Sec-Fetch-Site", "cross-site"}}), Word::no);
    EXPECT_EQ(with("GET", {{"X-Original-Method", "POST"}, {"Origin", "http://evil.test"}}), Word::no);
}

TEST_F(ForwardAuth, the_host_is_what_the_proxy_says_and_nothing_else) {
    const auto refused = [&](net::Headers headers) {
        net::Request request{.method = "GET"};
        request.headers = std::move(headers);
        return store::code_of([&] { read_original(request); });
    };
    EXPECT_EQ(refused({}), "invalid_field");
    EXPECT_EQ(refused({{"X-Forwarded-Host", "a.test"}, {"X-Forwarded-Host", "b.test"}}), "invalid_field");
    EXPECT_EQ(refused({{"X-Forwarded-Host", "a.test, b.test"}}), "invalid_field");
    EXPECT_EQ(refused({{"X-Forwarded-Host", ""}}), "invalid_field");
    EXPECT_EQ(refused({{"X-Forwarded-Host", std::string(256, 'a')}}), "invalid_field");
    EXPECT_EQ(refused({{"X-Original-URL", "/tree"}}), "invalid_field");
    EXPECT_EQ(
        refused({{"X-Original-URL", "http://" + lab + "/"}, {"X-Forwarded-Host", "mine.localhost:8080"}}),
        "invalid_field");
    net::Request request{.method = "GET"};
    request.headers = {{"X-Original-URL", "https://Lab.test/tree?x=1"}, {"X-Forwarded-Host", "lab.test"}};
    EXPECT_EQ(read_original(request).host, "lab.test");
    EXPECT_EQ(read_original(request).target, "/tree?x=1");
    request.headers = {{"X-Forwarded-Host", "lab.test"}, {"X-Forwarded-Uri", "//evil.test"}};
    EXPECT_EQ(read_original(request).target, "/");
    request.headers = {{"X-Forwarded-Host", "lab.test"}, {"X-Forwarded-Uri", "/" + std::string(9000, 'a')}};
    EXPECT_EQ(read_original(request).target, "/");
}

}  // namespace
}  // namespace berth::auth
