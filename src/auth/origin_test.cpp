#include "auth/auth_fixture_test.hpp"

namespace berth::auth {
namespace {

std::string text_of(const Origin& origin) {
    return origin.url + " " + origin.apps_domain + " " + origin.cookie_name +
           (origin.https ? " https" : " http");
}

TEST(MakeOrigin, derives_cookie_and_domain) {
    EXPECT_EQ(text_of(make_origin("http://localhost:8080", "", "a1")),
              "http://localhost:8080 localhost:8080 berth_a1 http");
    EXPECT_EQ(text_of(make_origin("HTTPS://Berth.Example.org/", "Apps.Example.net", "a1")),
              "https://berth.example.org apps.example.net __Host-berth https");
    EXPECT_EQ(text_of(make_origin("https://example.org:443", "", "")),
              "https://example.org example.org __Host-berth https");
    EXPECT_EQ(text_of(make_origin("http://example.org:80", "", "")),
              "http://example.org example.org berth http");
    EXPECT_EQ(make_origin("http://x", "", "Ä;=").cookie_name.find_first_of("Ä;= "), std::string::npos);
    for (const auto* url :
         {"", "localhost:8080", "ftp://x", "http://", "http://x/path", "http://u@x", "http://x?y"})
        EXPECT_EQ(code_of([&] { make_origin(url, "", "a"); }), "invalid_field") << url;
}

TEST(MakeCookie, is_strict_and_out_of_reach_of_scripts) {
    const auto plain = make_origin("http://localhost:8080", "", "a1");
    const auto secure = make_origin("https://berth.example.org", "", "a1");
    EXPECT_EQ(make_cookie(plain, SecretText("s"), std::chrono::hours(1)),
              "berth_a1=s; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict");
    EXPECT_EQ(make_cookie(secure, SecretText("s"), std::chrono::hours(1)),
              "__Host-berth=s; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure");
    EXPECT_EQ(clear_cookie(plain), "berth_a1=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
}

std::string cookie_of(std::vector<std::string> headers) {
    net::Request request;
    for (auto& header : headers) request.headers.emplace_back("cookie", std::move(header));
    const auto secret = cookie_secret(request, "berth_a1");
    return secret ? secret->reveal() : "none";
}

TEST(CookieSecret, is_the_one_of_our_name) {
    EXPECT_EQ(cookie_of({"berth_a1=x"}), "x");
    EXPECT_EQ(cookie_of({"a=1; berth_a1=x=y ;b=2"}), "x=y");
    EXPECT_EQ(cookie_of({"a=1", " berth_a1 = x"}), "x");
    EXPECT_EQ(cookie_of({"berth_a10=x; xberth_a1=y; BERTH_A1=z"}), "none") << "names have their case";
    EXPECT_EQ(cookie_of({}), "none");
    EXPECT_EQ(cookie_of({"berth_a1", ";;", "=x"}), "none");
    EXPECT_EQ(cookie_of({"berth_a1="}), "none");
}

TEST(CookieSecret, refuses_two_of_our_name) {
    EXPECT_EQ(code_of([] { cookie_of({"berth_a1=x; berth_a1=y"}); }), "duplicate_cookie");
    EXPECT_EQ(code_of([] { cookie_of({"berth_a1=x", "b=1; berth_a1=x"}); }), "duplicate_cookie");
    EXPECT_EQ(code_of([] { cookie_of({"berth_a1=x; berth_a1"}); }), "duplicate_cookie");
}

std::string origin_outcome(const Identity& identity, const std::string& method, net::Headers headers) {
    const auto origin = make_origin("http://localhost:8080", "", "a1");
    const net::Request request{.method = method, .headers = std::move(headers)};
    return code_of([&] { require_own_origin(origin, identity, request); });
}

TEST(RequireOwnOrigin, lets_a_cookie_write_only_from_our_own_pages) {
    const Identity browser{.login = {"log_1"}};
    const std::string passed = "nothing was thrown", refused = "origin_refused";
    const auto outcome = [&](net::Headers headers) {
        return origin_outcome(browser, "POST", std::move(headers));
    };
    EXPECT_EQ(outcome({{"Origin", "http://localhost:8080"}}), passed);
    EXPECT_EQ(outcome({{"origin", "HTTP://LOCALHOST:8080"}}), passed);
    EXPECT_EQ(outcome({{"Sec-Fetch-Site", "same-origin"}}), passed);
    EXPECT_EQ(outcome({}), refused);
    for (const auto* other :
         {"null", "", "http://localhost:8081", "https://localhost:8080", "http://x.localhost:8080",
          "http://localhost:8080.evil.example", "http://localhost:8080/"})
        EXPECT_EQ(outcome({{"Origin", other}, {"Sec-Fetch-Site", "same-origin"}}), refused) << other;
    for (const auto* site : {"same-site", "cross-site", "none"})
        EXPECT_EQ(outcome({{"Sec-Fetch-Site", site}}), refused) << site;
    EXPECT_EQ(outcome({{"Origin", "http://localhost:8080"}, {"Origin", "http://evil.example"}}), refused);
    EXPECT_EQ(outcome({{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "cross-site"}}), refused);
}

TEST(RequireOwnOrigin, asks_also_for_sockets_and_not_for_reads_and_tokens) {
    const Identity browser{.login = {"log_1"}}, program{.token = {"tok_1"}};
    EXPECT_EQ(origin_outcome(browser, "GET", {}), "nothing was thrown");
    EXPECT_EQ(origin_outcome(browser, "GET", {{"Upgrade", "websocket"}}), "origin_refused");
    EXPECT_EQ(origin_outcome(browser, "DELETE", {}), "origin_refused");
    EXPECT_EQ(origin_outcome(program, "POST", {}), "nothing was thrown");
}

TEST(CheckUserName, takes_letters_of_any_script) {
    for (const auto* name :
         {"a", "Jürgen", "grüße.ü", "ada@example.org", "7of9", "Ωmega", "李小龍", "नमस्ते", "محمد", "x_y-z"})
        EXPECT_EQ(code_of([&] { check_user_name(name); }), "nothing was thrown") << name;
    std::string longest;
    for (int letter = 0; letter < 63; ++letter) longest += "ü";
    EXPECT_EQ(code_of([&] { check_user_name(longest); }), "nothing was thrown");
    EXPECT_EQ(code_of([&] { check_user_name(longest + "x"); }), "invalid_field");
}

TEST(CheckUserName, refuses_the_rest) {
    for (const auto* name :
         {"",         " ",        "a b",      ".a", "-a",  "@a",   "_a",    "a/b",      "a\nb",
          "a\u00a0b", "a\u200bb", "a\u202eb", "☃",  "a😀", "\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80",
          "a\"b",     "a\\b",     "a;b",      "a%b"})
        EXPECT_EQ(code_of([&] { check_user_name(name); }), "invalid_field") << name;
}

TEST(CheckPassword, wants_8_characters_and_at_most_1024_bytes) {
    const auto outcome = [](std::string text) { return code_of([&] { check_password(SecretText(text)); }); };
    EXPECT_EQ(outcome("1234567"), "invalid_field");
    EXPECT_EQ(outcome("12345678"), "nothing was thrown");
    EXPECT_EQ(outcome("üüüüüüü"), "invalid_field") << "seven letters in fourteen bytes";
    EXPECT_EQ(outcome(std::string(1024, 'x')), "nothing was thrown");
    EXPECT_EQ(outcome(std::string(1025, 'x')), "invalid_field");
}

}  // namespace
}  // namespace berth::auth
