#include <boost/asio/read.hpp>
#include <filesystem>
#include <fstream>

#include "engine/container/names.hpp"
#include "engine_fixture.hpp"

namespace berth::e2e {
namespace {

bool all_exited(const Observed& observed) {
    return std::ranges::all_of(
        observed.components, [](const auto& component) { return component.state == ContainerState::exited; });
}

TEST_F(ContainerEngineTest, a_launched_component_gets_ready_and_answers_through_dial) {
    const auto id = new_workload();
    create(id, web("ide"));
    const auto first = observe(id);
    ASSERT_EQ(first.components.size(), 1u);
    EXPECT_TRUE(first.network);
    EXPECT_EQ(first.components[0].state, ContainerState::running);
    EXPECT_EQ(first.components[0].generation, "1.0");
    EXPECT_EQ(first.conditions, std::vector<Condition>{});
    ready(id, "ide");
    EXPECT_NE(get(id, "ide", 8000).find("hello from ide"), std::string::npos);
    EXPECT_EQ(run(engine_->list()), std::vector{id});
}

TEST_F(ContainerEngineTest, a_program_in_the_place_of_process_1_is_not_spoken_to) {
    const auto id = new_workload();
    create(id, shell("ide", "sleep infinity"));
    ready(id, "ide");
    // It may make a socket of that name; what it would answer can hold up those who ask.
    const auto [status, output] = inside(id, "ide",
                                         "python3 -c 'import os, socket\n"
                                         "os.unlink(\"/run/berth/init.sock\")\n"
                                         "s = socket.socket(socket.AF_UNIX)\n"
                                         "s.bind(\"/run/berth/init.sock\"); s.listen()\n"
                                         "if os.fork() == 0:\n"
                                         "    os.setsid()\n"
                                         "    for f in (0, 1, 2): os.close(f)\n"
                                         "    s.accept(); os._exit(0)'");
    EXPECT_EQ(status, 0) << output;
    const auto dial = [](engine::Engine& engine, WorkloadId workload) -> Task<> {
        co_await engine.dial(workload, "ide", 8000);
    };
    try {
        run(dial(*engine_, id));
        ADD_FAILURE() << "it was spoken to";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "not_running") << error.what();
        EXPECT_NE(std::string(error.what()).find("not process 1's"), std::string::npos) << error.what();
    }
}

TEST_F(ContainerEngineTest, components_find_each_other_by_name) {
    const auto id = new_workload();
    create(id, web("model"));
    start(id, shell("ide", "sleep infinity"));
    ready(id, "model");
    ready(id, "ide");
    const auto [status, output] = inside(id, "ide", "curl -s --max-time 5 http://model:8000/");
    EXPECT_EQ(output, "hello from model\n");
    EXPECT_EQ(status, 0);
}

TEST_F(ContainerEngineTest, a_component_that_ends_at_once_says_its_status_and_last_lines) {
    const auto id = new_workload();
    create(id, shell("job", "echo starting; echo broken >&2; exit 3"));
    const auto observed = observe_until(id, all_exited);
    ASSERT_EQ(observed.components.size(), 1u);
    const auto& seen = observed.components[0];
    EXPECT_EQ(seen.exit_code, 3);
    EXPECT_FALSE(seen.out_of_memory);
    auto lines = seen.last_log;
    std::ranges::sort(lines);
    EXPECT_EQ(lines, (std::vector<std::string>{"broken", "starting"}));
    EXPECT_TRUE(seen.exited_at.has_value());
}

TEST_F(ContainerEngineTest, a_component_that_takes_too_much_memory_says_so) {
    const auto id = new_workload();
    auto component = shell("hog", "");
    component.command = {{"python3", "-c", "x = bytearray(600 << 20)"}};
    component.resources.memory = {64 << 20};
    create(id, component);
    const auto observed = observe_until(id, all_exited);
    ASSERT_EQ(observed.components.size(), 1u);
    EXPECT_TRUE(observed.components[0].out_of_memory);
    EXPECT_EQ(observed.components[0].exit_code, 137);
}

TEST_F(ContainerEngineTest, an_image_that_is_nowhere_is_missing_in_words) {
    const auto id = new_workload();
    run(engine_->apply(id, {PrepareImage{"localhost/berth-e2e/nothing:1"}}));
    EXPECT_EQ(engine_->image_state("localhost/berth-e2e/nothing:1").message,
              "image \"localhost/berth-e2e/nothing:1\" not found on this machine");
    const std::string elsewhere = "registry.invalid/nothing:2";
    run(engine_->prepare_image(elsewhere));
    for (int i = 0; i < 2000 && engine_->image_state(elsewhere).state == ImageState::pulling; ++i)
        run(clock_.sleep(std::chrono::milliseconds(10)));
    const auto state = engine_->image_state(elsewhere);
    EXPECT_EQ(state.state, ImageState::missing);
    EXPECT_EQ(state.message,
              "image \"registry.invalid/nothing:2\" not found on this machine or in its registry");
    EXPECT_TRUE(state.missing_since.has_value());
    EXPECT_EQ(run(engine_->resolve_image(elsewhere)), std::nullopt);
}

TEST_F(ContainerEngineTest, a_port_that_nobody_listens_on_is_named) {
    const auto id = new_workload();
    auto component = shell("ide", "sleep infinity");
    component.ports = {{.name = "http", .port = 8888}};
    component.readiness = Probe{.tcp = "http"};
    create(id, component);
    const auto observed = observe_until(id, [](const Observed& seen) {
        const auto* there = find(seen, "ide");
        return there != nullptr && there->message == "port 8888: connection refused";
    });
    EXPECT_FALSE(find(observed, "ide")->ready);
}

TEST_F(ContainerEngineTest, a_stopped_component_is_stopping_then_exited_then_gone_and_its_volume_stays) {
    const auto id = new_workload();
    const std::string handle = "berth-" + instance_ + "-home";
    auto component = shell("ide", "trap 'exit 0' TERM; echo kept > /data/file; sleep infinity & wait");
    component.mounts = {{.volume = handle, .path = "/data"}};
    run(engine_->apply(id, {CreateVolume{{.handle = handle}}}));
    create(id, component);
    const auto handle_of = ready(id, "ide").handle;
    EXPECT_EQ(inside(id, "ide", "stat -c '%u:%g %a' /data; cat /data/file").second, "1000:0 770\nkept\n");
    run(engine_->apply(id, {StopComponent{"ide", handle_of, std::chrono::seconds(10)}}));
    EXPECT_EQ(find(observe(id), "ide")->state, ContainerState::stopping);
    const auto ended = observe_until(id, all_exited);
    EXPECT_FALSE(ended.components[0].out_of_memory);
    EXPECT_EQ(ended.components[0].exit_code, 0);
    run(engine_->apply(id, {RemoveComponent{"ide", handle_of}, RemoveNetwork{}}));
    EXPECT_EQ(observe(id).volumes, std::vector{handle});
    EXPECT_TRUE(observe(id).components.empty());
    EXPECT_FALSE(observe(id).network);
    // Another workload of the same workspace finds the file.
    const auto next = new_workload();
    auto reader = shell("ide", "cat /data/file");
    reader.mounts = component.mounts;
    run(engine_->apply(next, {CreateVolume{{.handle = handle}}}));
    create(next, reader);
    EXPECT_EQ(observe_until(next, all_exited).components[0].last_log, std::vector<std::string>{"kept"});
    EXPECT_EQ(observe(next).volumes, std::vector{handle});
    EXPECT_THROW(run(engine_->remove_volume(handle)), Error);
}

TEST_F(ContainerEngineTest, a_volume_is_never_filled_from_the_image) {
    const auto id = new_workload();
    const std::string handle = "berth-" + instance_ + "-etc";
    auto component = shell("ide", "ls -A /opt/../var | wc -l");
    component.command = {{"/bin/sh", "-c", "ls -A /var | wc -l"}};
    component.mounts = {{.volume = handle, .path = "/var"}};
    run(engine_->apply(id, {CreateVolume{{.handle = handle}}}));
    create(id, component);
    EXPECT_EQ(observe_until(id, all_exited).components[0].last_log, std::vector<std::string>{"0"});
}

TEST_F(ContainerEngineTest, strict_components_have_no_rights_at_all) {
    const auto id = new_workload();
    create(id, shell("ide", "sleep infinity"));
    ready(id, "ide");
    const auto seen =
        inside(id, "ide", "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; id -u; id -g")
            .second;
    EXPECT_EQ(seen,
              "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n1000\n0\n");
}

TEST_F(ContainerEngineTest, compat_runs_in_a_user_namespace_or_is_refused_in_words) {
    const auto id = new_workload();
    auto component = shell("ide", "cat /proc/self/uid_map; sleep infinity");
    component.profile = Profile::compat;
    try {
        create(id, component);
        ready(id, "ide");
        EXPECT_NE(inside(id, "ide", "awk '{print $2}' /proc/self/uid_map").second.substr(0, 2), "0\n");
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "profile_not_possible");
        EXPECT_NE(error.next.find("/etc/subuid"), std::string::npos);
    }
}

