#include "auth/host_cookie.hpp"

#include <gtest/gtest.h>

namespace berth::auth {
namespace {

const SecretText key("a key of at least thirty-two characters");
const Time now{Duration(1'800'000'000'000)};
const HostPass pass{.user = {"usr_a"}, .login = {"log_b"}, .expires_at = now + Duration(1000)};

TEST(HostCookie, opens_at_its_host_until_its_time) {
    const auto text = seal_host_cookie(key, "lab-7f3k.localhost:8080", pass);
    EXPECT_EQ(open_host_cookie(key, "lab-7f3k.localhost:8080", text, now), pass);
    EXPECT_EQ(open_host_cookie(key, "LAB-7f3k.localhost:8080", text, now), pass);
    EXPECT_EQ(open_host_cookie(key, "lab-7f3k.localhost:8081", text, now), std::nullopt);
    EXPECT_EQ(open_host_cookie(key, "ide--lab-7f3k.localhost:8080", text, now), std::nullopt);
    EXPECT_EQ(open_host_cookie(SecretText("another key"), "lab-7f3k.localhost:8080", text, now),
              std::nullopt);
    EXPECT_EQ(open_host_cookie(key, "lab-7f3k.localhost:8080", text, pass.expires_at), std::nullopt);
}

TEST(HostCookie, any_change_closes_it) {
    const auto text = seal_host_cookie(key, "h", pass);
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto changed = text;
        changed[i] = changed[i] == '0' ? '1' : '0';
        EXPECT_EQ(open_host_cookie(key, "h", changed, now), std::nullopt) << i;
        EXPECT_EQ(open_host_cookie(key, "h", text.substr(0, i), now), std::nullopt) << i;
    }
    EXPECT_EQ(open_host_cookie(key, "h", text + "0", now), std::nullopt);
}

TEST(HostLabel, is_what_stands_before_the_apps_domain) {
    const Origin origin{.url = "http://localhost:8080", .apps_domain = "localhost:8080"};
    EXPECT_EQ(host_label(origin, "lab-7f3k.localhost:8080"), "lab-7f3k");
    EXPECT_EQ(host_label(origin, "ide--lab-7f3k.LOCALHOST:8080"), "ide--lab-7f3k");
    for (const std::string host :
         {"localhost:8080", ".localhost:8080", "lab.localhost", "lab.localhost:80800", "a.b.localhost:8080",
          "lab_x.localhost:8080", "xlocalhost:8080", ""})
        EXPECT_EQ(host_label(origin, host), std::nullopt) << host;
    EXPECT_EQ(host_label(origin, std::string(64, 'a') + ".localhost:8080"), std::nullopt);
    EXPECT_EQ(session_label("ide--lab-7f3k"), "lab-7f3k");
    EXPECT_EQ(session_label("lab-7f3k"), "lab-7f3k");
}

TEST(OwnPath, is_a_path_of_this_host_to_every_browser) {
    for (const std::string path : {"/", "/a?b=c", "/a//b"}) EXPECT_TRUE(own_path(path)) << path;
    for (const std::string path : {"", "a", "//evil.test", "/\\evil.test", "\\/evil.test", "http://evil.test",
                                   "/a\r\nX: y", "/a b", "/\tevil.test"})
        EXPECT_FALSE(own_path(path)) << path;
}

}  // namespace
}  // namespace berth::auth
