#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

/// As a proxy of ours asks about somebody's request to the platform's own host.
net::Request about(const World& world, const Proof& proof, net::Headers headers = {},
                   const std::string& target = "/auth/verify") {
    headers.insert(headers.begin(), {{"X-Forwarded-Host", "localhost:8080"}, {"X-Forwarded-Method", "GET"}});
    auto request = world.request(proof, "GET", target, {}, std::move(headers));
    request.by_proxy = true;
    request.local = false;
    // Where a program's token counts here.
    for (auto& [name, value] : request.headers)
        if (name == "Authorization") {
            name = "Berth-Token";
            value.erase(0, std::string_view("Bearer ").size());
        }
    return request;
}

net::Response answer(World& world, net::Request request) {
    return world.run(world.api->answer(std::move(request)));
}

TEST(Verify, says_whose_a_request_is) {
    World world;
    const auto response = answer(world, about(world, world.cookie_of(world.ann), {{"Cookie", "theme=dark"}}));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(text_of(response, "X-Berth-User"), "ann");
    EXPECT_EQ(text_of(response, "X-Berth-User-Id"), world.ann.text);
    EXPECT_EQ(text_of(response, "X-Berth-Role"), "user");
    EXPECT_EQ(text_of(response, "Cookie"), "theme=dark");
    EXPECT_EQ(text_of(answer(world, about(world, world.as_root)), "X-Berth-Role"), "admin");
}

TEST(Verify, is_for_our_proxies_only) {
    World world;
    auto request = about(world, world.as_ann);
    request.by_proxy = false;
    request.remote = "203.0.113.9";
    const auto response = answer(world, request);
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(body_of(response).at("code"), "untrusted_proxy");
    EXPECT_EQ(text_of(response, "X-Berth-User"), "");
    request.local = true;
    EXPECT_EQ(answer(world, request).status, 403);
}

TEST(Verify, says_where_to_sign_in_and_sends_browsers_there_when_asked) {
    World world;
    const net::Headers page{{"Accept", "text/html"}, {"X-Forwarded-Uri", "/grafana/"}};
    const auto target = "http://localhost:8080/sign-in?to=%2Fgrafana%2F";
    const auto plain = answer(world, about(world, {}, page));
    EXPECT_EQ(plain.status, 401);
    EXPECT_EQ(text_of(plain, "X-Berth-Sign-In"), target);
    EXPECT_EQ(text_of(plain, "Location"), "");
    const auto sent = answer(world, about(world, {}, page, "/auth/verify?redirect=true"));
    EXPECT_EQ(sent.status, 302);
    EXPECT_EQ(text_of(sent, "Location"), target);
    EXPECT_EQ(answer(world, about(world, {}, {{"Accept", "application/json"}}, "/auth/verify?redirect=true"))
                  .status,
              401);
}

TEST(Verify, refuses_a_proxy_that_is_set_up_wrongly) {
    World world;
    const auto response = answer(world, about(world, world.as_ann, {{"X-Forwarded-Host", "evil.test"}}));
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(body_of(response).at("code"), "invalid_field");
}

TEST(Verify, counts_against_nobodys_rate) {
    World world({.requests_per_second = 1, .requests_at_once = 2});
    for (int i = 0; i < 20; ++i) EXPECT_EQ(answer(world, about(world, world.as_ann)).status, 200);
    auto stranger = about(world, {});
    stranger.by_proxy = false;
    int refused = 0;
    for (int i = 0; i < 20; ++i) refused += answer(world, stranger).status == 429 ? 1 : 0;
    EXPECT_EQ(refused, 18);
}

TEST(Verify, a_name_that_no_header_can_hold_is_encoded) {
    World world;
    const auto user = world.add_user("Zoë");
    EXPECT_EQ(text_of(answer(world, about(world, world.token_of(user))), "X-Berth-User"), "Zo%C3%AB");
}

}  // namespace
}  // namespace berth::api::testing
