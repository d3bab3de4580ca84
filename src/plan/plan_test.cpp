#include <gtest/gtest.h>

#include "plan/admit.hpp"
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

const Limits small{.sessions = 3, .running = 2, .cpu = {2000}, .memory = {4096}, .workspaces = 1};

TEST(Admit, the_strictest_limit_that_is_hit_is_named_with_its_use_and_a_way_out) {
    const std::vector<Holding> two{{.name = "a", .running = true, .demand = {{500}, {1}}},
                                   {.name = "b", .running = true, .demand = {{500}, {1}}}};
    const std::vector<Holding> three{{.name = "a"}, {.name = "b"}, {.name = "c"}};
    const auto sentence = [](const std::optional<Error>& error) {
        return error ? error->user + " | " + error->next : "yes";
    };
    EXPECT_EQ(sentence(admit_launch(small, {}, {{500}, {1}})), "yes");
    EXPECT_EQ(sentence(admit_launch(small, three, {})),
              "your limit of sessions is 3, and you have 3 | delete a session that is not needed any more");
    EXPECT_EQ(sentence(admit_launch(small, two, {})),
              "your limit of running sessions is 2, and 2 run | hibernate or delete one of \"a\", \"b\"");
    EXPECT_EQ(sentence(admit_launch(small, std::span(two).first(1), {{1600}, {1}})),
              "your limit of processors is 2, and 500m are in use; this session needs 1600m | hibernate or "
              "delete one of \"a\"");
    EXPECT_EQ(sentence(admit_launch(small, {}, {{1}, {5000}})),
              "your limit of memory is 4Ki, and 0 are in use; this session needs 5000 | ask an "
              "administrator for a higher limit");
}

TEST(Admit, a_stopped_session_counts_but_takes_nothing) {
    const std::vector<Holding> stopped{{.name = "a", .demand = {{9000}, {9000}}},
                                       {.name = "b", .demand = {{9000}, {9000}}}};
    EXPECT_FALSE(admit_launch(small, stopped, {{2000}, {4096}}));
    EXPECT_FALSE(admit_wake(small, stopped, {{2000}, {4096}}));
}

TEST(Admit, a_users_own_quota_beats_the_default_and_ours) {
    const auto strict = limits({.running = 1}, {.sessions = 7, .running = 9});
    EXPECT_EQ(strict.running, 1);
    EXPECT_EQ(strict.sessions, 7);
    EXPECT_EQ(strict.workspaces, Limits{}.workspaces);
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
