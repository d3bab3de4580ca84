#include "gateway/use.hpp"

#include <gtest/gtest.h>

namespace berth::gateway {
namespace {

Use use_at(std::string_view path, const Way& way) {
    net::RequestHead head;
    head.path = path;
    return use_of(head, way);
}

TEST(Use, is_everything_where_the_template_says_nothing) {
    EXPECT_EQ(use_at("/", {}), Use::counts);
}

TEST(Use, is_not_what_lies_at_or_below_an_ignored_path) {
    const Way way{.activity = ActivityRule{.ignore = {"/api/poll", "/static/"}}};
    for (const auto* path :
         {"/api/poll", "/api/poll?since=1", "/api/poll/", "/api/poll/1?x=/y", "/static/a.js"})
        EXPECT_EQ(use_at(path, way), Use::ignored) << path;
    for (const auto* path : {"/", "/api", "/api/polls", "/api?poll", "/x/api/poll", "/static", "/API/POLL"})
        EXPECT_EQ(use_at(path, way), Use::counts) << path;
    EXPECT_EQ(use_at("/anything", {.activity = ActivityRule{.ignore = {"/"}}}), Use::ignored);
}

TEST(Use, is_nothing_where_the_application_is_asked) {
    const Way way{.name = "lab",
                  .activity = ActivityRule{.ignore = {"/api"}, .probe = ActivityProbe{"/x", ""}}};
    EXPECT_EQ(use_at("/", way), Use::probed);
    EXPECT_EQ(use_at("/api/x", way), Use::ignored) << "that wakes nothing, either";
    net::RequestHead head;
    head.path = "/api/x";
    EXPECT_EQ(uncounted_of(head, way).what, "requests at /api");
    head.path = "/";
    EXPECT_EQ(uncounted_of(head, way).what, "what is sent to \"lab\"");
}

}  // namespace
}  // namespace berth::gateway
