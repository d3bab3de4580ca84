#include "cli/starter.hpp"

#include <gtest/gtest.h>

#include "base/yaml.hpp"
#include "model/template.hpp"

namespace berth::cli {
namespace {

TEST(NameOfImage, is_a_name_that_a_template_may_have) {
    EXPECT_EQ(name_of_image("registry.example:5000/team/My_IDE:2"), "my-ide");
    EXPECT_EQ(name_of_image("localhost/berth/terminal@sha256:00"), "terminal");
    EXPECT_EQ(name_of_image("3proxy"), "app-3proxy");
    EXPECT_EQ(name_of_image("___"), "app");
}

TEST(StarterTemplate, is_accepted_as_it_is) {
    const auto web = parse_template(yaml::parse(starter_template("registry.example/ide:2", 3000, "")));
    EXPECT_EQ(web.name, "ide");
    EXPECT_EQ(web.spec.components.at(0).image, "registry.example/ide:2");
    EXPECT_EQ(web.spec.components.at(0).ports.at(0).port, 3000);
    EXPECT_EQ(default_access(web.spec)->kind, AccessKind::web);
    const auto shell = parse_template(yaml::parse(starter_template("debian:bookworm-slim", {}, "shell")));
    EXPECT_EQ(shell.name, "shell");
    EXPECT_EQ(default_access(shell.spec)->kind, AccessKind::terminal);
}

TEST(StarterTemplate, refuses_what_is_no_image_or_name) {
    EXPECT_THROW(starter_template("a b", {}, ""), Error);
    EXPECT_THROW(starter_template("", {}, ""), Error);
    EXPECT_THROW(starter_template("debian", {}, "Has Spaces"), Error);
}

}  // namespace
}  // namespace berth::cli