TEST_F(ContainerEngineTest, a_terminal_keeps_its_shell_when_its_client_goes) {
    const auto id = new_workload();
    create(id, shell("ide", "sleep infinity"));
    ready(id, "ide");
    engine::TerminalRequest request{.component = "ide", .id = "main", .command = {"sh"}};
    const auto say = [](std::unique_ptr<engine::Process> shell, std::string line,
                        std::string wanted) -> Task<std::string> {
        std::string seen;
        co_await shell->write(line);
        while (seen.find(wanted) == std::string::npos) {
            const auto event = co_await shell->read();
            if (!event) break;
            seen += event->bytes;
        }
        co_return seen;
    };
    auto first = run(engine_->terminal(id, request));
    EXPECT_NE(run(say(std::move(first), "X=4$((1+1))\necho a$X\n", "a42\r\n")).find("a42\r\n"),
              std::string::npos);
    auto again = run(engine_->terminal(id, request));
    const auto seen = run(say(std::move(again), "echo b$X\n", "b42\r\n"));
    EXPECT_NE(seen.find("a42\r\n"), std::string::npos) << "the backlog";
    EXPECT_NE(seen.find("b42\r\n"), std::string::npos) << "the same shell";
}

TEST_F(ContainerEngineTest, logs_come_with_times_and_follow_until_the_end) {
    const auto id = new_workload();
    create(id, shell("job", "for i in 1 2 3; do echo line $i; sleep 0.2; done"));
    std::vector<std::string> lines;
    bool timed = true;
    const auto keep = [](std::vector<std::string>& to, bool& all_timed, engine::LogLine line) -> Task<bool> {
        all_timed = all_timed && line.at.has_value();
        to.push_back(line.text);
        co_return true;
    };
    const engine::LogRequest request{.component = "job", .follow = true};
    run(engine_->logs(id, request,
                      [&](engine::LogLine line) { return keep(lines, timed, std::move(line)); }));
    EXPECT_EQ(lines, (std::vector<std::string>{"line 1", "line 2", "line 3"}));
    EXPECT_TRUE(timed);
}

