#include "plan/delivery.hpp"

#include <gtest/gtest.h>

#include "plan/diff.hpp"
#include "plan/session.hpp"

namespace berth::plan {
namespace {

using namespace std::chrono_literals;

const Time start{std::chrono::hours(500'000)};
const SecretRef variable{SecretAs::env, "TOKEN", "GITHUB_TOKEN", "1"};
const SecretRef live_file{SecretAs::file, "KEY", "/run/key", "1", true};
const SecretRef own_files{SecretAs::user_files, "", "/home/files", "1"};

SecretRef newer(SecretRef ref) {
    ref.version = "2";
    return ref;
}

Workload wanted(std::vector<SecretRef> secrets) {
    return {
        .components = {{.name = "web", .image = "x", .secrets = std::move(secrets), .generation = "1.0"}}};
}

Observed running(ObservedComponent there) {
    there.name = "web";
    there.handle = "c1";
    there.generation = "1.0";
    there.state = ContainerState::running;
    return {.network = true, .components = {std::move(there)}};
}

TEST(Diff, what_waits_is_bound_in_its_own_generation_only) {
    const auto all = wanted({variable});
    EXPECT_EQ(diff(all, running({.waiting = true})), (Changes{BindComponent{"c1", all.components[0]}}));
    auto older = running({.waiting = true});
    older.components[0].generation = "0.0";
    EXPECT_EQ(diff(all, older), (Changes{StopComponent{"web", "c1", all.components[0].stop_timeout}}));
    auto frozen = running({.waiting = true});
    frozen.components[0].state = ContainerState::frozen;
    EXPECT_EQ(diff(all, frozen), (Changes{ThawComponent{"web", "c1"}}));
    EXPECT_EQ(diff({}, running({.waiting = true})), (Changes{StopComponent{"web", "c1", 10s}}));
}

TEST(Diff, a_step_that_waits_is_bound_too) {
    auto all = wanted({});
    all.steps = {{.name = "web", .image = "x", .files = {{"/a", "b"}}, .generation = "1.0"}};
    all.components[0].name = "later";
    EXPECT_EQ(diff(all, running({.waiting = true})), (Changes{BindComponent{"c1", all.steps[0]}}));
}

TEST(Diff, live_files_follow_and_nothing_else_does) {
    const auto had = std::vector{variable, live_file, own_files};
    EXPECT_EQ(diff(wanted(had), running({.delivered = had})), Changes{});
    const auto rest = wanted({newer(variable), live_file, newer(own_files)});
    EXPECT_EQ(diff(rest, running({.delivered = had})), Changes{});
    const auto live = wanted({variable, newer(live_file), own_files});
    EXPECT_EQ(diff(live, running({.delivered = had})), (Changes{UpdateFiles{"c1", live.components[0]}}));
    // Into what never waited nothing can be brought.
    EXPECT_EQ(diff(live, running({})), Changes{});
}

std::set<std::string> stale(std::vector<SecretRef> secrets, ObservedComponent there) {
    std::set<std::string> found;
    note_stale(wanted(std::move(secrets)).components[0], running(std::move(there)).components[0], found);
    return found;
}

TEST(Stale, is_what_a_new_start_would_change_and_nothing_changes_before) {
    const auto had = std::vector{variable, live_file, own_files};
    using Set = std::set<std::string>;
    EXPECT_EQ(stale(had, {.delivered = had}), Set{});
    EXPECT_EQ(stale({newer(variable), newer(live_file), newer(own_files)}, {.delivered = had}),
              (Set{"secret \"TOKEN\"", "your files"}));
    EXPECT_EQ(stale({}, {.delivered = had}), (Set{"secret \"TOKEN\"", "your files"}));
    EXPECT_EQ(stale({variable}, {.delivered = std::vector<SecretRef>()}), (Set{"secret \"TOKEN\""}));
    EXPECT_EQ(stale({live_file}, {}), (Set{"secret \"KEY\""}));
    EXPECT_EQ(restart_needed({"secret \"A\"", "your files"}).message,
              "it started before secret \"A\", your files changed");
}

Facts facts() {
    Facts facts;
    facts.session = {.id = {"ses_1"}, .name = "lab", .asks = {.wake = start}, .asked_at = start};
    facts.revision.spec.components = {{.name = "web", .image = "x"}};
    return facts;
}

TEST(Session, is_starting_until_what_waits_was_bound) {
    auto have = running({.waiting = true, .ready = true, .message = "on its way", .started_at = start});
    const auto waits = decide(facts(), have, start + 1s);
    EXPECT_EQ(waits.status.phase, Phase::starting);
    EXPECT_EQ(waits.status.components.at(0).phase, ComponentPhase::starting);
    EXPECT_EQ(waits.status.message, "\"web\": on its way");
    have.components[0].waiting = false;
    EXPECT_EQ(decide(facts(), have, start + 1s).status.phase, Phase::running);
}

TEST(Session, says_that_a_restart_would_change_something_and_goes_on) {
    auto have = running({.delivered = std::vector{variable}, .ready = true, .started_at = start});
    const auto status = decide(facts(), have, start + 1s).status;
    EXPECT_EQ(status.phase, Phase::running);
    ASSERT_EQ(status.conditions.size(), 1u);
    EXPECT_EQ(status.conditions[0].type, "RestartNeeded");
}

}  // namespace
}  // namespace berth::plan
