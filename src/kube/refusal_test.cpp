#include "kube/refusal.hpp"

#include <gtest/gtest.h>

#include "kube/resource.hpp"

namespace berth::kube {
namespace {

using namespace std::chrono_literals;

std::string status(int code, const std::string& reason, const std::string& message,
                   const std::string& details = "{}") {
    return R"({"kind":"Status","status":"Failure","message":")" + message + R"(","reason":")" + reason +
           R"(","details":)" + details + R"(,"code":)" + std::to_string(code) + "}";
}

std::pair<Kind, std::string> meaning(int code, const std::string& body) {
    const auto error = to_error(code, body);
    return {error.kind, error.code};
}

TEST(Refusal, each_reason_has_one_meaning) {
    using Meaning = std::pair<Kind, std::string>;
    EXPECT_EQ(meaning(409, status(409, "AlreadyExists", "there")),
              (Meaning{Kind::conflict, "already_exists"}));
    EXPECT_EQ(meaning(409, status(409, "Conflict", "changed")), (Meaning{Kind::conflict, "conflict"}));
    EXPECT_EQ(meaning(410, status(410, "Expired", "old")), (Meaning{Kind::conflict, "expired"}));
    EXPECT_EQ(meaning(410, status(410, "Gone", "old")), (Meaning{Kind::conflict, "expired"}));
    EXPECT_EQ(meaning(401, status(401, "Unauthorized", "who")),
              (Meaning{Kind::unauthenticated, "unauthenticated"}));
    EXPECT_EQ(meaning(403, status(403, "Forbidden", "no")), (Meaning{Kind::forbidden, "forbidden"}));
    EXPECT_EQ(meaning(403, status(403, "Forbidden", "pods x is forbidden: exceeded quota: few")),
              (Meaning{Kind::too_many, "quota_exceeded"}));
    EXPECT_EQ(
        meaning(403, status(403, "Forbidden",
                            "pods x is forbidden: status unknown for quota: berth, resources: limits.cpu")),
        (Meaning{Kind::busy, "quota_unknown"}));
    EXPECT_EQ(meaning(403, status(403, "Forbidden",
                                  "pods x is forbidden: error looking up service account n/default: "
                                  "serviceaccount default not found")),
              (Meaning{Kind::busy, "account_missing"}));
    EXPECT_EQ(
        meaning(403, status(403, "Forbidden", "ending", R"({"causes":[{"reason":"NamespaceTerminating"}]})")),
        (Meaning{Kind::unavailable, "namespace_ending"}));
    EXPECT_EQ(meaning(404, status(404, "NotFound", "x")), (Meaning{Kind::not_found, "not_found"}));
    EXPECT_EQ(meaning(422, status(422, "Invalid", "x")), (Meaning{Kind::invalid, "invalid"}));
    EXPECT_EQ(meaning(429, status(429, "TooManyRequests", "x")), (Meaning{Kind::busy, "throttled"}));
    EXPECT_EQ(meaning(500, status(500, "InternalError", "x")),
              (Meaning{Kind::unavailable, "cluster_unavailable"}));
    EXPECT_EQ(meaning(504, status(504, "Timeout", "x")), (Meaning{Kind::unavailable, "cluster_unavailable"}));
}

TEST(Refusal, the_servers_own_words_are_shown_and_bounded) {
    EXPECT_EQ(to_error(422, status(422, "Invalid", "name too long")).user, "name too long");
    EXPECT_EQ(to_error(502, "<html>bad gateway</html>").user, "the API server answered 502");
    EXPECT_EQ(to_error(500, "").user, "the API server answered 500");
    EXPECT_EQ(to_error(422, status(422, "Invalid", std::string(5000, 'x'))).user.size(), 1000u);
}

TEST(Refusal, strange_forms_are_refusals_all_the_same) {
    for (const char* body : {"[]", "null", "7", R"({"reason":7})", R"({"details":{"causes":{}}})",
                             R"({"details":{"causes":[7,null,{"reason":[]}]}})"})
        EXPECT_EQ(meaning(403, body), (std::pair<Kind, std::string>{Kind::forbidden, "forbidden"})) << body;
}

TEST(Refusal, how_long_to_wait_stands_in_the_header_or_the_status) {
    EXPECT_EQ(retry_after("3", ""), std::optional<Duration>(3s));
    EXPECT_EQ(retry_after("", status(429, "x", "x", R"({"retryAfterSeconds":7})")),
              std::optional<Duration>(7s));
    EXPECT_EQ(retry_after("1", status(429, "x", "x", R"({"retryAfterSeconds":7})")),
              std::optional<Duration>(1s));
    EXPECT_EQ(retry_after("", status(500, "x", "x")), std::nullopt);
    EXPECT_EQ(retry_after("-1", ""), std::nullopt);
    EXPECT_EQ(retry_after("Wed, 21 Oct 2026 07:28:00 GMT", ""), std::nullopt);
}

TEST(Refusal, an_answer_that_is_not_json_is_said_to_be_that) {
    EXPECT_EQ(parse_answer(R"({"a":[1]})"), (json::value{{"a", {1}}}));
    try {
        parse_answer("<html>");
        ADD_FAILURE() << "parsed";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "cluster_answer");
    }
}

TEST(Resource, paths_are_those_of_the_api) {
    EXPECT_EQ(path_of(pods, {"a", "b"}), "/api/v1/namespaces/a/pods/b");
    EXPECT_EQ(path_of(pods, {"a", "b"}, "log"), "/api/v1/namespaces/a/pods/b/log");
    EXPECT_EQ(path_of(pods, {}), "/api/v1/pods");
    EXPECT_EQ(path_of(namespaces, {"", "b"}), "/api/v1/namespaces/b");
    EXPECT_EQ(path_of(network_policies, {"a", ""}),
              "/apis/networking.k8s.io/v1/namespaces/a/networkpolicies");
    EXPECT_EQ(api_version(pods), "v1");
    EXPECT_EQ(api_version(network_policies), "networking.k8s.io/v1");
}

TEST(Resource, versions_are_numbers_of_any_length) {
    EXPECT_TRUE(is_older("9", "10"));
    EXPECT_TRUE(is_older("99", "100"));
    EXPECT_FALSE(is_older("100", "99"));
    EXPECT_FALSE(is_older("100", "100"));
    EXPECT_TRUE(is_older("18446744073709551615", "18446744073709551616"));
}

}  // namespace
}  // namespace berth::kube
