#include <gtest/gtest.h>

#include "plan/diff.hpp"
#include "plan/name.hpp"
#include "plan/values.hpp"

namespace berth::plan {
namespace {

std::string refusal(const auto& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.user + (error.next.empty() ? "" : " | " + error.next);
    }
    return "accepted";
}

TEST(Name, people_name_things_in_any_script) {
    for (const auto* name : {"lab", "Müllers Labor", "研究", "a b", "ñ-1", "x.y_z"})
        EXPECT_NO_THROW(check_name("session", name)) << name;
    EXPECT_EQ(refusal([] { check_name("session", ""); }), "session name is empty");
    EXPECT_EQ(refusal([] { check_name("session", "ses_1m7z"); }), "session \"ses_1m7z\" looks like an id");
    EXPECT_EQ(refusal([] { check_name("session", "a/b"); }), "session \"a/b\" has a slash");
    EXPECT_EQ(refusal([] { check_name("session", " a"); }), "session \" a\" starts or ends with a space");
    EXPECT_EQ(refusal([] { check_name("session", "a\nb"); }), "session \"a?b\" has a control character");
    EXPECT_EQ(refusal([] { check_name("session", "\xff"); }).substr(0, 9), "session \"");
    EXPECT_NE(refusal([] { check_name("session", std::string(64, 'a')); }), "accepted");
    EXPECT_EQ(refusal([] { check_name("session", std::string(63, 'a')); }), "accepted");
}

TEST(Name, a_slug_is_always_a_label_of_the_length_asked_for) {
    EXPECT_EQ(slug("Müllers Labor"), "muellers-labor");
    EXPECT_EQ(slug("研究"), "x");
    EXPECT_EQ(slug("--a__b--"), "a-b");
    EXPECT_EQ(slug("Ångström Straße"), "angstroem-strasse");
    EXPECT_EQ(slug("\xff\xfe"), "x");
    EXPECT_EQ(slug("abc-def", 4), "abc") << "no hyphen at the end";
    EXPECT_EQ(session_host(std::string(100, 'a'), "k2j4k2j4").size(), 49u);
}

TEST(Name, volume_handles_tell_apart_what_slugs_do_not) {
    const auto one = volume_handle("i1", "wsp_1", "home");
    EXPECT_EQ(one, volume_handle("i1", "wsp_1", "home")) << "stable";
    EXPECT_NE(one, volume_handle("i1", "wsp_2", "home"));
    EXPECT_NE(one, volume_handle("i2", "wsp_1", "home"));
    EXPECT_NE(volume_handle("i", "wsp_aaaaaaaaaaaaaaaaaaaaaa1", "v"),
              volume_handle("i", "wsp_aaaaaaaaaaaaaaaaaaaaaa2", "v"));
    EXPECT_LE(volume_handle(std::string(99, 'i'), std::string(99, 'o'), std::string(99, 'v')).size(), 63u);
}

TEST(Name, labels_are_rfc_1123) {
    EXPECT_NO_THROW(check_label("port", "http-2"));
    for (const auto* name : {"", "-a", "a-", "A", "a_b", "ä"})
        EXPECT_THROW(check_label("port", name), Error) << name;
}

TemplateSpec linked() {
    TemplateSpec spec;
    spec.components = {{.name = "model", .image = "m", .ports = {{"rpc", 8081, Scheme::ws}}},
                       {.name = "web", .image = "w"}};
    return spec;
}

TEST(Values, components_are_reached_by_their_alias) {
    const auto values = component_values(linked());
    EXPECT_EQ(expand("${components.model.ports.rpc.url}/x?p=${components.model.ports.rpc.port}", values),
              "ws://model:8081/x?p=8081");
    EXPECT_EQ(expand("no $ here, $${escaped} and $", values), "no $ here, ${escaped} and $");
}

TEST(Values, a_name_that_stands_for_nothing_is_refused_with_the_nearest) {
    const auto values = component_values(linked());
    EXPECT_EQ(refusal([&] { expand("${components.model.ports.rcp.url}", values); }),
              "${components.model.ports.rcp.url} stands for nothing | did you mean "
              "${components.model.ports.rpc.url}?");
    EXPECT_EQ(refusal([&] { expand("x ${user", values); }), "\"${user\" has no closing brace");
}

TEST(Values, expansion_happens_once) {
    const Values values{{"user.name", "${components.secret}"}};
    EXPECT_EQ(expand("${user.name}", values), "${components.secret}");
}

TEST(Values, a_template_is_checked_when_it_is_saved) {
    auto spec = linked();
    EXPECT_NO_THROW(check_values(spec));
    spec.components[1].env["X"] = "${nothing}";
    EXPECT_THROW(check_values(spec), Error);
    spec.components[1].env.clear();
    spec.components[1].command = {"${not.expanded}", "${session.url}"};
    EXPECT_NO_THROW(check_values(spec)) << "the program itself is never expanded";
}

TEST(Diff, a_component_of_another_generation_is_stopped_then_removed_then_started) {
    const Workload wanted{.id = {"w"}, .components = {{.name = "c", .image = "i", .generation = "2.0"}}};
    Observed have{.network = true, .images = {{"i", {.state = ImageState::present}}}};
    have.components = {{.name = "c", .handle = "old", .generation = "1.0", .state = ContainerState::running}};
    EXPECT_EQ(diff(wanted, have), (Changes{StopComponent{"c", "old", std::chrono::seconds(10)}}));
    have.components[0].state = ContainerState::stopping;
    EXPECT_EQ(diff(wanted, have), Changes{});
    have.components[0].state = ContainerState::exited;
    EXPECT_EQ(diff(wanted, have), (Changes{RemoveComponent{"c", "old"}}));
    have.components.clear();
    EXPECT_EQ(diff(wanted, have), (Changes{StartComponent{wanted.components[0]}}));
}

TEST(Diff, what_runs_freezes_and_what_is_frozen_thaws_before_anything_else) {
    Workload wanted{.id = {"w"}, .components = {{.name = "c", .image = "i", .generation = "1.0"}}};
    Observed have{.network = true};
    have.components = {{.name = "c", .handle = "h", .generation = "1.0", .state = ContainerState::running}};
    wanted.frozen = true;
    EXPECT_EQ(diff(wanted, have), (Changes{FreezeComponent{"c", "h"}}));
    have.components[0].state = ContainerState::frozen;
    EXPECT_EQ(diff(wanted, have), Changes{});
    wanted.frozen = false;
    EXPECT_EQ(diff(wanted, have), (Changes{ThawComponent{"c", "h"}}))
        << "also where somebody froze it by hand";
    wanted.components[0].generation = "2.0";
    const Changes stopped{ThawComponent{"c", "h"}, StopComponent{"c", "h", std::chrono::seconds(10)}};
    EXPECT_EQ(diff(wanted, have), stopped);
    EXPECT_EQ(diff({.id = {"w"}}, have), stopped);
}

TEST(Diff, nothing_starts_before_its_image_is_there_and_volumes_are_only_ever_made) {
    const Workload wanted{.id = {"w"},
                          .components = {{.name = "c", .image = "i", .generation = "1.0"}},
                          .volumes = {{.handle = "v"}},
                          .prepare = {"i"}};
    EXPECT_EQ(diff(wanted, {}), (Changes{PrepareImage{"i"}, CreateNetwork{Egress::internet, {{"c"}}},
                                         CreateVolume{{.handle = "v"}}}));
    EXPECT_EQ(diff({.id = {"w"}}, Observed{.network = true, .volumes = {"v", "foreign"}}),
              (Changes{RemoveNetwork{}}));
}

}  // namespace
}  // namespace berth::plan
