#include "engine/container/render.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "container/request.hpp"
#include "engine/container/firewall.hpp"
#include "engine/container/images.hpp"
#include "engine/container/names.hpp"
#include "engine/container/service.hpp"
#include "engine/probe.hpp"

namespace berth::engine {
namespace {

const Place place{.instance = "a1b2", .data = "/data", .init = "/data/bin/berth-init"};
const WorkloadId id{"ses_1"};

WorkloadComponent example() {
    WorkloadComponent component{.name = "ide", .image = "x:1"};
    component.ports = {{.name = "http", .port = 80}};
    component.readiness = Probe{.tcp = "http"};
    component.mounts = {{.volume = "berth-home", .path = "/home", .read_only = true}};
    component.generation = "2.0";
    return component;
}

TEST(Names, are_stable_fit_and_differ) {
    EXPECT_EQ(bridge_name("a1b2", id), bridge_name("a1b2", id));
    EXPECT_EQ(bridge_name("a1b2", id).size(), 15u);
    EXPECT_TRUE(bridge_name("a1b2", id).starts_with(instance_bridge_prefix("a1b2")));
    EXPECT_NE(bridge_name("a1b2", id), bridge_name("a1b2", {"ses_2"}));
    EXPECT_EQ(container_name("a1b2", id, "ide", "2.0"), "berth-a1b2-ses_1-ide-2.0");
    const auto strange = container_name("a1b2", {"../x/y"}, "a b", "1;rm");
    EXPECT_EQ(strange.find_first_of("/; "), std::string::npos) << strange;
    EXPECT_NE(strange, container_name("a1b2", {"../x/z"}, "a b", "1;rm"));
    EXPECT_EQ(component_directory("/d", id, "../x").find("../"), std::string::npos);
}

TEST(Render, process_1_is_ours_and_the_program_follows) {
    const container::ImageDetails image{.id = "sha256:1", .entrypoint = {"entry"}, .command = {"arg"}};
    const auto spec = render_component(place, id, example(), image);
    EXPECT_EQ(spec.entrypoint, (std::vector<std::string>{"/.berth/init", "run", "--"}));
    EXPECT_EQ(spec.command, (std::vector<std::string>{"entry", "arg"}));
    EXPECT_EQ(spec.image, "sha256:1");
    EXPECT_EQ(spec.user, "1000:0");
    EXPECT_TRUE(spec.capabilities.empty());
    EXPECT_EQ(spec.labels.at("berth.workload"), "ses_1");
    EXPECT_EQ(spec.labels.at("berth.generation"), "2.0");
    EXPECT_EQ(spec.labels.at("berth.spec"),
              R"({"readiness":{"tcp":"http"},"ports":[{"name":"http","port":80,"scheme":"http"}]})");
    EXPECT_TRUE(spec.volumes.at(0).read_only);
    EXPECT_EQ(spec.aliases, std::vector<std::string>{"ide"});
}

TEST(Render, what_gets_files_or_secrets_waits_and_nothing_of_them_is_in_the_container) {
    const container::ImageDetails image{.id = "sha256:1", .entrypoint = {"entry"}};
    auto component = example();
    EXPECT_FALSE(render_component(place, id, component, image).labels.contains(label_delivery));
    component.files = {{"/etc/app", "CONTENT"}};
    auto spec = render_component(place, id, component, image);
    EXPECT_EQ(spec.entrypoint, (std::vector<std::string>{"/.berth/init", "run", "--wait", "--"}));
    EXPECT_EQ(spec.labels.at(label_delivery), "1");
    EXPECT_TRUE(spec.memory_folders.empty());
    component.secrets = {{SecretAs::file, "TOKEN", "/run/token", "1"}};
    spec = render_component(place, id, component, image);
    ASSERT_EQ(spec.memory_folders.size(), 1u);
    const auto body = json::write(container::render(spec));
    EXPECT_NE(body.find(R"("Tmpfs":{"/run/berth/secrets":"rw,nosuid,nodev,noexec,mode=1777,size=16777216"})"),
              std::string::npos)
        << body;
    EXPECT_EQ(body.find("CONTENT"), std::string::npos);
    EXPECT_EQ(body.find("TOKEN"), std::string::npos);
}

TEST(Render, a_command_drops_the_images_arguments_and_args_replace_them) {
    const container::ImageDetails image{.entrypoint = {"entry"}, .command = {"arg"}};
    auto component = example();
    component.args = {{"mine"}};
    EXPECT_EQ(program_of(component, image), (std::vector<std::string>{"entry", "mine"}));
    component.command = {{"run"}};
    EXPECT_EQ(program_of(component, image), (std::vector<std::string>{"run", "mine"}));
    component.args.reset();
    EXPECT_EQ(program_of(component, image), std::vector<std::string>{"run"});
    component.command.reset();
    EXPECT_THROW(program_of(component, {}), Error);
}

TEST(Render, a_gpu_is_refused_by_name) {
    auto component = example();
    component.resources.gpu = 1;
    try {
        render_component(place, id, component, {.id = "sha256:1", .entrypoint = {"entry"}});
        ADD_FAILURE() << "rendered";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "gpu_not_possible");
        EXPECT_EQ(error.user, "component \"ide\" wants a GPU, which this engine cannot give");
    }
}

TEST(Render, compat_is_root_of_a_user_namespace_or_refused) {
    auto component = example();
    component.profile = Profile::compat;
    const container::ImageDetails image{.entrypoint = {"entry"}};
    EXPECT_THROW(render_component(place, id, component, image), Error);
    auto mapped = place;
    mapped.mapping = UserMapping::automatic;
    const auto spec = render_component(mapped, id, component, image);
    EXPECT_EQ(spec.user, "0:0");
    EXPECT_EQ(spec.user_namespace, "auto");
    EXPECT_EQ(spec.capabilities, (std::vector<std::string>{"CHOWN", "SETUID", "SETGID", "FOWNER"}));
    EXPECT_TRUE(spec.volumes.at(0).take_over);
}

TEST(Render, a_container_is_observed_as_it_is) {
    container::ContainerDetails details{.id = "c", .state = "exited", .exit_code = 3};
    details.labels = {{"berth.component", "ide"}, {"berth.generation", "2.0"}};
    const auto seen = observe_component(details);
    EXPECT_EQ(seen.name, "ide");
    EXPECT_EQ(seen.handle, "c");
    EXPECT_EQ(seen.state, ContainerState::exited);
    EXPECT_EQ(seen.exit_code, 3);
    EXPECT_EQ(state_of("running"), ContainerState::running);
    EXPECT_EQ(state_of("initialized"), ContainerState::created);
    EXPECT_EQ(state_of("stopping"), ContainerState::stopping);
}

TEST(Firewall, bridges_meet_only_themselves) {
    const auto rules = render_rules("a1b2", {{"brthaaa1", false}, {"brthaaa2", true}, {"brthaaa1", false}});
    EXPECT_NE(rules.find(R"(elements = { "brthaaa1" . "brthaaa1", "brthaaa2" . "brthaaa2" })"),
              std::string::npos);
    EXPECT_NE(rules.find(R"(set closed { type ifname; elements = { "brthaaa2" }; })"), std::string::npos);
    for (const auto* range :
         {"10.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "192.168.0.0/16", "172.16.0.0/12"})
        EXPECT_NE(rules.find(range), std::string::npos) << range;
    EXPECT_NE(render_rules("a1b2", {}).find("set pairs { type ifname . ifname; }"), std::string::npos);
}

TEST(Images, a_builds_steps_are_read_from_either_builder) {
    using Step = std::pair<int, int>;
    EXPECT_EQ(read_build_step("STEP 3/7: RUN apt-get"), (Step{3, 7}));
    EXPECT_EQ(read_build_step("[1/2] STEP 3/7: RUN x"), (Step{3, 7}));
    EXPECT_EQ(read_build_step("Step 2/4 : RUN x"), (Step{2, 4}));
    EXPECT_EQ(read_build_step("#8 [build 3/7] RUN x"), (Step{3, 7}));
    EXPECT_EQ(read_build_step("#8 [internal] load"), std::nullopt);
    EXPECT_EQ(read_build_step("STEP 9/7: x"), std::nullopt);
    EXPECT_EQ(read_build_step("anything"), std::nullopt);
}

TEST(Images, a_pull_counts_layers_and_bytes) {
    PullProgress progress;
    EXPECT_EQ(progress.message(), "asking the registry");
    progress.hear({.layer = "a", .status = "Downloading", .done = 50, .total = 100});
    progress.hear({.layer = "b", .status = "Downloading", .done = 0, .total = 100});
    EXPECT_EQ(progress.share(), 0.25);
    progress.hear({.layer = "a", .status = "Pull complete"});
    EXPECT_EQ(progress.message(), "pulling: 1 of 2 layers");
    EXPECT_EQ(progress.share(), 0.5);
}

TEST(Images, a_context_is_known_by_its_bytes) {
    namespace fs = std::filesystem;
    std::string folder = fs::temp_directory_path() / "berth-context-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::ofstream(folder + "/Containerfile") << "FROM x";
    const auto before = hash_context(folder);
    EXPECT_EQ(hash_context(folder), before);
    std::ofstream(folder + "/Containerfile") << "FROM y";
    EXPECT_NE(hash_context(folder), before);
    fs::remove_all(folder);
    EXPECT_THROW(hash_context(folder), Error);
}

TEST(Images, a_build_takes_its_base_and_authorities_as_arguments) {
    const auto arguments = build_arguments({}, {"localhost/x:1", "/c"}, "base", "/ca.crt", "h");
    EXPECT_EQ(arguments,
              (std::vector<std::string>{"podman", "build", "--network", "host", "--build-arg", "BASE=base",
                                        "--secret", "id=ca,src=/ca.crt", "--label", "berth.context=h", "-t",
                                        "localhost/x:1", "-f", "/c/Containerfile", "/c"}));
}

TEST(Service, podman_is_told_only_what_it_would_get_wrong) {
    EXPECT_EQ(render_containers_conf({.processes_max = 1ull << 40}).find("[engine]"), std::string::npos);
    const auto text = render_containers_conf({.unified_cgroups = false,
                                              .systemd = false,
                                              .runc = true,
                                              .open_files_max = 20000,
                                              .processes_max = 5000});
    EXPECT_NE(text.find("runtime = \"runc\"\ncgroup_manager = \"cgroupfs\""), std::string::npos) << text;
    EXPECT_NE(text.find("\"nofile=16384:16384\", \"nproc=4096:4096\""), std::string::npos) << text;
    EXPECT_NE(text.find("network_backend = \"netavark\""), std::string::npos);
}

TEST(Probe, a_status_line_is_strict) {
    EXPECT_EQ(read_status_line("HTTP/1.1 200 OK"), 200);
    EXPECT_EQ(read_status_line("HTTP/1.0 503"), 503);
    for (const auto* wrong : {"", "HTTP/1.1", "HTTP/1.1 2x0 OK", "SSH-2.0-OpenSSH", "HTTP/2 200 OK____"})
        EXPECT_EQ(read_status_line(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace berth::engine
