#include "engine/kubernetes/seen.hpp"

#include <gtest/gtest.h>

namespace berth::engine::kubernetes {
namespace {

constexpr const char* born = "2026-01-31T09:00:00Z";

/// A pod with that status, as the API server gives it.
json::value pod(const std::string& status, const std::string& more_about = "") {
    return boost::json::parse(R"({"metadata":{"namespace":"sessions","name":"ses-1-ide","uid":"u1",
        "resourceVersion":"12","creationTimestamp":")" +
                              std::string(born) + R"(",
        "labels":{"berth.dev/instance":"5eed","berth.dev/workload":"ses_1","berth.dev/component":"ide"},
        "annotations":{"berth.dev/generation":"1.0",
            "berth.dev/probe":"{\"ports\":[{\"name\":\"http\",\"port\":80}]}"},
        "ownerReferences":[{"uid":"owner","kind":"ConfigMap"}])" +
                              more_about + R"(},
        "spec":{"nodeName":"n1","volumes":[{"name":"run","emptyDir":{}},
            {"name":"home","persistentVolumeClaim":{"claimName":"berth-home"}}]},
        "status":)" + status + "}");
}

std::string container(const std::string& state) {
    return R"("containerStatuses":[{"name":"ide","image":"x:1","state":)" + state + "}]";
}

TEST(KubernetesSeen, a_running_pod_is_whole) {
    const auto read = read_pod(pod(R"({"phase":"Running","podIP":"10.1.0.7",)" +
                                   container(R"({"running":{"startedAt":"2026-01-31T09:30:00Z"}})") + "}"));
    SeenPod wanted{.object = {.key = {"sessions", "ses-1-ide"},
                              .uid = "u1",
                              .version = "12",
                              .workload = {"ses_1"},
                              .component = "ide",
                              .owner = "owner"},
                   .probe = {.ports = {{.name = "http", .port = 80}}},
                   .address = "10.1.0.7",
                   .node = "n1",
                   .volumes = {"berth-home"}};
    wanted.seen = {.name = "ide",
                   .handle = "u1",
                   .generation = "1.0",
                   .state = ContainerState::running,
                   .started_at = parse_time("2026-01-31T09:30:00Z")};
    EXPECT_EQ(read, wanted);
}

ObservedComponent seen(const std::string& status, const std::string& more_about = "") {
    return read_pod(pod(status, more_about)).seen;
}

TEST(KubernetesSeen, one_that_is_to_go_is_stopping_whatever_it_does) {
    const std::string to_go = R"(,"deletionTimestamp":"2026-01-31T09:40:00Z")";
    for (const auto* phase : {"Pending", "Running", "Succeeded", "Failed"}) {
        const auto component = seen(R"({"phase":")" + std::string(phase) + "\"}", to_go);
        EXPECT_EQ(component.state, ContainerState::stopping) << phase;
    }
}

TEST(KubernetesSeen, waiting_is_explained_in_the_clusters_words) {
    const auto words = [](const std::string& status) {
        const auto component = seen(status);
        EXPECT_EQ(component.state, ContainerState::creating);
        return component.message + "|" + component.trouble + component.hopeless;
    };
    const auto waits = [&](const std::string& reason, const std::string& message) {
        const auto state = R"({"waiting":{"reason":")" + reason + R"(","message":")" + message + R"("}})";
        return words(R"({"phase":"Pending",)" + container(state) + "}");
    };
    EXPECT_EQ(words(R"({"phase":"Pending"})"), "waiting for a node|");
    EXPECT_EQ(words(R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False",
                       "message":"0/3 nodes are available"}]})"),
              "no node takes it: 0/3 nodes are available|");
    EXPECT_EQ(waits("ContainerCreating", ""), "|");
    EXPECT_EQ(waits("PodInitializing", ""), "|");
    EXPECT_EQ(waits("CreateContainerConfigError", "secret not found"),
              "CreateContainerConfigError: secret not found|");
    EXPECT_EQ(waits("InvalidImageName", ""), "image \"x:1\": InvalidImageName|ImageNotFound");
}

