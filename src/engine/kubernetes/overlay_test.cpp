#include "engine/kubernetes/overlay.hpp"

#include <gtest/gtest.h>

#include "engine/kubernetes/render.hpp"

namespace berth::engine::kubernetes {
namespace {

Place example_place() {
    return {.instance = "5eed",
            .namespace_ = "sessions",
            .init_config_map = "berth-init-1",
            .architecture = "amd64",
            .pull_secrets = {"registry"}};
}

WorkloadComponent example() {
    WorkloadComponent component{.name = "ide", .image = "x:1"};
    component.mounts = {{.volume = "berth-home", .path = "/home"}, {.volume = "berth-data", .path = "/data"}};
    component.generation = "2.0";
    return component;
}

json::object pod_of(const WorkloadComponent& component, const Place& place = example_place()) {
    return render_pod(place, {"ses_1"}, {"ses-1", "uid-1"}, component, {}, {});
}

TEST(KubernetesOverlay, an_overlay_of_a_kind_is_merged_after_the_one_of_all) {
    auto place = example_place();
    place.overlay =
        json::parse(R"({"spec":{"priorityClassName":"low","nodeSelector":{"a":"b"}}})").as_object();
    place.overlays["ide"] =
        json::parse(
            R"({"spec":{"priorityClassName":"high","runtimeClassName":"gvisor","nodeSelector":{"c":"d"},
            "tolerations":[{"key":"gpu","operator":"Exists"}],
            "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}]}})")
            .as_object();
    auto component = example();
    const auto plain = pod_of(component, place);
    EXPECT_EQ(plain.at("spec").at("priorityClassName"), "low");
    EXPECT_FALSE(plain.at("spec").as_object().contains("runtimeClassName"));
    component.kind = "ide";
    const auto pod = pod_of(component, place);
    EXPECT_EQ(pod.at("spec").at("priorityClassName"), "high");
    EXPECT_EQ(pod.at("spec").at("runtimeClassName"), "gvisor");
    EXPECT_EQ(json::write(pod.at("spec").at("nodeSelector")), R"({"a":"b","c":"d"})");
    EXPECT_EQ(pod.at("spec").at("tolerations").as_array().size(), 1u);
    EXPECT_EQ(pod.at("spec").at("topologySpreadConstraints").as_array().size(), 1u);
}

TEST(KubernetesOverlay, an_overlay_takes_nothing_away_that_makes_a_pod_ours_whichever_key_it_stands_at) {
    const auto refusal = [](const char* overlay) {
        try {
            check_overlay("podOverlays.ide", json::parse(overlay).as_object());
        } catch (const Error& error) {
            return error.user;
        }
        return std::string("accepted");
    };
    EXPECT_EQ(refusal(R"({"spec":{"priorityClassName":"high"}})"), "accepted");
    EXPECT_EQ(refusal(R"({"spec":{"containers":[]}})"), "podOverlays.ide.spec.containers is Berth's own");
    EXPECT_EQ(refusal(R"({"status":{}})"), "podOverlays.ide.status: expected metadata or spec");
    for (const char* own :
         {"volumes", "restartPolicy", "automountServiceAccountToken", "hostname", "securityContext",
          "hostUsers", "hostPID", "hostIPC", "hostNetwork", "hostAliases"})
        for (const char* value : {"null", "true", "{}"})
            EXPECT_EQ(refusal((R"({"spec":{")" + std::string(own) + R"(":)" + value + "}}").c_str()),
                      "podOverlays.ide.spec." + std::string(own) + " is Berth's own");
    for (const std::string kind : {"labels", "annotations"}) {
        const auto marks = [&](const std::string& value) {
            return refusal((R"({"metadata":{")" + kind + R"(":)" + value + "}}").c_str());
        };
        EXPECT_EQ(marks("null"), "podOverlays.ide.metadata." + kind + ": expected an object");
        for (const std::string name : {"berth.dev/workload", "berth.dev/generation", "volume.berth.dev/x",
                                       "app.kubernetes.io/managed-by"})
            for (const std::string value : {"null", "\"x\""})
                EXPECT_EQ(marks("{\"" + name + "\":" + value + "}"),
                          "podOverlays.ide.metadata." + kind + "." + name + " is Berth's own");
        EXPECT_EQ(marks(R"({"team":"lab","notberth.dev/x":"y"})"), "accepted");
    }
    EXPECT_EQ(refusal(R"({"spec":{"affinity":[]}})"), "podOverlays.ide.spec.affinity: expected an object");
    EXPECT_EQ(refusal(R"({"spec":{"affinity":{"podAffinity":7}}})"),
              "podOverlays.ide.spec.affinity.podAffinity: expected an object");
    EXPECT_EQ(refusal(R"({"spec":{"imagePullSecrets":"x"}})"),
              "podOverlays.ide.spec.imagePullSecrets: expected a list");
    EXPECT_EQ(refusal(R"({"spec":{"affinity":null,"imagePullSecrets":null}})"), "accepted");
}

TEST(KubernetesOverlay, to_the_nodes_neighbours_and_secrets_of_an_overlay_ours_are_added) {
    const auto plain = pod_of(example()).at("spec");
    for (const char* nothing :
         {R"({"spec":{"affinity":null,"imagePullSecrets":null}})",
          R"({"spec":{"affinity":{"nodeAffinity":null,"podAffinity":{}},"imagePullSecrets":[]}})",
          R"({"spec":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":
              {"nodeSelectorTerms":[]}},"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":null}}}})"}) {
        auto place = example_place();
        place.overlay = json::parse(nothing).as_object();
        EXPECT_NO_THROW(check_overlay("podOverlay", place.overlay));
        const auto spec = pod_of(example(), place).at("spec");
        EXPECT_EQ(spec.at("affinity"), plain.at("affinity")) << nothing;
        EXPECT_EQ(spec.at("imagePullSecrets"), plain.at("imagePullSecrets")) << nothing;
    }
    auto place = example_place();
    place.overlay =
        json::parse(R"({"spec":{"imagePullSecrets":[{"name":"own"},{"name":"registry"}],"affinity":{
        "nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
            {"matchExpressions":[{"key":"pool","operator":"Exists"}]},{"matchFields":[]}]}},
        "podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"zone"}]},
        "podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[]}}}})")
            .as_object();
    EXPECT_NO_THROW(check_overlay("podOverlay", place.overlay));
    const auto spec = pod_of(example(), place).at("spec");
    EXPECT_EQ(json::write(spec.at("imagePullSecrets")), R"([{"name":"own"},{"name":"registry"}])");
    const char* rule = "requiredDuringSchedulingIgnoredDuringExecution";
    const std::string arch = R"({"key":"kubernetes.io/arch","operator":"In","values":["amd64"]})";
    EXPECT_EQ(json::write(spec.at("affinity").at("nodeAffinity").at(rule).at("nodeSelectorTerms")),
              R"([{"matchExpressions":[{"key":"pool","operator":"Exists"},)" + arch +
                  R"(]},{"matchFields":[],"matchExpressions":[)" + arch + "]}]");
    const auto& beside = spec.at("affinity").at("podAffinity").at(rule).as_array();
    ASSERT_EQ(beside.size(), 3u) << "theirs, and ours of two mounts";
    EXPECT_EQ(beside.at(0).at("topologyKey"), "zone");
    EXPECT_EQ(beside.at(1), plain.at("affinity").at("podAffinity").at(rule).as_array().at(0));
    EXPECT_TRUE(spec.at("affinity").as_object().contains("podAntiAffinity"));
}

}  // namespace
}  // namespace berth::engine::kubernetes
