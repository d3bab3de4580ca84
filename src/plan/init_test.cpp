#include <gtest/gtest.h>

#include "plan/diff.hpp"
#include "plan/session.hpp"
#include "plan/values.hpp"

namespace berth::plan {
namespace {

using namespace std::chrono_literals;

const Time start{std::chrono::hours(500'000)};

/// A component that clones and builds before it starts, beside one that does neither.
Facts facts() {
    Facts facts;
    facts.session = {.id = {"ses_1"},
                     .user = {"usr_1"},
                     .name = "lab",
                     .template_ = "ide",
                     .workspace = WorkspaceId{"wsp_1"},
                     .asks = {.wake = start},
                     .asked_at = start};
    auto& spec = facts.revision.spec;
    spec.components = {{.name = "ide",
                        .image = "ide:1",
                        .user = 1001,
                        .ports = {{"http", 80, Scheme::http}},
                        .readiness = Probe{.tcp = "http"},
                        .resources = {.memory = {256 << 20}},
                        .env = {{"HOME", "/home/project"}},
                        .mounts = {{"home", "/home/project"}},
                        .init = {{.image = "git:1",
                                  .command = {"git", "clone", "for-${user.name}", "/home/project"},
                                  .env = {{"GIT", "${session.name}"}}},
                                 {.image = "ide:1", .command = {"make"}, .args = {"-j"}}}},
                       {.name = "db", .image = "db:1"}};
    spec.volumes = {{.name = "home"}};
    spec.lifecycle.start_within = 1min;
    facts.user_name = "ada";
    facts.volumes = {{.handle = "berth-home", .name = "home", .owner = "wsp_1", .init_done = 0}};
    return facts;
}

Observed ready_to_start() {
    Observed have{.network = true, .volumes = {"berth-home"}};
    for (const auto* image : {"git:1", "ide:1", "db:1"})
        have.images[image] = {.state = ImageState::present, .digest = std::string("sha256:") + image};
    return have;
}

ObservedComponent step_there(const std::string& name, ContainerState state, int exit_code = 0) {
    return {.name = name,
            .handle = "h-" + name,
            .generation = "1.0",
            .state = state,
            .exit_code = exit_code,
            .started_at = start};
}

std::vector<std::string> started_by(const Changes& changes) {
    std::vector<std::string> names;
    for (const auto& change : changes)
        if (const auto* made = std::get_if<StartComponent>(&change)) names.push_back(made->component.name);
    return names;
}

TEST(Init, a_workspace_is_made_once_the_revision_has_no_step_left_for_it) {
    auto launched = facts();
    launched.volumes[0].init_done = 1;
    EXPECT_EQ(decide(launched, ready_to_start(), start + 1s).init_done, std::nullopt) << "one is left";
    launched.revision.spec.components[0].init.pop_back();
    const InitDone made{.volume = "berth-home", .before = 1};
    EXPECT_EQ(decide(launched, ready_to_start(), start + 1s).init_done, made);
    launched.revision.spec.components[0].init.clear();
    EXPECT_EQ(decide(launched, ready_to_start(), start + 1s).init_done, made);
    launched.volumes[0].scope = VolumeScope::user;
    EXPECT_EQ(decide(launched, ready_to_start(), start + 1s).init_done, std::nullopt)
        << "another session of the user's may be making it";
    launched.volumes[0] = {.handle = "berth-home", .name = "home", .owner = "wsp_1"};
    EXPECT_EQ(decide(launched, ready_to_start(), start + 1s).init_done, std::nullopt);
}

TEST(Init, a_step_runs_before_any_component_with_what_its_component_has) {
    const auto launched = facts();
    const auto wanted = decide(launched, ready_to_start(), start + 1s);
    ASSERT_EQ(wanted.workload.steps.size(), 1u);
    const auto& step = wanted.workload.steps.front();
    EXPECT_EQ(step.name, "ide-init-1");
    EXPECT_EQ(step.digest, "sha256:git:1");
    EXPECT_EQ(step.command, (std::vector<std::string>{"git", "clone", "for-ada", "/home/project"}));
    EXPECT_EQ(step.env.at("HOME"), "/home/project");
    EXPECT_EQ(step.env.at("GIT"), "lab");
    EXPECT_EQ(step.user, 1001);
    EXPECT_EQ(step.resources, launched.revision.spec.components.front().resources);
    EXPECT_EQ(step.mounts, (std::vector<WorkloadMount>{{"berth-home", "/home/project", false}}));
    EXPECT_EQ(step.run, Run::once);
    EXPECT_TRUE(step.ports.empty());
    const auto changes = diff(wanted.workload, ready_to_start());
    EXPECT_EQ(started_by(changes), std::vector<std::string>{"ide-init-1"});
    EXPECT_EQ(wanted.status.init, (InitProgress{.steps = 2, .done = 0}));
}

TEST(Init, the_network_is_made_for_the_components_that_come_later) {
    auto have = ready_to_start();
    have.network = false;
    const auto changes = diff(decide(facts(), have, start).workload, have);
    const auto* network = std::get_if<CreateNetwork>(&changes.front());
    ASSERT_NE(network, nullptr);
    ASSERT_EQ(network->members.size(), 2u);
    EXPECT_EQ(network->space, (Space{.owner = "usr_1", .part = "wsp_1"}));
}

TEST(Init, a_step_that_ended_well_is_recorded_before_its_container_goes) {
    auto launched = facts();
    auto have = ready_to_start();
    have.components = {step_there("ide-init-1", ContainerState::exited)};
    const auto seen = decide(launched, have, start + 5s);
    EXPECT_EQ(seen.init_done, (InitDone{.volume = "berth-home", .before = 0, .done = 1}));
    EXPECT_TRUE(diff(seen.workload, have).empty()) << "a crash here finds it again";
    EXPECT_EQ(seen.look_at, start + 5s);
    EXPECT_EQ(seen.status.init, (InitProgress{.steps = 2, .done = 1}));
    launched.session.status = seen.status;
    launched.volumes.front().init_done = 1;
    const auto next = decide(launched, have, start + 5s);
    EXPECT_EQ(next.init_done, std::nullopt);
    const auto changes = diff(next.workload, have);
    EXPECT_EQ(started_by(changes), std::vector<std::string>{"ide-init-2"});
    EXPECT_TRUE(std::ranges::any_of(changes, [](const Change& change) {
        const auto* removal = std::get_if<RemoveComponent>(&change);
        return removal != nullptr && removal->name == "ide-init-1";
    }));
}

TEST(Init, the_last_step_makes_the_volume_an_old_one_and_the_components_start) {
    auto launched = facts();
    launched.volumes.front().init_done = 1;
    auto have = ready_to_start();
    have.components = {step_there("ide-init-2", ContainerState::exited)};
    const auto seen = decide(launched, have, start + 5s);
    EXPECT_EQ(seen.init_done, (InitDone{.volume = "berth-home", .before = 1, .done = std::nullopt}));
    launched.session.status = seen.status;
    launched.volumes.front().init_done.reset();
    have.components.clear();
    const auto next = decide(launched, have, start + 6s);
    EXPECT_TRUE(next.workload.steps.empty());
    EXPECT_EQ(started_by(diff(next.workload, have)), (std::vector<std::string>{"ide", "db"}));
    EXPECT_TRUE(next.status.timings.initialized.has_value());
    EXPECT_EQ(next.status.components.size(), 2u) << "of a step that is done nothing is told";
}

TEST(Init, a_workspace_that_is_not_new_runs_none) {
    auto launched = facts();
    launched.volumes.front().init_done.reset();
    const auto wanted = decide(launched, ready_to_start(), start);
    EXPECT_TRUE(wanted.workload.steps.empty());
    EXPECT_EQ(wanted.status.init, std::nullopt);
    EXPECT_EQ(wanted.status.timings.initialized, std::nullopt);
    EXPECT_EQ(images_to_start(launched, {}), (std::vector<std::string>{"ide:1", "db:1"}));
}

TEST(Init,
     a_step_that_fails_fails_the_session_with_its_status_and_last_lines_and_runs_again_at_the_next_start) {
    auto launched = facts();
    auto have = ready_to_start();
    have.components = {step_there("ide-init-1", ContainerState::exited, 128)};
    have.components.front().last_log = {"fatal: repository not found"};
    const auto failed = decide(launched, have, start + 5s);
    EXPECT_EQ(failed.status.phase, Phase::failed);
    EXPECT_EQ(failed.status.reason, "InitFailed");
    EXPECT_EQ(failed.status.message, "init step 1 of \"ide\" ended with status 128");
    EXPECT_EQ(failed.status.last_log, std::vector<std::string>{"fatal: repository not found"});
    EXPECT_EQ(failed.init_done, std::nullopt);
    EXPECT_TRUE(diff(failed.workload, have).empty()) << "it stays for its log";
    launched.session.status = failed.status;
    launched.session.incarnation = 2;
    launched.session.asked_at = start + 1min;
    const auto again = decide(launched, have, start + 1min);
    EXPECT_EQ(again.status.phase, Phase::starting);
    const auto changes = diff(again.workload, have);
    EXPECT_TRUE(std::ranges::any_of(
        changes, [](const Change& change) { return std::holds_alternative<RemoveComponent>(change); }));
    EXPECT_EQ(again.workload.steps.front().generation, "2.0");
}

TEST(Init, a_step_that_ends_well_while_the_session_stops_is_recorded_too) {
    auto launched = facts();
    launched.session.asks.hibernate = start + 1s;
    auto have = ready_to_start();
    have.components = {step_there("ide-init-1", ContainerState::exited)};
    const auto seen = decide(launched, have, start + 2s);
    EXPECT_EQ(seen.init_done, (InitDone{.volume = "berth-home", .before = 0, .done = 1}));
    EXPECT_TRUE(diff(seen.workload, have).empty());
    launched.volumes.front().init_done = 1;
    const auto next = decide(launched, have, start + 2s);
    EXPECT_EQ(next.init_done, std::nullopt);
    EXPECT_FALSE(diff(next.workload, have).empty());
}

TEST(Init, a_step_that_is_cut_short_runs_again) {
    auto launched = facts();
    launched.session.asks.hibernate = start + 1s;
    auto have = ready_to_start();
    have.components = {step_there("ide-init-1", ContainerState::exited, 143)};
    EXPECT_EQ(decide(launched, have, start + 2s).init_done, std::nullopt);
    launched.session.asks.wake = start + 1min;
    launched.session.incarnation = 2;
    have.components.clear();
    const auto again = decide(launched, have, start + 1min);
    ASSERT_EQ(again.workload.steps.size(), 1u);
    EXPECT_EQ(again.workload.steps.front().name, "ide-init-1");
}

TEST(Init, a_step_that_its_engine_has_ended_runs_again_in_the_same_start) {
    auto launched = facts();
    for (const int exit_code : {0, 143}) {
        auto have = ready_to_start();
        have.components = {step_there("ide-init-1", ContainerState::exited, exit_code)};
        have.components.front().disrupted = true;
        have.components.front().message = "the node was low on memory";
        have.components.front().exited_at = start + 5s;
        const auto seen = decide(launched, have, start + 7s);
        EXPECT_EQ(seen.init_done, std::nullopt) << "it may have been cut short";
        EXPECT_EQ(seen.status.phase, Phase::starting);
        EXPECT_EQ(seen.status.reason, "Moving");
        EXPECT_EQ(seen.status.message, "init step 1 of \"ide\": the node was low on memory");
        EXPECT_EQ(diff(seen.workload, have), (Changes{RemoveComponent{"ide-init-1", "h-ide-init-1"}}));
        have.components.clear();
        const auto again = decide(launched, have, start + 8s);
        EXPECT_EQ(started_by(diff(again.workload, have)), std::vector<std::string>{"ide-init-1"});
        EXPECT_EQ(again.workload.steps.front().generation, "1.0");
    }
}

TEST(Init, a_step_that_does_not_end_fails_after_start_within) {
    auto launched = facts();
    auto have = ready_to_start();
    have.components = {step_there("ide-init-1", ContainerState::running)};
    launched.session.status = decide(launched, have, start + 5s).status;
    EXPECT_EQ(launched.session.status.phase, Phase::starting);
    EXPECT_EQ(launched.session.status.message, "init step 1 of \"ide\" is running");
    const auto late = decide(launched, have, start + 61s);
    EXPECT_EQ(late.status.reason, "StartTimeout");
    EXPECT_EQ(late.status.message, "init step 1 of \"ide\": it has not ended within 1m");
    EXPECT_FALSE(diff(late.workload, have).empty()) << "it is stopped";
}

TEST(Init, an_image_of_a_step_that_is_missing_fails_the_start) {
    auto have = ready_to_start();
    have.images["git:1"] = {
        .state = ImageState::missing, .message = "image \"git:1\" not found", .missing_since = start + 1s};
    const auto wanted = decide(facts(), have, start + 2s);
    EXPECT_EQ(wanted.status.reason, "ImageNotFound");
    EXPECT_EQ(images_to_start(facts(), {}), (std::vector<std::string>{"ide:1", "db:1", "git:1"}));
}

TEST(Init, steps_of_two_components_for_one_volume_run_in_the_order_of_the_components) {
    auto launched = facts();
    auto& db = launched.revision.spec.components[1];
    db.mounts = {{"home", "/data"}};
    db.init = {{.image = "db:1", .command = {"initdb"}}};
    launched.volumes.front().init_done = 2;
    const auto wanted = decide(launched, ready_to_start(), start);
    ASSERT_EQ(wanted.workload.steps.size(), 1u);
    EXPECT_EQ(wanted.workload.steps.front().name, "db-init-1");
    EXPECT_EQ(wanted.status.init, (InitProgress{.steps = 1, .done = 0}));
}

TEST(Init, values_of_a_step_that_stand_for_nothing_are_found_when_the_template_is_saved) {
    auto spec = facts().revision.spec;
    spec.components[0].init[0].command[2] = "${user.nmae}";
    EXPECT_THROW(check_values(spec), Error);
}

}  // namespace
}  // namespace berth::plan