TEST_F(ContainerEngineTest, usage_counts_processor_and_memory) {
    const auto id = new_workload();
    create(id, shell("busy", "while :; do :; done"));
    ready(id, "busy");
    run(engine_->usage(id));
    run(clock_.sleep(std::chrono::milliseconds(500)));
    const auto usage = run(engine_->usage(id));
    EXPECT_GT(usage.cpu.count, 200);
    EXPECT_LT(usage.cpu.count, 1200);
    EXPECT_GT(usage.memory.count, 0);
}

TEST_F(ContainerEngineTest, starting_the_same_generation_twice_makes_one_container) {
    const auto id = new_workload();
    const auto component = shell("ide", "sleep infinity");
    create(id, component);
    const auto handle = ready(id, "ide").handle;
    start(id, component);
    const auto observed = observe(id);
    ASSERT_EQ(observed.components.size(), 1u);
    EXPECT_EQ(observed.components[0].handle, handle);
    EXPECT_EQ(inside(id, "ide", "echo alive").second, "alive\n");
}

TEST_F(ContainerEngineTest, what_is_not_ours_is_neither_adopted_nor_touched) {
    const auto id = new_workload();
    const auto handle = "berth-" + instance_ + "-foreign";
    container::Client client({.unix_path = engine_->socket(), .host = "engine"}, clock_);
    run(client.create_volume({.name = handle, .labels = {{"berth.instance", "another"}}}));
    try {
        run(engine_->apply(id, {CreateVolume{{.handle = handle}}}));
        ADD_FAILURE() << "adopted";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, Kind::conflict);
    }
    EXPECT_THROW(run(engine_->remove_volume(handle)), Error);
    // Another workload's container is not this one's to stop.
    const auto other = new_workload();
    create(other, shell("ide", "sleep infinity"));
    const auto theirs = ready(other, "ide").handle;
    EXPECT_THROW(run(engine_->apply(id, {StopComponent{"ide", theirs, std::chrono::seconds(1)}})), Error);
    EXPECT_THROW(run(engine_->apply(id, {RemoveComponent{"ide", theirs}})), Error);
    run(engine_->purge(engine::ContainerEngine::Volumes::remove));
    EXPECT_TRUE(run(client.inspect_volume(handle)).has_value());
    run(client.remove_volume(handle));
}

