#include "container/request.hpp"

#include <gtest/gtest.h>

#include "container/answer.hpp"
#include "container/event.hpp"
#include "container/refusal.hpp"

namespace berth::container {
namespace {

ContainerSpec example() {
    ContainerSpec spec{.name = "berth-x",
                       .image = "sha256:aa",
                       .hostname = "ide",
                       .entrypoint = {"/.berth/init", "run", "--"}};
    spec.command = {"sleep", "infinity"};
    spec.env = {{"A", "b"}};
    spec.user = "1000:0";
    spec.labels = {{"berth.instance", "i"}};
    spec.binds = {{.source = "/data/init", .target = "/.berth/init", .read_only = true}};
    spec.volumes = {{.volume = "berth-home", .target = "/home"}};
    spec.network = "berth-net";
    spec.aliases = {"ide"};
    spec.memory = {64 << 20};
    spec.shared_memory = {1 << 20};
    spec.cpu = {500};
    spec.pids = 100;
    spec.log_driver = "k8s-file";
    spec.log_size = {1024};
    spec.stop_timeout = Duration(1500);
    return spec;
}

TEST(Request, a_container_has_no_rights_that_are_not_named_and_no_swap) {
    const auto body = render(example());
    const auto& host = body.at("HostConfig");
    EXPECT_EQ(host.at("CapDrop"), json::value(json::array{"ALL"}));
    EXPECT_EQ(host.at("CapAdd"), json::value(json::array{}));
    EXPECT_EQ(host.at("SecurityOpt"), json::value(json::array{"no-new-privileges"}));
    EXPECT_EQ(host.at("Privileged"), json::value(false));
    EXPECT_EQ(host.at("Memory"), host.at("MemorySwap"));
    EXPECT_EQ(host.at("NanoCpus").as_int64(), 500'000'000);
    EXPECT_EQ(host.at("PidsLimit").as_int64(), 100);
    EXPECT_EQ(host.at("Binds"), json::value(json::array{"berth-home:/home:nocopy"}));
    EXPECT_FALSE(host.as_object().contains("PortBindings"));
    EXPECT_FALSE(host.as_object().contains("UsernsMode"));
    EXPECT_EQ(body.at("StopTimeout").as_int64(), 2);
    EXPECT_EQ(body.at("NetworkingConfig"),
              boost::json::parse(R"({"EndpointsConfig":{"berth-net":{"Aliases":["ide"]}}})"));
}

TEST(Request, references_are_taken_apart_as_a_pull_wants_them) {
    EXPECT_EQ(split_reference("debian"), (PullName{"debian", "latest"}));
    EXPECT_EQ(split_reference("host:5000/a/b"), (PullName{"host:5000/a/b", "latest"}));
    EXPECT_EQ(split_reference("host:5000/a/b:2"), (PullName{"host:5000/a/b", "2"}));
    EXPECT_EQ(split_reference("a@sha256:00"), (PullName{"a@sha256:00", ""}));
}

TEST(Request, what_goes_into_a_path_cannot_leave_it) {
    EXPECT_EQ(encode("a/../b?c=d e"), "a%2F..%2Fb%3Fc%3Dd%20e");
    EXPECT_EQ(label_filter({{"a", "b"}}), "%7B%22label%22%3A%5B%22a%3Db%22%5D%7D");
}

TEST(Answer, what_podman_and_docker_say_of_a_container_is_read_alike) {
    const auto details = read_container(parse_answer(R"({"Id":"abc","Name":"/n","Image":"sha256:1",
        "State":{"Status":"exited","ExitCode":137,"OOMKilled":true,"StartedAt":"2026-11-21T06:28:31.334342262Z",
        "FinishedAt":"0001-01-01T00:00:00Z","Pid":7},"Config":{"Labels":{"a":"b"}}})"));
    EXPECT_EQ(details.name, "n");
    EXPECT_EQ(details.state, "exited");
    EXPECT_EQ(details.exit_code, 137);
    EXPECT_TRUE(details.out_of_memory);
    EXPECT_EQ(details.labels, (Labels{{"a", "b"}}));
    EXPECT_EQ(details.started_at, parse_time("2026-11-21T06:28:31.334Z"));
    EXPECT_EQ(details.finished_at, std::nullopt);
}

TEST(Answer, missing_and_wrong_fields_are_defaults_never_crashes) {
    EXPECT_EQ(read_container(parse_answer("[]")), ContainerDetails{});
    EXPECT_EQ(read_image(parse_answer(R"({"Config":{"Entrypoint":"sh","Cmd":null},"Size":"x"})")).entrypoint,
              std::vector<std::string>{"sh"});
    EXPECT_TRUE(read_containers(parse_answer("{}")).empty());
    EXPECT_THROW(parse_answer("<html>"), Error);
}

TEST(Answer, page_cache_is_not_memory) {
    const auto stats = read_stats(parse_answer(
        R"({"cpu_stats":{"cpu_usage":{"total_usage":5}},"memory_stats":{"usage":100,"stats":{"inactive_file":30}}})"));
    EXPECT_EQ(stats, (Stats{5, {70}}));
}

TEST(Refusal, podmans_500_means_what_it_says) {
    const auto code = [](int status, std::string_view words) {
        return to_error(status, std::string(R"({"message":")") + std::string(words) + R"("})").code;
    };
    EXPECT_EQ(code(404, "no such image: localhost/nope:1: image not known"), "image_not_found");
    EXPECT_EQ(code(404, "failed to find image nope:1: docker.io/library/nope:1: No such image"),
              "image_not_found");
    EXPECT_EQ(code(500, "that name is already in use"), "name_taken");
    EXPECT_EQ(code(500, "network name x already used: network already exists"), "name_taken");
    EXPECT_EQ(code(500, "unable to find network with name or ID x: network not found"), "network_not_found");
    EXPECT_EQ(code(409, "volume x is being used by the following container(s)"), "in_use");
    EXPECT_EQ(code(500, "can only kill running containers: container state improper"), "wrong_state");
    EXPECT_EQ(code(500, "write /x: no space left on device"), "disk_full");
    EXPECT_EQ(code(500, "runc: create failed"), "engine_failed");
    EXPECT_EQ(to_error(500, "").user, "the container engine answered 500");
    EXPECT_EQ(to_error(400, "plain words\n").user, "plain words");
}

TEST(Event, a_line_is_an_event_or_nothing) {
    const auto event = read_event(
        R"({"Type":"container","Action":"die","Actor":{"ID":"c","Attributes":{"berth.workload":"w"}},
        "time":1795242511,"timeNano":1795242511337348047})");
    ASSERT_TRUE(event.has_value());
    EXPECT_EQ(*event, (Event{"container", "die", "c", {{"berth.workload", "w"}}, 1795242511337348047}));
    EXPECT_EQ(read_event("{}"), std::nullopt);
    EXPECT_EQ(read_event("half a li"), std::nullopt);
}

}  // namespace
}  // namespace berth::container