/// What kubelets say, with containerd, CRI-O and Docker.
TEST(KubernetesSeen, an_image_is_not_found_only_where_its_registry_says_so) {
    const auto verdict = [](const std::string& reason, const std::string& message) {
        const json::value waiting{{"reason", reason}, {"message", message}};
        const auto component =
            seen(R"({"phase":"Pending",)" + container(R"({"waiting":)" + json::write(waiting) + "}") + "}");
        EXPECT_EQ(component.message, "image \"x:1\": " + (message.empty() ? reason : message));
        EXPECT_EQ(component.trouble.empty(), !component.hopeless.empty());
        return component.trouble + component.hopeless;
    };
    const std::string containerd = "failed to pull and unpack image \"docker.io/library/x:1\": failed to ";
    const std::string resolve = containerd + "resolve reference \"docker.io/library/x:1\": ";
    for (const auto& final :
         {"rpc error: code = NotFound desc = " + resolve + "docker.io/library/x:1: not found",
          resolve +
              "pull access denied, repository does not exist or may require authorization: server message: "
              "insufficient_scope: authorization failed",
          resolve +
              "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
              "https://ghcr.io/token?scope=repository%3Ax%3Apull&service=ghcr.io: 403 Forbidden",
          std::string("reading manifest 1 in docker.io/library/x: manifest unknown"),
          std::string("reading manifest 1 in docker.io/library/x: errors:\ndenied: requested access to the "
                      "resource is denied\nunauthorized: authentication required"),
          std::string(
              "Error response from daemon: pull access denied for x, repository does not exist or may "
              "require 'docker login'"),
          containerd + "apply: no match for platform in manifest: not found"}) {
        EXPECT_EQ(verdict("ErrImagePull", final), "ImageNotFound");
        EXPECT_EQ(verdict("ImagePullBackOff", "Back-off pulling image \"x:1\": ErrImagePull: " + final),
                  "ImageNotFound");
    }
    for (const auto& passing :
         {resolve + "unexpected status from HEAD request to https://registry.example/v2/x/manifests/1: 503 "
                    "Service Unavailable",
          containerd +
              "copy: httpReadSeeker: failed open: unexpected status code "
              "https://registry-1.docker.io/v2/library/x/manifests/1: 429 Too Many Requests - Server "
              "message: toomanyrequests: You have reached your pull rate limit.",
          resolve +
              "failed to authorize: failed to fetch oauth token: unexpected status from POST request to "
              "https://auth.docker.io/token: 401 Unauthorized",
          resolve + "failed to do request: Head \"https://registry.example/v2/x/manifests/1\": dial tcp "
                    "192.0.2.1:443: i/o timeout",
          resolve +
              "failed to do request: Head \"https://registry.example/v2/x/manifests/1\": dial tcp: lookup "
              "registry.example on 10.96.0.10:53: no such host",
          std::string("pinging container registry registry.example: Get \"https://registry.example/v2/\": "
                      "net/http: TLS handshake timeout")}) {
        EXPECT_EQ(verdict("ErrImagePull", passing), "ImagePullFailed");
        EXPECT_EQ(verdict("ImagePullBackOff", "Back-off pulling image \"x:1\": ErrImagePull: " + passing),
                  "ImagePullFailed");
    }
    EXPECT_EQ(verdict("ImagePullBackOff", "Back-off pulling image \"x:1\""), "ImagePullFailed")
        << "older kubelets do not say why";
    EXPECT_EQ(verdict("RegistryUnavailable", "registry is unavailable"), "ImagePullFailed");
    EXPECT_EQ(verdict("InvalidImageName", "couldn't parse image name"), "ImageNotFound");
    EXPECT_EQ(verdict("ErrImageNeverPull", "not present with pull policy of Never"), "ImageNotFound");
}

TEST(KubernetesSeen, an_image_that_only_nodes_have_is_not_waited_for) {
    const json::value waiting{{"reason", "ErrImagePull"},
                              {"message", "dial tcp [::1]:443: connect: connection refused"}};
    auto status = container(R"({"waiting":)" + json::write(waiting) + "}");
    status.replace(status.find("x:1"), 3, "localhost/x:1");
    const auto component = seen(R"({"phase":"Pending",)" + status + "}");
    EXPECT_EQ(component.hopeless, "ImageNotFound") << status;
}

TEST(KubernetesSeen, a_node_that_says_nothing_more_is_lost_and_one_that_speaks_is_not) {
    const auto running = container(R"({"running":{"startedAt":"2026-01-31T09:30:00Z"}})");
    const auto lost = [&](const std::string& conditions) {
        return read_pod(pod(R"({"phase":"Running",)" + running + R"(,"conditions":[)" + conditions + "]}"))
            .lost;
    };
    EXPECT_FALSE(lost(""));
    EXPECT_FALSE(lost(R"({"type":"Ready","status":"True"})"));
    EXPECT_TRUE(lost(R"({"type":"Ready","status":"False"})"));
    EXPECT_FALSE(lost(R"({"type":"Ready","status":"False","reason":"ReadinessGatesNotReady"})"));
    EXPECT_FALSE(
        read_pod(pod(R"({"phase":"Pending","conditions":[{"type":"Ready","status":"False"}]})")).lost);
}

