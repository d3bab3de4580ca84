#include "model/template.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/yaml.hpp"

namespace berth {
namespace {

const char* const good = R"(
apiVersion: berth.dev/v1alpha1
kind: Template
metadata: {name: demo}
spec:
  displayName: Demo
  components:
    - name: web
      image: localhost/demo:1
      ports: [{name: http, port: 8080}]
      readiness: {http: {port: http, path: /health}}
      resources: {cpu: 500m, memory: 256Mi}
      env: {MODE: fast}
      mounts: [{volume: home, path: /home/demo}]
  volumes: [{name: home, size: 1Gi}]
  access: [{name: page, component: web, port: http}]
  lifecycle: {startWithin: 30s}
)";

/// `good` with one piece replaced, and what `parse_template` says to it.
std::string refusal(const std::string& piece, const std::string& other) {
    std::string text = good;
    const auto place = text.find(piece);
    if (place == std::string::npos) return "the test has no such piece: " + piece;
    text.replace(place, piece.size(), other);
    try {
        parse_template(yaml::parse(text));
    } catch (const Error& error) {
        return error.code + ": " + error.user + (error.next.empty() ? "" : " | " + error.next);
    }
    return "accepted";
}

TEST(Template, a_document_reads_back_what_it_writes) {
    const auto named = parse_template(yaml::parse(good));
    EXPECT_EQ(named.name, "demo");
    EXPECT_EQ(named.spec.components[0].resources.memory.count, 256 << 20);
    const auto again = parse_template(to_document(named.name, named.spec));
    EXPECT_EQ(again.spec, named.spec);
}

TEST(Template, an_unknown_key_names_the_nearest_known_one) {
    EXPECT_EQ(refusal("displayName:", "displyName:"),
              "unknown_key: \"displyName\" is not a known key | did you mean \"displayName\"?");
    EXPECT_EQ(refusal("      image:", "      imag:"),
              "unknown_key: \"components[0].imag\" is not a known key | did you mean \"image\"?");
    EXPECT_EQ(refusal("startWithin", "startwithin"),
              "unknown_key: \"lifecycle.startwithin\" is not a known key | did you mean \"startWithin\"?");
    EXPECT_EQ(refusal("metadata: {name: demo}", "metadata: {name: demo, labels: {}}"),
              "unknown_key: \"metadata.labels\" is not a known key");
}

TEST(Template, a_key_whose_feature_is_not_built_is_refused_by_name) {
    const std::string next = " | remove it, or use a version that has it";
    EXPECT_EQ(
        refusal("lifecycle:", "network: {egress: [example.org]}\n  lifecycle:"),
        "not_built: \"network.egress: a list of hosts\" is not supported by this version of Berth" + next);
    EXPECT_EQ(refusal("{name: home, size: 1Gi}", "{name: home, scope: shared}"),
              "not_built: \"volumes[0].scope: shared\" is not supported by this version of Berth" + next);
    EXPECT_EQ(refusal("lifecycle:", "pool: {size: 2}\n  lifecycle:"),
              "not_built: \"pool\" is not supported by this version of Berth" + next);
}

TEST(Template, what_counts_as_use_of_a_page_can_be_said) {
    const auto with = [](const std::string& activity) {
        return refusal("port: http}]\n  lifecycle", "port: http, activity: " + activity + "}]\n  lifecycle");
    };
    EXPECT_EQ(with("{ignore: [/api/poll, /]}"), "accepted");
    EXPECT_EQ(with("{probe: {path: \"/api/status?quiet=1\", jsonPointer: /last_activity}}"), "accepted");
    EXPECT_EQ(with("{ignore: [/a], probe: {path: /b}}"), "accepted");
    const std::string at = "invalid_field: access[0].activity";
    EXPECT_EQ(with("{}"), at + ": expected ignore, probe or both");
    EXPECT_EQ(with("{ignore: [api]}"), at + ".ignore[0]: expected a path that starts with /");
    EXPECT_EQ(with("{ignore: [/a, \"/api?x\"]}"),
              at + ".ignore[1]: \"/api?x\" has a blank, one of ?#, or no ASCII");
    EXPECT_EQ(with("{probe: {path: /a b}}"), at + ".probe.path: \"/a b\" has a blank, one of #, or no ASCII");
    EXPECT_EQ(with("{probe: {jsonPointer: /a}}"), at + ".probe.path: expected a path that starts with /");
    for (const auto* pointer : {"status", "/a~", "/a~2"})
        EXPECT_EQ(with("{probe: {path: /, jsonPointer: " + std::string(pointer) + "}}"),
                  at + ".probe.jsonPointer: \"" + pointer +
                      "\" is not a JSON pointer | write it like /status/lastActive");
    EXPECT_EQ(with("{ignored: [/a]}"),
              "unknown_key: \"access[0].activity.ignored\" is not a known key | did you mean \"ignore\"?");
    EXPECT_EQ(refusal("access: [{name: page, component: web, port: http}]",
                      "access: [{name: sh, component: web, kind: terminal, activity: {ignore: [/a]}}]"),
              at + ": only an access of kind web has one: of the others keys and pointer count");
}

TEST(Template, use_of_the_processor_counts_above_a_floor) {
    const auto with = [](const std::string& floor) {
        return refusal("lifecycle: {startWithin: 30s}", "lifecycle: {cpuFloor: " + floor + "}");
    };
    EXPECT_EQ(with("100m"), "accepted");
    EXPECT_EQ(with("2"), "accepted");
    for (const auto* floor : {"0", "5m", "1001"})
        EXPECT_EQ(with(floor), "invalid_field: lifecycle.cpuFloor: expected 10m to 1000") << floor;
}

TEST(Template, freezes_before_it_hibernates) {
    const auto with = [](const std::string& limits) {
        return refusal("lifecycle: {startWithin: 30s}", "lifecycle: {" + limits + "}");
    };
    EXPECT_EQ(with("freezeAfter: 10m, hibernateAfter: 30m"), "accepted");
    EXPECT_EQ(with("freezeAfter: 10m"), "accepted");
    EXPECT_EQ(
        with("freezeAfter: 30m, hibernateAfter: 30m"),
        "invalid_field: lifecycle.freezeAfter: must be shorter than hibernateAfter (30m): what hibernates "
        "has no memory left to keep");
    EXPECT_EQ(with("freezeAfter: 1s"), "invalid_field: lifecycle.freezeAfter: at least 10s is needed");
}

TEST(Template, init_steps_need_an_image_a_command_and_a_volume_that_keeps_what_they_make) {
    const auto with = [](const std::string& init) {
        return refusal("mounts: [{volume: home, path: /home/demo}]",
                       "mounts: [{volume: home, path: /home/demo}]\n      init: " + init);
    };
    EXPECT_EQ(with("[{image: git, command: [git, clone, x], args: [y], env: {A: b}}]"), "accepted");
    EXPECT_EQ(with("[{command: [git]}]"), "invalid_field: components[0].init[0].image: an image is needed");
    EXPECT_EQ(with("[{image: git}]"), "invalid_field: components[0].init[0].command: a command is needed");
    EXPECT_EQ(with("[{image: git, command: [x], env: {\"A B\": c}}]"),
              "invalid_field: components[0].init[0].env: \"A B\" is not the name of a variable");
    EXPECT_EQ(with("[{image: git, command: [x], mounts: []}]"),
              "unknown_key: \"components[0].init[0].mounts\" is not a known key");
    const std::string none =
        "invalid_field: components[0].init: the component mounts no volume of scope workspace or session "
        "that "
        "it can write, so nothing of it would stay";
    EXPECT_EQ(refusal("mounts: [{volume: home, path: /home/demo}]",
                      "mounts: [{volume: home, path: /home/demo, readOnly: true}]\n"
                      "      init: [{image: git, command: [x]}]"),
              none);
    EXPECT_EQ(refusal("mounts: [{volume: home, path: /home/demo}]", "init: [{image: git, command: [x]}]"),
              none);
}

TEST(Template, no_component_has_the_name_of_an_init_step) {
    EXPECT_EQ(refusal("mounts: [{volume: home, path: /home/demo}]",
                      "mounts: [{volume: home, path: /home/demo}]\n"
                      "      init: [{image: git, command: [x]}]\n"
                      "    - {name: web-init-1, image: y}"),
              "invalid_field: components[0].init[0]: a component has its name, \"web-init-1\" | rename that "
              "component");
}

TEST(Template, the_volume_of_init_steps_is_that_of_the_workspace_else_that_of_the_session) {
    TemplateSpec spec;
    spec.volumes = {{.name = "mine", .scope = VolumeScope::user},
                    {.name = "scratch", .scope = VolumeScope::session},
                    {.name = "home"}};
    Component component{.name = "a", .image = "x"};
    component.mounts = {{"mine", "/m"}, {"scratch", "/s"}, {"home", "/h"}};
    EXPECT_EQ(init_volume(spec, component), &spec.volumes[2]);
    component.mounts[2].read_only = true;
    EXPECT_EQ(init_volume(spec, component), &spec.volumes[1]);
    component.mounts = {{"mine", "/m"}};
    EXPECT_EQ(init_volume(spec, component), nullptr);
}

TEST(Template, devices_and_pull_secrets_have_limits) {
    EXPECT_EQ(refusal("cpu: 500m", "gpu: 2"), "accepted");
    EXPECT_EQ(refusal("cpu: 500m", "gpu: 0"), "invalid_field: components[0].resources.gpu: expected 1 to 64");
    EXPECT_EQ(refusal("      env:", "      pullSecret: team.registry\n      env:"), "accepted");
    EXPECT_EQ(refusal("      env:", "      pullSecret: Team\n      env:"),
              "invalid_field: components[0].pullSecret: \"Team\" is not the name of a Secret");
}

TEST(Template, references_that_lead_nowhere_name_the_nearest) {
    EXPECT_EQ(refusal("volume: home", "volume: hom"),
              "invalid_field: components[0].mounts: there is no volume \"hom\" | did you mean \"home\"?");
    EXPECT_EQ(refusal("component: web", "component: wev"),
              "invalid_field: access[0].component: there is no component \"wev\" | did you mean \"web\"?");
    EXPECT_EQ(
        refusal("component: web, port: http", "component: web, port: htp"),
        "invalid_field: access[0].port: component \"web\" has no port \"htp\" | did you mean \"http\"?");
    EXPECT_EQ(refusal("{http: {port: http, path: /health}}", "{tcp: rpc}"),
              "invalid_field: components[0].readiness: component \"web\" has no port \"rpc\"");
}

TEST(Template, values_out_of_range_are_refused_with_their_path) {
    EXPECT_EQ(refusal("port: 8080", "port: 70000"),
              "invalid_field: components[0].ports: port number must be 1 to 65535");
    EXPECT_EQ(refusal("memory: 256Mi", "memory: 1Mi"),
              "invalid_field: components[0].resources.memory: at least 6Mi are needed");
    EXPECT_EQ(refusal("memory: 256Mi", "memory: 9223372036854775807"),
              "invalid_field: components[0].resources.memory: expected an amount such as 512Mi");
    EXPECT_EQ(refusal("memory: 256Mi", "memory: 65Ti"),
              "invalid_field: components[0].resources.memory: at most 64Ti");
    for (const std::string taken : {"/proc", "/proc/x", "/sys", "/dev/shm", "/run/berth", "/.berth/init"})
        EXPECT_NE(refusal("path: /home/demo", "path: " + taken).find("is taken"), std::string::npos) << taken;
    EXPECT_NE(refusal("path: /home/demo", "path: \"/a\\nb\"").find("is not an absolute path"),
              std::string::npos);
    EXPECT_NE(refusal("path: /home/demo", "path: /home//demo").find("is not an absolute path"),
              std::string::npos);
    EXPECT_EQ(refusal("path: /home/demo", "path: home"),
              "invalid_field: components[0].mounts: path \"home\" is not an absolute path below /");
    EXPECT_EQ(refusal("path: /home/demo", "path: /a/../etc"),
              "invalid_field: components[0].mounts: path \"/a/../etc\" is not an absolute path below /");
    EXPECT_EQ(refusal("name: demo", "name: De_mo"),
              "invalid_field: metadata.name: \"De_mo\" is not made of at most 40 characters a-z, 0-9 and "
              "inner hyphens");
    EXPECT_EQ(refusal("image: localhost/demo:1", "image: --privileged"),
              "invalid_field: components[0].image: \"--privileged\" is not the name of an image");
    EXPECT_EQ(refusal("displayName: Demo", "displayName: " + std::string(201, 'x')),
              "invalid_field: displayName: longer than 200 characters");
    std::string accents;
    for (int i = 0; i < 200; ++i) accents += "é";
    EXPECT_EQ(refusal("displayName: Demo", "displayName: " + accents), "accepted");
    EXPECT_EQ(refusal("startWithin: 30s", "startWithin: 31d"),
              "invalid_field: lifecycle.startWithin: at most 30d");
    EXPECT_EQ(refusal("kind: Template", "kind: Pod"), "invalid_field: kind: expected Template");
}

TEST(Template, every_starter_template_is_valid) {
    int count = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::string(BERTH_SOURCE_DIR) + "/images")) {
        if (entry.path().filename() != "template.yaml") continue;
        std::ifstream file(entry.path());
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        EXPECT_EQ(parse_template(yaml::parse(text)).name, entry.path().parent_path().filename())
            << entry.path();
        ++count;
    }
    EXPECT_EQ(count, 5);
}

}  // namespace
}  // namespace berth
