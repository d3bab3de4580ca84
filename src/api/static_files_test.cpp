#include "api/static_files.hpp"

#include "api/harness.hpp"
#include "api/rate.hpp"

namespace berth::api::testing {
namespace {

const net::Headers browser{{"Accept", "text/html,application/xhtml+xml"}};

TEST(Files, every_page_address_gets_the_page_with_a_strict_policy) {
    World world;
    for (const auto* path : {"/", "/sessions/ses_1", "/sign-in/abc"}) {
        const auto response = world.ask({}, "GET", path, {}, browser);
        EXPECT_EQ(response.status, 200);
        EXPECT_EQ(response.body, "<!doctype html>");
        EXPECT_EQ(text_of(response, "Content-Security-Policy"),
                  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                  "connect-src 'self' "
                  "ws://localhost:8080; font-src 'self'; base-uri 'none'; form-action 'self'; "
                  "frame-ancestors 'none'");
        EXPECT_EQ(text_of(response, "X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(text_of(response, "Referrer-Policy"), "same-origin");
        EXPECT_EQ(text_of(response, "Cross-Origin-Opener-Policy"), "same-origin");
        EXPECT_EQ(text_of(response, "Cache-Control"), "no-cache");
    }
    EXPECT_EQ(world.ask({}, "GET", "/sessions/ses_1").status, 404);
    EXPECT_EQ(world.ask({}, "GET", "/").body, "<!doctype html>")
        << "a load balancer says nothing of what it takes";
    EXPECT_EQ(world.ask({}, "POST", "/", {}, browser).status, 404);
    EXPECT_EQ(text_of(world.ask({}, "GET", "/healthz"), "X-Content-Type-Options"), "nosniff");
}

TEST(Files, assets_are_kept_for_good_and_sent_small) {
    World world;
    const auto path = "/assets/app-1a2b.js";
    const auto get = [&](net::Headers headers) { return world.ask({}, "GET", path, {}, std::move(headers)); };
    const auto plain = get({});
    EXPECT_EQ(plain.body, "let a = 1");
    EXPECT_EQ(text_of(plain, "Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(get({{"Accept-Encoding", "gzip, br"}}).body, "brotlied");
    const auto zipped = get({{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(zipped.body, "zipped");
    EXPECT_EQ(text_of(zipped, "Content-Encoding"), "gzip");
    const auto same = get({{"If-None-Match", "\"script\""}});
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(world.ask({}, "GET", "/assets/other.js").status, 404);
}

TEST(Buckets, a_burst_and_then_the_average) {
    Buckets buckets(2, 3);
    const auto now = start_of_time;
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(buckets.take("a", now));
    EXPECT_EQ(buckets.take("a", now), Duration(500));
    EXPECT_FALSE(buckets.take("b", now));
    EXPECT_FALSE(buckets.take("a", now + Duration(500)));
    EXPECT_TRUE(buckets.take("a", now + Duration(500)));
}

TEST(Buckets, those_that_are_full_are_forgotten_first) {
    Buckets buckets(1, 2);
    for (std::size_t i = 0; i < Buckets::clients_max; ++i) buckets.take(std::to_string(i), start_of_time);
    EXPECT_EQ(buckets.size(), Buckets::clients_max);
    buckets.take("new", start_of_time + std::chrono::seconds(10));
    EXPECT_EQ(buckets.size(), 1U);
    for (std::size_t i = 0; i < Buckets::clients_max + 10; ++i)
        buckets.take(std::to_string(i), start_of_time);
    EXPECT_LE(buckets.size(), Buckets::clients_max);
}

}  // namespace
}  // namespace berth::api::testing