TEST(KubernetesSeen, one_that_is_taken_away_says_why) {
    const auto words = [](const std::string& reason) {
        return seen(
                   R"({"phase":"Running","conditions":[{"type":"DisruptionTarget","status":"True","reason":")" +
                       reason + R"(","message":"said the cluster"}]})",
                   R"(,"deletionTimestamp":"2026-01-31T09:40:00Z")")
            .message;
    };
    EXPECT_EQ(words("EvictionByEvictionAPI"), "its node is being emptied");
    EXPECT_EQ(words("DeletionByTaintManager"), "a taint of its node drives it out");
    EXPECT_EQ(words("PreemptionByScheduler"), "said the cluster");
    EXPECT_EQ(words("DeletionByPodGC"), "said the cluster");
    EXPECT_EQ(seen(R"({"phase":"Pending"})", R"(,"deletionTimestamp":"2026-01-31T09:40:00Z")").message, "")
        << "why it waited is over";
}

TEST(KubernetesSeen, an_end_has_its_code_and_its_time) {
    const auto ended =
        seen(R"({"phase":"Failed",)" + container(R"({"terminated":{"exitCode":3,"reason":"Error",
                                "startedAt":"2026-01-31T09:30:00Z","finishedAt":"2026-01-31T09:31:00Z"}})") +
             "}");
    EXPECT_EQ(ended.state, ContainerState::exited);
    EXPECT_EQ(ended.exit_code, 3);
    EXPECT_FALSE(ended.out_of_memory);
    EXPECT_EQ(ended.started_at, parse_time("2026-01-31T09:30:00Z"));
    EXPECT_EQ(ended.exited_at, parse_time("2026-01-31T09:31:00Z"));
    const auto killed =
        seen(R"({"phase":"Failed",)" +
             container(R"({"terminated":{"exitCode":137,"reason":"OOMKilled","finishedAt":null}})") + "}");
    EXPECT_TRUE(killed.out_of_memory);
}

TEST(KubernetesSeen, an_end_without_a_word_of_the_container_has_a_time_all_the_same) {
    const auto evicted = seen(R"({"phase":"Failed","reason":"Evicted","message":"The node was low on memory",
        "conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2026-01-31T09:45:00Z"},
                      {"type":"PodScheduled","status":"True","lastTransitionTime":"2026-01-31T09:01:00Z"}]})");
    EXPECT_EQ(evicted.state, ContainerState::exited);
    EXPECT_EQ(evicted.message, "The node was low on memory");
    EXPECT_EQ(evicted.exit_code, 137);
    EXPECT_EQ(evicted.exited_at, parse_time("2026-01-31T09:45:00Z"));
    EXPECT_EQ(seen(R"({"phase":"Failed"})").exited_at, parse_time(born));
    const auto unknown = seen(R"({"phase":"Failed",)" +
                              container(R"({"terminated":{"exitCode":137,"finishedAt":null}})") + "}");
    EXPECT_EQ(unknown.exited_at, parse_time(born));
}

TEST(KubernetesSeen, an_end_is_its_nodes_or_its_own) {
    const auto is_disrupted = [](const std::string& ended, const std::string& words,
                                 const std::string& reason = "TerminationByKubelet") {
        const auto component =
            seen(R"({"phase":"Failed","conditions":[{"type":"DisruptionTarget","status":"True","reason":")" +
                 reason + R"(","message":")" + words + R"("}],)" + container(ended) + "}");
        EXPECT_EQ(component.state, ContainerState::exited);
        EXPECT_EQ(component.message, words);
        return component.disrupted;
    };
    const std::string at_once = R"({"terminated":{"exitCode":0,"reason":"Completed"}})";
    const std::string killed = R"({"terminated":{"exitCode":137,"reason":"Error"}})";
    EXPECT_TRUE(is_disrupted(at_once, "Pod was terminated in response to imminent node shutdown."));
    EXPECT_TRUE(is_disrupted(killed,
                             "The node was low on resource: memory. Threshold quantity: 100Mi, "
                             "available: 50Mi. Container ide was using 2Gi, request is 1Gi, has "
                             "larger consumption of memory. "));
    EXPECT_TRUE(is_disrupted(killed, "Preempted by kubelet to make room for a critical pod"));
    EXPECT_TRUE(is_disrupted(killed, "PodGC: node no longer exists", "DeletionByPodGC"));
    EXPECT_FALSE(is_disrupted(killed, "Usage of EmptyDir volume 'run' exceeds the limit '1Mi'. "));
    EXPECT_FALSE(is_disrupted(
        killed, "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "));
    EXPECT_FALSE(is_disrupted(killed, "Container ide exceeded its local ephemeral storage limit 1Gi. "));
    EXPECT_FALSE(is_disrupted(R"({"terminated":{"exitCode":137,"reason":"OOMKilled"}})", "said the cluster"));
    const auto refused = seen(R"({"phase":"Failed","reason":"NodeShutdown",
        "message":"Pod was rejected as the node is shutting down."})");
    EXPECT_TRUE(refused.disrupted);
    EXPECT_EQ(refused.message, "Pod was rejected as the node is shutting down.");
    EXPECT_TRUE(
        seen(R"({"phase":"Failed","reason":"Evicted","message":"The node had condition: [DiskPressure]."})")
            .disrupted);
    EXPECT_FALSE(seen(R"({"phase":"Failed",)" + container(killed) + "}").disrupted);
}

