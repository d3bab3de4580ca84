#include "gateway/rewrite.hpp"

#include <gtest/gtest.h>

namespace berth::gateway {
namespace {

const OwnCookies cookies{.platform = "berth_one", .session = "berth_one-session", .nonce = "berth_one-nonce"};

std::string request(const std::string& bytes, bool upgrade = false) {
    net::RequestHead head;
    const auto problem = net::scan_request(bytes, head);
    EXPECT_FALSE(problem) << problem.why;
    std::string out;
    const RequestChanges changes{
        .cookies = cookies, .remote = "192.0.2.7", .user = "ann", .https = false, .upgrade = upgrade};
    rewrite_request(out, head, changes);
    return out;
}

std::string response(const std::string& bytes, ResponseChanges changes = {.cookies = cookies}) {
    net::ResponseHead head;
    const auto problem = net::scan_response(bytes, false, head);
    EXPECT_FALSE(problem) << problem.why;
    std::string out;
    rewrite_response(out, head, changes);
    return out;
}

const std::string said =
    "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: "
    "lab.apps.test\r\nX-Berth-User: ann\r\n";

TEST(RequestRewriting, passes_what_is_the_applications_and_drops_what_is_not) {
    EXPECT_EQ(
        request(
            "POST /a?b HTTP/1.1\r\nAccept: */*\r\nhost: lab.apps.test\r\nConnection: keep-alive, X-Hop\r\n"
            "X-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: x\r\nUpgrade: websocket\r\n"
            "Authorization: Basic eA==\r\nBerth-Token: brt_x\r\nContent-Length: 3\r\nX-Berth-User: root\r\n"
            "x-forwarded-for: 10.0.0.1\r\nX-FORWARDED-ANYTHING: x\r\nForwarded: for=x\r\nX-Real-IP: x\r\n"
            "Expect: 100-continue\r\nOrigin: http://lab.apps.test\r\n\r\n"),
        "POST /a?b HTTP/1.1\r\nHost: lab.apps.test\r\nAccept: */*\r\nAuthorization: Basic eA==\r\n"
        "Content-Length: 3\r\nExpect: 100-continue\r\nOrigin: http://lab.apps.test\r\n" +
            said + "\r\n");
}

TEST(RequestRewriting, makes_an_absolute_target_a_path_and_an_old_version_new) {
    EXPECT_EQ(request("GET http://lab.apps.test/a?b HTTP/1.1\r\nHost: lab.apps.test\r\n\r\n"),
              "GET /a?b HTTP/1.1\r\nHost: lab.apps.test\r\n" + said + "\r\n");
    EXPECT_EQ(request("GET / HTTP/1.0\r\nHost: lab.apps.test\r\n\r\n"),
              "GET / HTTP/1.1\r\nHost: lab.apps.test\r\n" + said + "\r\n");
}

TEST(RequestRewriting, takes_our_cookies_out_and_leaves_the_others) {
    const auto cookie = [](const std::string& value) {
        const auto out = request("GET / HTTP/1.1\r\nHost: lab.apps.test\r\nCookie: " + value + "\r\n\r\n");
        const auto start = out.find("Cookie: ");
        return start == std::string::npos ? "none"
                                          : out.substr(start + 8, out.find("\r\n", start) - start - 8);
    };
    EXPECT_EQ(cookie("a=b; berth_one-session=x.y; c=d"), "a=b; c=d");
    EXPECT_EQ(cookie("berth_one-session=x; berth_one-nonce=y; berth_one=z"), "none");
    EXPECT_EQ(cookie("BERTH_ONE-SESSION=x;a=b"), "a=b");
    EXPECT_EQ(cookie("a=berth_one-session; xberth_one=1"), "a=berth_one-session; xberth_one=1");
    EXPECT_EQ(cookie(" berth_one = x; a"), "a");
    EXPECT_EQ(cookie("a=\"b;berth_one=z\""), "a=\"b");
}

TEST(RequestRewriting, no_twin_of_our_headers_and_no_token_of_ours_passes) {
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: lab.apps.test\r\nX_Berth_User: root\r\nX-Berth_User: root\r\n"
                      "x_forwarded_for: 1.2.3.4\r\nBerth_Token: brt_x\r\nAuthorization: bearer  brt_x\r\n"
                      "My_Header: 1\r\n\r\n"),
              "GET / HTTP/1.1\r\nHost: lab.apps.test\r\nMy_Header: 1\r\n" + said + "\r\n");
    EXPECT_NE(request("GET / HTTP/1.1\r\nHost: lab.apps.test\r\nAuthorization: Bearer xyz\r\n\r\n")
                  .find("Authorization: Bearer xyz"),
              std::string::npos);
}

TEST(RequestRewriting, passes_an_upgrade_only_when_told_to) {
    EXPECT_EQ(
        request("GET /s HTTP/1.1\r\nHost: lab.apps.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Key: k\r\n\r\n",
                true),
        "GET /s HTTP/1.1\r\nHost: lab.apps.test\r\nSec-WebSocket-Key: k\r\n" + said +
            "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    EXPECT_EQ(request("POST / HTTP/1.1\r\nHost: lab.apps.test\r\nTransfer-Encoding: Chunked\r\n\r\n"),
              "POST / HTTP/1.1\r\nHost: lab.apps.test\r\nTransfer-Encoding: chunked\r\n" + said + "\r\n");
}

TEST(ResponseRewriting, drops_what_would_reach_beyond_the_session) {
    EXPECT_EQ(response("HTTP/1.1 200 Fine\r\nContent-Length: 0\r\nConnection: X-Hop\r\nX-Hop: "
                       "1\r\nKeep-Alive: timeout=5\r\n"
                       "Set-Cookie: a=b; Path=/\r\nSet-Cookie: a=b; Domain=apps.test\r\nSet-Cookie: "
                       "a=b;domain = .test\r\n"
                       "Set-Cookie: berth_one=stolen\r\nSet-Cookie:  Berth_One-Session "
                       "=x\r\nSet-Cookie: =berth_one=stolen\r\nService-Worker-Allowed: /\r\n"
                       "Set-Cookie: c=domain; HttpOnly\r\n\r\n"),
              "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\nSet-Cookie: a=b; Path=/\r\nSet-Cookie: c=domain; "
              "HttpOnly\r\n\r\n");
}

TEST(ResponseRewriting, says_what_becomes_of_the_connection) {
    EXPECT_EQ(response("HTTP/1.1 404\r\n\r\n", {.cookies = cookies, .keep = false}),
              "HTTP/1.1 404 \r\nConnection: close\r\n\r\n");
    EXPECT_EQ(response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                       {.cookies = cookies, .chunked = true}),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(response("HTTP/1.1 204 No Content\r\n\r\n", {.cookies = cookies, .old = true}),
              "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(
        response("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"),
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

}  // namespace
}  // namespace berth::gateway
