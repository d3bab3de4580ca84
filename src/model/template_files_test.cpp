#include "model/template_files.hpp"

#include <gtest/gtest.h>

namespace berth {
namespace {

std::string refusal(const Component& component) {
    try {
        check_files(component, "c");
    } catch (const Error& error) {
        return error.user;
    }
    return {};
}

Component with_file(FileSpec file) {
    return {.files = {std::move(file)}};
}

TEST(TemplateFiles, what_is_sound_is_taken) {
    EXPECT_EQ(refusal({.env = {{"A", "1"}},
                       .secrets = {{"TOKEN", true}, {"other_1"}},
                       .files = {{.path = "/etc/app.conf", .content = ""},
                                 {.path = "/home/me/.netrc", .secret = "NETRC", .live = true}},
                       .user_files = UserFiles{"/uploads", true},
                       .mounts = {{"home", "/home/me"}}}),
              "");
}

TEST(TemplateFiles, secrets_are_named_like_variables_once) {
    EXPECT_EQ(refusal({.secrets = {{"A-B"}}}), "c.secrets[0].name: \"A-B\" is not the name of a secret");
    EXPECT_EQ(refusal({.secrets = {{"1A"}}}), "c.secrets[0].name: \"1A\" is not the name of a secret");
    EXPECT_EQ(refusal({.secrets = {{"BERTH_USER"}}}),
              "c.secrets[0].name: what begins with BERTH_ is set by Berth itself");
    EXPECT_EQ(refusal({.secrets = {{"A"}, {"A"}}}), "c.secrets[1].name: \"A\" appears twice");
    EXPECT_EQ(refusal({.env = {{"A", ""}}, .secrets = {{"A"}}}), "c.secrets[0].name: env sets \"A\" too");
    EXPECT_EQ(refusal(with_file({.path = "/a", .secret = "files/"})),
              "c.files[0].secret: \"files/\" is not the name of a secret");
}

TEST(TemplateFiles, a_file_is_either_its_content_or_a_secret) {
    EXPECT_EQ(refusal(with_file({.path = "/a"})), "c.files[0]: expected exactly one of content and secret");
    EXPECT_EQ(refusal(with_file({.path = "/a", .content = "x", .secret = "S"})),
              "c.files[0]: expected exactly one of content and secret");
    EXPECT_EQ(refusal(with_file({.path = "/a", .content = "x", .live = true})),
              "c.files[0].live: only a secret changes while a session runs");
}

TEST(TemplateFiles, paths_follow_the_rules_of_mounts) {
    const auto at = [](const std::string& path) {
        return refusal(with_file({.path = path, .content = "x"}));
    };
    for (const auto* path : {"", "a", "/", "/a/../b", "/..", "/a//b", "/a:b", "/a\nb"})
        EXPECT_NE(at(path).find("is not an absolute path below /"), std::string::npos) << path;
    EXPECT_EQ(at("/proc/x"), "c.files[0].path: /proc is taken");
    EXPECT_EQ(at("/.berth/x"), "c.files[0].path: /.berth is taken");
    EXPECT_EQ(at("/a/"), "c.files[0].path: path \"/a/\" ends in a slash");
    EXPECT_EQ(at("/" + std::string(1024, 'a')), "c.files[0].path: longer than 1024 characters");
}

TEST(TemplateFiles, nothing_takes_the_place_of_something_else) {
    EXPECT_EQ(refusal({.files = {{.path = "/a", .content = "x"}, {.path = "/a", .content = "y"}}}),
              "c.files[1].path: path \"/a\" appears twice");
    EXPECT_EQ(refusal({.files = {{.path = "/a", .content = "x"}}, .user_files = UserFiles{"/a/b"}}),
              "c.userFiles.path: \"/a\" and \"/a/b\" are one in the other");
    EXPECT_EQ(refusal({.files = {{.path = "/home", .content = "x"}}, .mounts = {{"home", "/home"}}}),
              "c.files[0].path: a volume is mounted at \"/home\"");
}

}  // namespace
}  // namespace berth
