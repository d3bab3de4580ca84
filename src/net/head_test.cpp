#include "net/head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace berth::net {
namespace {

struct Judged {
    int status = 0;  // 0: a good head; -1: more bytes are needed.
    std::string why;
};

Judged judge(std::string_view bytes, HeadLimits limits = {}) {
    HeadFinder finder(limits);
    HeadProblem problem;
    const auto size = finder.look(bytes, problem);
    if (problem) return {problem.status, problem.why};
    if (size == 0) return {-1, "more"};
    RequestHead head;
    problem = scan_request(bytes.substr(0, size), head);
    return {problem.status, problem.why};
}

struct Case {
    const char* name;
    std::string bytes;
    int status;
};

std::string with(const std::string& lines) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

TEST(RequestHead, holds_views_of_every_part) {
    const std::string bytes =
        "POST /a/b?c=%20 HTTP/1.1\r\nHost: lab-7f3k.localhost:8080\r\nContent-Length:  12 \r\nX-Empty:\r\n"
        "cOOKIE: a=b; c=d\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
    RequestHead head;
    ASSERT_FALSE(scan_request(bytes, head));
    EXPECT_EQ(head.method, "POST");
    EXPECT_EQ(head.target, "/a/b?c=%20");
    EXPECT_EQ(head.path, "/a/b?c=%20");
    EXPECT_EQ(head.minor, 1);
    EXPECT_EQ(head.host, "lab-7f3k.localhost:8080");
    EXPECT_EQ(head.framing, Framing::length);
    EXPECT_EQ(head.length, 12u);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_EQ(head.upgrade, "websocket");
    EXPECT_EQ(head.size, bytes.size());
    ASSERT_EQ(head.fields.size(), 6u);
    EXPECT_EQ(head.fields[1].value, "12");
    EXPECT_EQ(head.fields[2].value, "");
    EXPECT_EQ(head.fields[3].id, Name::cookie);
    EXPECT_EQ(head.find("x-empty"), "");
    EXPECT_EQ(head.find(Name::cookie), "a=b; c=d");
    EXPECT_GE(head.method.data(), bytes.data());
    EXPECT_LT(head.method.data(), bytes.data() + bytes.size());
}

TEST(RequestHead, what_two_readers_could_understand_differently_is_refused) {
    const Case cases[] = {
        {"plain", with(""), 0},
        {"length", with("Content-Length: 5\r\n"), 0},
        {"chunked", with("Transfer-Encoding: chunked\r\n"), 0},
        {"chunked in capitals", with("Transfer-Encoding: CHUNKED\r\n"), 0},
        {"length and chunked", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"chunked and length", with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
        {"two lengths", with("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
        {"the same length twice", with("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
        {"a list of lengths", with("Content-Length: 5, 5\r\n"), 400},
        {"a negative length", with("Content-Length: -1\r\n"), 400},
        {"a signed length", with("Content-Length: +5\r\n"), 400},
        {"a hexadecimal length", with("Content-Length: 0x5\r\n"), 400},
        {"a length with a letter", with("Content-Length: 5a\r\n"), 400},
        {"an empty length", with("Content-Length:\r\n"), 400},
        {"a length that overflows", with("Content-Length: 99999999999999999999\r\n"), 400},
        {"a space before the colon", with("Content-Length : 5\r\n"), 400},
        {"a tab before the colon", with("Transfer-Encoding\t: chunked\r\n"), 400},
        {"a folded line", with("X-A: b\r\n c\r\n"), 400},
        {"a folded line by tab", with("X-A: b\r\n\tTransfer-Encoding: chunked\r\n"), 400},
        {"a bare LF", "POST / HTTP/1.1\nHost: a\r\n\r\n", 400},
        {"a bare LF in the headers", with("X-A: b\nTransfer-Encoding: chunked\r\n"), 400},
        {"a bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
        {"a bare CR in a value", with("X-A: b\rTransfer-Encoding: chunked\r\n"), 400},
        {"a bare CR in a name", with("X-A\r: b\r\n"), 400},
        {"CR CR LF", with("X-A: b\r\r\n"), 400},
        {"a NUL in a value", with(std::string("X-A: b\0c\r\n", 10)), 400},
        {"a NUL in a name", with(std::string("X-\0A: b\r\n", 9)), 400},
        {"DEL in a value", with("X-A: b\x7F\r\n"), 400},
        {"a line without a colon", with("X-A\r\n"), 400},
        {"a line without a name", with(": b\r\n"), 400},
        {"a name with a space", with("X A: b\r\n"), 400},
        {"a name with a bracket", with("X(A): b\r\n"), 400},
        {"a name beyond ASCII", with("X-\xC3\xA4: b\r\n"), 400},
        {"obsolete text in a value", with("X-A: \xC3\xA4\r\n"), 0},
        {"identity", with("Transfer-Encoding: identity\r\n"), 501},
        {"gzip, chunked", with("Transfer-Encoding: gzip, chunked\r\n"), 501},
        {"chunked, gzip", with("Transfer-Encoding: chunked, gzip\r\n"), 501},
        {"chunked twice in one", with("Transfer-Encoding: chunked, chunked\r\n"), 501},
        {"chunked twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"chunked then identity", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400},
        {"xchunked", with("Transfer-Encoding: xchunked\r\n"), 501},
        {"chunked in quotes", with("Transfer-Encoding: \"chunked\"\r\n"), 501},
        {"chunked with a parameter", with("Transfer-Encoding: chunked;q=1\r\n"), 501},
        {"chunked behind a vertical tab",
         with("Transfer-Encoding: \x0B"
              "chunked\r\n"),
         400},
        {"chunked behind a no-break space",
         with("Transfer-Encoding: \xA0"
              "chunked\r\n"),
         501},
        {"an empty coding", with("Transfer-Encoding:\r\n"), 501},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 0},
        {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"the same Host twice", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400},
        {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"a list of Hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        {"a Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
        {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"a Host with a malformed port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", 400},
        {"a Host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 400},
        {"a numeric Host", "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", 0},
        {"a Host of IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0},
        {"an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
        {"an absolute target", "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"an absolute target elsewhere", "GET http://b/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"an absolute target with a user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a target of another scheme", "GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405},
        {"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"GET *", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a fragment", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a raw byte in the target", "GET /\xC3\xA4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a tab in the request line", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        {"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"no version", "GET /\r\nHost: a\r\n\r\n", 400},
        {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
        {"http/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"HTTP/1.9", "GET / HTTP/1.9\r\nHost: a\r\n\r\n", 0},
        {"an empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"a method with a bracket", "G[T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"an endless method", std::string(40, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"Connection names the length", with("Connection: Content-Length\r\nContent-Length: 5\r\n"), 400},
        {"Connection names the coding", with("Connection: close, transfer-encoding\r\n"), 400},
        {"Connection names Host", with("Connection: host\r\n"), 400},
        {"Connection names a header", with("Connection: X-A\r\n"), 0},
        {"Connection with a bracket", with("Connection: [x]\r\n"), 400},
        {"another expectation", with("Expect: 200-ok\r\n"), 417},
        {"two upgrades", with("Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n"), 400},
        {"an unfinished head", "GET / HTTP/1.1\r\nHost: a\r\n", -1},
        {"an empty first line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"TLS on the plain port", std::string("\x16\x03\x01\x02\x00\x01\n", 7), 400},
    };
    for (const auto& one : cases) {
        const auto judged = judge(one.bytes);
        EXPECT_EQ(judged.status, one.status) << one.name << ": " << judged.why;
    }
}

TEST(RequestHead, limits_hold_exactly) {
    const HeadLimits limits{.line_max = 64, .head_max = 256, .fields_max = 3};
    const std::string line = "GET /" + std::string(64 - 14 - 1, 'a') + " HTTP/1.1\r\n";
    EXPECT_EQ(judge(line + "Host: a\r\n\r\n", limits).status, 0) << line.size();
    EXPECT_EQ(judge("GET /" + std::string(64, 'a'), limits).status, 414);
    EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nB: c\r\n\r\n", limits).status, 0);
    EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nB: c\r\nC: d\r\n\r\n", limits).status, 431);
    EXPECT_EQ(judge("GET / HTTP/1.1\r\nA: " + std::string(240, 'a'), limits).status, 431);
}

TEST(RequestHead, found_byte_by_byte_as_at_once) {
    const std::string bytes = "GET /x HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\nGET /next";
    const auto end = bytes.find("\r\n\r\n") + 4;
    HeadFinder finder(HeadLimits{});
    HeadProblem problem;
    for (std::size_t size = 0; size < end; ++size)
        EXPECT_EQ(finder.look(bytes.substr(0, size), problem), 0u) << size;
    EXPECT_EQ(finder.look(bytes.substr(0, end), problem), end);
    HeadFinder at_once(HeadLimits{});
    EXPECT_EQ(at_once.look(bytes, problem), end);
    EXPECT_FALSE(problem);
}

TEST(RequestHead, keep_alive_follows_version_and_words) {
    const auto keeps = [](std::string_view bytes) {
        RequestHead head;
        EXPECT_FALSE(scan_request(bytes, head));
        return head.keep_alive;
    };
    EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"));
    EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(ResponseHead, framing_follows_status_request_and_fields) {
    struct Row {
        std::string lines;
        bool head_request;
        int problem;
        Framing framing;
        bool keep;
    };
    const Row rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", false, 0, Framing::length, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", false, 0, Framing::none, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", true, 0, Framing::none, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", false, 0, Framing::chunked, true},
        {"HTTP/1.1 200\r\nContent-Length: 3\r\nConnection: close\r\n", false, 0, Framing::length, false},
        {"HTTP/1.1 200 \r\n", false, 0, Framing::until_close, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n", false, 0, Framing::length, false},
        {"HTTP/1.1 204 No Content\r\n", false, 0, Framing::none, true},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n", false, 0, Framing::none, true},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n", false, 0,
         Framing::none, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n", false, 502, Framing::none,
         true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n", false, 502, Framing::none, true},
        {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", false, 502, Framing::none, true},
        {"HTTP/1.1 20 OK\r\n", false, 502, Framing::none, true},
        {"HTTP/1.1 099 OK\r\n", false, 502, Framing::none, true},
        {"HTTP/1.1  200 OK\r\n", false, 502, Framing::none, true},
        {"HTTP/2.0 200 OK\r\n", false, 502, Framing::none, true},
        {"ICY 200 OK\r\n", false, 502, Framing::none, true},
    };
    for (const auto& row : rows) {
        ResponseHead head;
        const auto problem = scan_response(row.lines + "\r\n", row.head_request, head);
        EXPECT_EQ(problem.status, row.problem) << row.lines << problem.why;
        if (problem) continue;
        EXPECT_EQ(head.framing, row.framing) << row.lines;
        EXPECT_EQ(head.keep_alive, row.keep) << row.lines;
    }
}

TEST(Name, every_known_name_is_found_in_any_case) {
    EXPECT_EQ(classify("Host"), Name::host);
    EXPECT_EQ(classify("te"), Name::te);
    EXPECT_EQ(classify("SERVICE-WORKER-ALLOWED"), Name::service_worker_allowed);
    EXPECT_EQ(classify("Proxy-Authorization"), Name::proxy_authorization);
    EXPECT_EQ(classify("X-Berth-User"), Name::x_berth);
    EXPECT_EQ(classify("x-forwarded-anything"), Name::x_forwarded);
    EXPECT_EQ(classify("X-Real-IP"), Name::x_forwarded);
    EXPECT_EQ(classify("X-Berth-"), Name::other);
    EXPECT_EQ(classify("Hosts"), Name::other);
    EXPECT_EQ(classify(""), Name::other);
}

TEST(WordList, holds_words_not_parts_of_them) {
    EXPECT_TRUE(has_word("keep-alive, Upgrade", "upgrade"));
    EXPECT_TRUE(has_word("upgrade", "upgrade"));
    EXPECT_FALSE(has_word("xupgrade", "upgrade"));
    EXPECT_FALSE(has_word("", "upgrade"));
}

}  // namespace
}  // namespace berth::net