TEST_F(ContainerEngineTest, a_container_that_was_never_started_is_rolled_back) {
    const auto id = new_workload();
    create(id, shell("ide", "sleep infinity"));
    ready(id, "ide");
    container::Client client({.unix_path = engine_->socket(), .host = "engine"}, clock_);
    container::ContainerSpec spec{
        .name = "berth-" + instance_ + "-halfway", .image = shell_image, .entrypoint = {"true"}};
    spec.labels = {{"berth.instance", instance_}, {"berth.workload", id.text}, {"berth.component", "half"}};
    spec.memory = {64 << 20};
    spec.network = engine::network_name(instance_, id);
    spec.log_driver = "k8s-file";
    spec.log_size = {1 << 20};
    run(client.create(spec));
    const auto observed =
        observe_until(id, [&](const Observed&) { return !run(client.inspect(spec.name)).has_value(); });
    EXPECT_EQ(find(observed, "half"), nullptr);
}

TEST_F(ContainerEngineTest, everything_passes_the_examination) {
    for (const auto& check : run(engine_->examine()))
        EXPECT_TRUE(check.passed) << check.name << ": " << check.message << " -> " << check.fix;
}

TEST_F(ContainerEngineTest, an_image_of_the_catalog_is_built_once_and_again_when_its_context_changes) {
    const std::string reference = "localhost/berth-e2e/" + instance_ + ":1";
    const auto context = data_ + "/context";
    std::filesystem::create_directory(context);
    const auto write = [&](const std::string& what) {
        std::ofstream(context + "/Containerfile")
            << "FROM " << shell_image << "\nENV WHAT=" << what << "\nCMD [\"env\"]\n";
    };
    write("one");
    auto with_build = options();
    with_build.builds = {{reference, context}};
    run(engine_->stop());
    engine_ = make_engine(with_build);
    std::vector<std::string> messages;
    engine_->watch_images(
        [&](const std::string&, const ObservedImage& state) { messages.push_back(state.message); });
    run(engine_->start());
    const auto build = [&] {
        run(engine_->prepare_image(reference));
        for (int i = 0; i < 3000 && engine_->image_state(reference).state == ImageState::pulling; ++i)
            run(clock_.sleep(std::chrono::milliseconds(10)));
        return run(engine_->resolve_image(reference));
    };
    const auto first = build();
    ASSERT_TRUE(first.has_value()) << engine_->image_state(reference).message;
    EXPECT_EQ(first->command, std::vector<std::string>{"env"});
    EXPECT_TRUE(std::ranges::any_of(
        messages, [](const auto& message) { return message.starts_with("building: step 2 of "); }));
    messages.clear();
    EXPECT_EQ(build()->digest, first->digest);
    EXPECT_TRUE(messages.empty()) << messages.front();
    write("two");
    EXPECT_EQ(run(engine_->resolve_image(reference)), std::nullopt) << "of another context";
    const auto second = build();
    ASSERT_TRUE(second.has_value());
    EXPECT_NE(second->digest, first->digest);
    container::Client client({.unix_path = engine_->socket(), .host = "engine"}, clock_);
    run(client.remove_image(reference));
    run(client.remove_image(first->digest));
}

TEST_F(ContainerEngineTest, a_build_that_fails_says_its_last_words) {
    const std::string reference = "localhost/berth-e2e/" + instance_ + "-broken:1";
    const auto context = data_ + "/context";
    std::filesystem::create_directory(context);
    std::ofstream(context + "/Containerfile")
        << "FROM " << shell_image << "\nRUN echo it broke here && false\n";
    auto with_build = options();
    with_build.builds = {{reference, context}};
    run(engine_->stop());
    engine_ = make_engine(with_build);
    run(engine_->start());
    run(engine_->prepare_image(reference));
    for (int i = 0; i < 3000 && engine_->image_state(reference).state == ImageState::pulling; ++i)
        run(clock_.sleep(std::chrono::milliseconds(10)));
    const auto state = engine_->image_state(reference);
    EXPECT_EQ(state.state, ImageState::missing);
    EXPECT_NE(state.message.find("it broke here"), std::string::npos) << state.message;
}

}  // namespace
}  // namespace berth::e2e