TEST(KubernetesSeen, what_somebody_edited_is_read_as_far_as_it_can_be) {
    auto edited = pod("{}");
    edited.at("metadata").at("annotations").as_object()["berth.dev/probe"] = "{broken";
    EXPECT_EQ(read_pod(edited).probe, ProbeSpec());
    for (const char* text :
         {"{}", "[]", "null", R"({"metadata":[]})", R"({"metadata":{"labels":7}})",
          R"({"status":{"phase":"Running","containerStatuses":{}}})",
          R"({"status":{"containerStatuses":[7],"conditions":[null]},"spec":{"volumes":[7]}})"})
        EXPECT_EQ(read_pod(boost::json::parse(text)).object.workload, WorkloadId()) << text;
}

TEST(KubernetesSeen, a_config_map_says_which_components_have_services) {
    const auto read = [](const std::string& note) {
        const json::object notes{{note_members, note}};
        return read_config_map({{"metadata", json::object{{"name", "x"}, {"annotations", notes}}}}).members;
    };
    EXPECT_EQ(read(R"(["ide","db"])"), (std::vector<std::string>{"ide", "db"}));
    EXPECT_EQ(read("broken"), std::vector<std::string>());
}

TEST(KubernetesSeen, users_of_their_own_are_there_only_when_every_node_says_so) {
    const auto node = [](const std::string& name, const std::string& handlers) {
        return R"({"metadata":{"name":")" + name + R"("},"status":{"runtimeHandlers":)" + handlers + "}}";
    };
    const auto yes = node("a", R"([{"name":"kata","features":{"userNamespaces":false}},
        {"name":"","features":{"userNamespaces":true}}])");
    const auto no = node("b", R"([{"name":"","features":{"recursiveReadOnlyMounts":true}}])");
    const auto why = [](const std::string& items) {
        return why_no_user_namespaces(boost::json::parse(R"({"items":[)" + items + "]}"));
    };
    EXPECT_EQ(why(yes), "");
    EXPECT_EQ(why(yes + "," + no), "node \"b\" does not have them");
    EXPECT_EQ(why(R"({"metadata":{"name":"old"},"status":{}})"), "node \"old\" does not have them");
    EXPECT_EQ(why(""), "there are no nodes");
}

TEST(KubernetesSeen, a_namespace_that_does_not_end_says_what_keeps_it) {
    const auto read = [](const char* text) { return read_namespace_end(boost::json::parse(text)); };
    EXPECT_EQ(read(R"({"metadata":{"name":"a"},"status":{"phase":"Active"}})"), "");
    EXPECT_EQ(
        read(R"({"metadata":{"deletionTimestamp":"2026-01-31T09:00:00Z"},"status":{"phase":"Terminating"}})"),
        "being removed since 2026-01-31T09:00:00Z");
    EXPECT_EQ(read(R"({"metadata":{"deletionTimestamp":"2026-01-31T09:00:00Z"},"status":{"conditions":[
            {"type":"NamespaceDeletionContentFailure","status":"False","message":"All content deleted"},
            {"type":"NamespaceFinalizersRemaining","status":"True","message":"x.example/hold in 1 resource instances"}]}})"),
              "being removed since 2026-01-31T09:00:00Z: x.example/hold in 1 resource instances");
}

}  // namespace
}  // namespace berth::engine::kubernetes
