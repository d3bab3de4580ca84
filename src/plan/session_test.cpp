#include "plan/session.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "plan/session_fixture_test.hpp"

namespace berth::plan {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST(Decide, a_launch_leads_to_running_components_in_one_network_with_its_volumes) {
    auto launched = facts();
    auto now = start;
    const auto [have, wanted] = settle(launched, {}, now);
    EXPECT_EQ(wanted.status.phase, Phase::running);
    EXPECT_TRUE(have.network);
    EXPECT_EQ(have.volumes, std::vector<std::string>{"berth-home"});
    ASSERT_EQ(wanted.workload.components.size(), 2u);
    EXPECT_EQ(wanted.workload.components[1].env.at("MODEL"), "ws://model:8081 for ada");
    EXPECT_EQ(wanted.workload.components[1].mounts,
              (std::vector<WorkloadMount>{{"berth-home", "/home/berth", false}}));
    EXPECT_EQ(wanted.look_at, std::nullopt) << "a running session is settled";
}

TEST(Decide, a_volume_and_its_mounts_carry_its_access_mode) {
    auto launched = facts();
    for (const auto mode : {AccessMode::ReadWriteOnce, AccessMode::ReadWriteMany}) {
        launched.revision.spec.volumes[0].access_mode = mode;
        const auto workload = decide(launched, {}, start).workload;
        EXPECT_EQ(workload.volumes.at(0).access_mode, mode);
        EXPECT_EQ(workload.components.at(1).mounts.at(0).access_mode, mode);
    }
}

TEST(Decide, a_component_says_whether_its_user_was_named) {
    auto launched = facts();
    launched.revision.spec.components[0].user = 1000;
    const auto workload = decide(launched, {}, start).workload;
    EXPECT_TRUE(workload.components.at(0).user_named);
    EXPECT_FALSE(workload.components.at(1).user_named);
}

TEST(Decide, deciding_twice_changes_nothing) {
    auto launched = facts();
    auto now = start;
    const auto [have, wanted] = settle(launched, {}, now);
    const auto again = decide(launched, have, now + 1h);
    EXPECT_EQ(again.status, launched.session.status);
    EXPECT_TRUE(diff(again.workload, have).empty());
}

TEST(Decide, steps_are_timed_from_the_ask_and_in_order) {
    auto launched = facts();
    auto now = start + 1s;
    settle(launched, {}, now);
    const auto& timings = launched.session.status.timings;
    EXPECT_EQ(timings.admitted, 1.0);
    EXPECT_LE(timings.scheduled, timings.pulled);
    EXPECT_LE(timings.pulled, timings.started);
    EXPECT_LE(timings.started, timings.ready);
    EXPECT_EQ(timings.ready, timings.routed);
}

const std::vector<std::string> lab_hosts{"lab-x.localhost", "page--lab-x.localhost"};

TEST(Decide, hosts_are_led_last_and_a_session_runs_only_then) {
    auto launched = facts();
    auto now = start;
    Observed have{.hosts = std::vector<std::string>()};
    for (int look = 0; look < 20; ++look) {
        const auto wanted = decide(launched, have, now);
        launched.session.status = wanted.status;
        const auto changes = diff(wanted.workload, have);
        const bool all_ready = have.components.size() == 2;
        EXPECT_EQ(changes == (Changes{PublishHosts{lab_hosts}}), all_ready && have.hosts->empty());
        EXPECT_EQ(wanted.status.phase == Phase::running, have.hosts == lab_hosts);
        if (changes.empty()) break;
        if (all_ready) EXPECT_TRUE(wanted.look_at) << "a successor of this process goes on";
        have = after(changes, have, now);
        now += 100ms;
    }
    EXPECT_EQ(launched.session.status.phase, Phase::running);
    EXPECT_GT(launched.session.status.timings.routed, launched.session.status.timings.ready);
}

TEST(Decide, hosts_that_somebody_removed_are_led_again_while_the_session_runs_on) {
    auto launched = facts();
    auto now = start;
    auto [have, wanted] = settle(launched, {.hosts = std::vector<std::string>()}, now);
    have.hosts = {{"other.localhost"}};
    wanted = decide(launched, have, now);
    EXPECT_EQ(wanted.status.phase, Phase::running);
    EXPECT_EQ(diff(wanted.workload, have), (Changes{PublishHosts{lab_hosts}}));
    have.hosts.emplace();
    EXPECT_EQ(diff(decide(launched, have, now).workload, have), (Changes{PublishHosts{lab_hosts}}));
}

TEST(Decide, a_hibernated_session_keeps_its_hosts_so_that_who_comes_wakes_it) {
    auto launched = facts();
    auto now = start;
    auto [have, wanted] = settle(launched, {.hosts = std::vector<std::string>()}, now);
    launched.session.asks.hibernate = now;
    std::tie(have, wanted) = settle(launched, have, now);
    EXPECT_EQ(wanted.status.phase, Phase::hibernated);
    EXPECT_EQ(have.hosts, lab_hosts);
    EXPECT_FALSE(have.network);
    launched.session.asks.wake = now + 1s;
    ++launched.session.incarnation;
    const auto waking = decide(launched, have, now + 1s);
    EXPECT_EQ(waking.workload.hosts, lab_hosts);
    EXPECT_FALSE(waking.status.timings.routed);
}

TEST(Decide, an_ended_session_is_gone_only_when_no_host_leads_to_it) {
    auto launched = facts();
    auto now = start;
    auto [have, wanted] = settle(launched, {.hosts = std::vector<std::string>()}, now);
    launched.session.asks.terminate = now;
    const auto first = decide(launched, have, now);
    EXPECT_EQ(diff(first.workload, have).front(), Change{WithdrawHosts{}});
    std::tie(have, wanted) = settle(launched, have, now);
    EXPECT_EQ(wanted.status.phase, Phase::gone);
    EXPECT_EQ(have.hosts, std::vector<std::string>{});
    have.hosts = lab_hosts;
    EXPECT_EQ(decide(launched, have, now).status.phase, Phase::terminating);
}

TEST(Decide, a_start_that_failed_before_it_answered_has_no_hosts) {
    auto launched = facts();
    Observed have{.hosts = std::vector<std::string>()};
    have.images["m:1"] = {.state = ImageState::missing, .message = "not found", .missing_since = start + 1s};
    const auto wanted = decide(launched, have, start + 2s);
    EXPECT_EQ(wanted.status.phase, Phase::failed);
    EXPECT_TRUE(wanted.workload.hosts.empty());
}

TEST(Hosts, are_the_sessions_own_and_one_for_each_way_in_that_has_room) {
    auto many = facts();
    for (int i = 0; i < 30; ++i)
        many.revision.spec.access.push_back({.name = "way" + std::to_string(i), .component = "web"});
    EXPECT_EQ(hosts_of(many).size(), hosts_max);
    many.revision.spec.access = {{.name = std::string(40, 'a'), .component = "web"}};
    many.url = "https://" + std::string(40, 'l') + ".apps.example.org";
    EXPECT_EQ(hosts_of(many), (std::vector<std::string>{std::string(40, 'l') + ".apps.example.org"}));
}

TEST(Decide, an_image_that_is_missing_fails_in_the_engines_words) {
    auto launched = facts();
    Observed have;
    have.images["m:1"] = {
        .state = ImageState::missing, .message = "image \"m:1\" not found", .missing_since = start + 1s};
    const auto wanted = decide(launched, have, start + 2s);
    EXPECT_EQ(wanted.status.phase, Phase::failed);
    EXPECT_EQ(wanted.status.reason, "ImageNotFound");
    EXPECT_EQ(wanted.status.message, "image \"m:1\" not found");
    EXPECT_TRUE(wanted.workload.components.empty());
}

TEST(Decide, a_retry_asks_for_the_image_again) {
    auto launched = facts();
    launched.session.incarnation = 2;
    launched.session.asked_at = start + 1min;
    launched.session.status = {.phase = Phase::failed, .reason = "ImageNotFound", .incarnation = 1};
    Observed have;
    have.images["m:1"] = have.images["w:1"] = {.state = ImageState::missing, .missing_since = start};
    const auto wanted = decide(launched, have, start + 1min);
    EXPECT_EQ(wanted.status.phase, Phase::pending);
    EXPECT_EQ(wanted.workload.prepare, (std::vector<std::string>{"m:1", "w:1"}));
}

TEST(Decide, a_component_that_exits_before_it_was_ready_fails_with_its_code_and_last_lines) {
    auto launched = facts();
    Observed have{.network = true, .volumes = {"berth-home"}};
    have.components = {{.name = "model",
                        .handle = "h",
                        .generation = "1.0",
                        .state = ContainerState::exited,
                        .exit_code = 3,
                        .last_log = {"no licence"}}};
    have.images["w:1"] = present("sha256:w");
    const auto wanted = decide(launched, have, start + 1s);
    EXPECT_EQ(wanted.status.phase, Phase::failed);
    EXPECT_EQ(wanted.status.reason, "Exited");
    EXPECT_EQ(wanted.status.message, "\"model\" ended with status 3");
    EXPECT_EQ(wanted.status.last_log, std::vector<std::string>{"no licence"});
    EXPECT_TRUE(diff(wanted.workload, have).empty()) << "what has exited stays for its logs";
}

TEST(Decide, running_out_of_memory_is_named_with_the_limit) {
    auto launched = facts();
    Observed have{.network = true};
    have.components = {{.name = "model",
                        .handle = "h",
                        .generation = "1.0",
                        .state = ContainerState::exited,
                        .exit_code = 137,
                        .out_of_memory = true}};
    have.images["w:1"] = present("sha256:w");
    EXPECT_EQ(decide(launched, have, start).status.message, "\"model\" ran out of memory (limit 1Gi)");
}

TEST(Decide, a_port_that_never_listens_fails_after_start_within) {
    auto launched = facts();
    auto now = start;
    Observed have{.network = true, .volumes = {"berth-home"}};
    for (const auto* name : {"model", "web"})
        have.components.push_back({.name = name,
                                   .handle = name,
                                   .generation = "1.0",
                                   .state = ContainerState::running,
                                   .message = "port 8081: connection refused"});
    launched.session.status = decide(launched, have, now).status;
    EXPECT_EQ(launched.session.status.phase, Phase::starting);
    EXPECT_EQ(launched.session.status.message, "\"model\": port 8081: connection refused");
    const auto late = decide(launched, have, start + 1min + 1s);
    EXPECT_EQ(late.status.reason, "StartTimeout");
    EXPECT_EQ(late.status.message, "\"web\": port 8081: connection refused within 1m");
    EXPECT_EQ(diff(late.workload, have).size(), 2u) << "both are stopped";
}

TEST(Decide, what_was_ready_is_not_started_anew_when_nobody_has_probed_it_yet) {
    auto launched = facts();
    auto now = start;
    auto [have, wanted] = settle(launched, {}, now);
    ASSERT_EQ(wanted.status.phase, Phase::running);
    // A new process of Berth: everything runs on, and no probe has answered.
    for (auto& component : have.components) component.ready = false;
    const auto again = decide(launched, have, now + 24h);
    EXPECT_EQ(again.status, wanted.status);
    EXPECT_TRUE(diff(again.workload, have).empty());
}

TEST(Decide, a_killed_component_is_started_again_after_a_pause) {
    auto launched = facts();
    auto now = start;
    auto [have, wanted] = settle(launched, {}, now);
    have.components[1].state = ContainerState::exited;
    have.components[1].exit_code = 137;
    have.components[1].exited_at = now;
    wanted = decide(launched, have, now);
    launched.session.status = wanted.status;
    EXPECT_EQ(wanted.status.phase, Phase::starting);
    EXPECT_EQ(wanted.status.reason, "Restarting");
    EXPECT_TRUE(diff(wanted.workload, have).empty());
    ASSERT_TRUE(wanted.look_at.has_value());
    now = *wanted.look_at;
    const auto [again, settled] = settle(launched, have, now);
    EXPECT_EQ(settled.status.phase, Phase::running);
    EXPECT_EQ(settled.status.components[1].restarts, 1);
    EXPECT_EQ(again.components.size(), 2u);
}

TEST(Decide, a_component_that_keeps_ending_fails_the_session) {
    auto launched = facts();
    auto now = start;
    auto [have, wanted] = settle(launched, {}, now);
    for (int crash = 0; crash <= restarts_max; ++crash) {
        auto& web = *std::find_if(have.components.begin(), have.components.end(),
                                  [](const auto& c) { return c.name == "web"; });
        web.state = ContainerState::exited;
        web.exit_code = 1;
        web.exited_at = now;
        wanted = decide(launched, have, now);
        launched.session.status = wanted.status;
        if (wanted.look_at) now = *wanted.look_at;
        if (wanted.status.phase != Phase::failed) have = settle(launched, have, now).first;
    }
    EXPECT_EQ(launched.session.status.phase, Phase::failed);
    EXPECT_EQ(launched.session.status.reason, "Exited");
}

TEST(Decide, a_container_deleted_behind_our_back_is_made_again) {
    auto launched = facts();
    auto now = start;
    auto [have, wanted] = settle(launched, {}, now);
    have.components.pop_back();
    have.images["w:1"] = present("sha256:w:1");
    now += 1h;
    const auto [again, settled] = settle(launched, have, now);
    EXPECT_EQ(again.components.size(), 2u);
    EXPECT_EQ(settled.status.phase, Phase::running);
}

TEST(Decide, one_that_its_engine_takes_away_moves_and_says_why_until_it_runs_again) {
    auto session = facts();
    Time now = start;
    auto [have, wanted] = settle(session, {}, now);
    auto& web = have.components.at(1);
    web.state = ContainerState::stopping;
    web.message = "its node is being emptied";
    const auto look = [&] {
        wanted = decide(session, have, now);
        session.session.status = wanted.status;
        return wanted.status.reason + ": " + wanted.status.message;
    };
    EXPECT_EQ(look(), "Moving: \"web\": its node is being emptied");
    EXPECT_EQ(wanted.status.phase, Phase::starting);
    EXPECT_EQ(diff(wanted.workload, have), Changes{}) << "it is ending already";
    have.components.pop_back();
    EXPECT_EQ(look(), "Moving: \"web\": its node is being emptied");
    have = after(diff(wanted.workload, have), have, now, false);
    have.components.back().state = ContainerState::creating;
    have.components.back().message = "waiting for a node";
    EXPECT_EQ(look(), "Moving: \"web\": its node is being emptied; now \"web\": waiting for a node");
    EXPECT_EQ(look(), "Moving: \"web\": its node is being emptied; now \"web\": waiting for a node");
    have.components.back().message.clear();
    EXPECT_EQ(look(), "Moving: \"web\": its node is being emptied");
    have.components.back().state = ContainerState::running;
    have.components.back().ready = true;
    EXPECT_EQ(look(), ": ");
    EXPECT_EQ(wanted.status.phase, Phase::running);
    EXPECT_EQ(wanted.status.components.at(1).restarts, 0);
}

TEST(Decide, one_that_its_engine_has_ended_runs_again_whatever_its_exit_and_says_why) {
    for (const auto restart : {Restart::always, Restart::on_failure, Restart::never})
        for (const bool was_ready : {true, false})
            for (const int exit_code : {0, 143}) {
                auto session = facts();
                session.revision.spec.components[1].restart = restart;
                Time now = start;
                auto [have, wanted] = settle(session, {}, now);
                if (!was_ready) session.session.status = {.phase = Phase::starting, .incarnation = 1};
                auto& web = have.components.at(1);
                web.state = ContainerState::exited;
                web.exit_code = exit_code;
                web.exited_at = now;
                web.disrupted = true;
                web.message = "Pod was terminated in response to imminent node shutdown.";
                wanted = decide(session, have, now);
                session.session.status = wanted.status;
                EXPECT_EQ(wanted.status.phase, Phase::starting);
                EXPECT_EQ(wanted.status.reason, "Moving");
                EXPECT_EQ(wanted.status.message,
                          "\"web\": Pod was terminated in response to imminent node shutdown.");
                EXPECT_EQ(diff(wanted.workload, have), Changes{}) << "not in haste";
                ASSERT_TRUE(wanted.look_at);
                now = *wanted.look_at;
                wanted = decide(session, have, now);
                EXPECT_EQ(diff(wanted.workload, have), (Changes{RemoveComponent{"web", web.handle}}));
                std::tie(have, wanted) = settle(session, have, now);
                EXPECT_EQ(wanted.status.phase, Phase::running);
                EXPECT_EQ(wanted.status.reason, "");
                EXPECT_EQ(wanted.status.components.at(1).restarts, 0);
                EXPECT_EQ(have.components.at(1).generation, "1.0");
            }
}

TEST(Decide, trouble_that_may_mend_is_named_while_the_start_goes_on) {
    auto session = facts();
    Time now = start;
    auto [have, wanted] = settle(session, {}, now);
    session.session.status = {.phase = Phase::starting, .incarnation = 1};
    have.components.at(1).state = ContainerState::creating;
    have.components.at(1).message = "image \"w:1\": 503 Service Unavailable";
    have.components.at(1).trouble = "ImagePullFailed";
    for (const auto passed : {0h, 24h}) {
        wanted = decide(session, have, now + passed);
        session.session.status = wanted.status;
        EXPECT_EQ(wanted.status.phase, Phase::starting);
        EXPECT_EQ(wanted.status.reason, "ImagePullFailed");
        EXPECT_EQ(wanted.status.message, "\"web\": image \"w:1\": 503 Service Unavailable");
    }
    have.components.at(1).state = ContainerState::running;
    wanted = decide(session, have, now);
    EXPECT_EQ(wanted.status.phase, Phase::running);
    EXPECT_EQ(wanted.status.reason, "");
}

TEST(Decide, conditions_are_told_also_while_it_stops) {
    auto session = facts();
    Time now = start;
    auto [have, wanted] = settle(session, {}, now);
    session.session.asks.hibernate = now;
    have.conditions = {{.type = "NodeLost", .message = "node \"n1\" does not answer"}};
    EXPECT_EQ(decide(session, have, now).status.conditions, have.conditions);
}

TEST(Decide, hibernating_ends_every_process_and_keeps_every_volume) {
    auto launched = facts();
    auto now = start;
    auto [have, wanted] = settle(launched, {}, now);
    launched.session.asks.hibernate = now;
    const auto [stopped, settled] = settle(launched, have, now);
    EXPECT_EQ(settled.status.phase, Phase::hibernated);
    EXPECT_TRUE(stopped.components.empty());
    EXPECT_FALSE(stopped.network);
    EXPECT_EQ(stopped.volumes, std::vector<std::string>{"berth-home"});
}

TEST(Decide, whatever_ends_it_its_programs_get_the_time_that_their_template_gives_them) {
    auto launched = facts();
    launched.revision.spec.lifecycle.stop_timeout = 5min;
    auto now = start;
    auto [have, wanted] = settle(launched, {}, now);
    const auto stops = [&](const Facts& facts, std::size_t count) {
        const auto changes = diff(decide(facts, have, now).workload, have);
        EXPECT_EQ(changes.size(), count);
        for (const auto& change : changes) {
            const auto* stop = std::get_if<StopComponent>(&change);
            EXPECT_TRUE(stop != nullptr && stop->stop_timeout == 5min);
        }
    };
    auto hibernated = launched, terminated = launched, restarted = launched, failed = launched;
    hibernated.session.asks.hibernate = now;
    stops(hibernated, 2);
    terminated.session.asks.terminate = now;
    stops(terminated, 2);
    restarted.session.incarnation = 2;
    stops(restarted, 2);
    failed.session.status.phase = Phase::failed;
    stops(failed, 2);
}

TEST(Decide, terminate_is_final_whatever_was_asked_later) {
    auto launched = facts();
    auto now = start;
    auto [have, wanted] = settle(launched, {}, now);
    launched.session.asks.terminate = now;
    launched.session.asks.wake = now + 1h;
    EXPECT_EQ(settle(launched, have, now).second.status.phase, Phase::gone);
}

TEST(Decide, a_wake_after_hibernation_is_a_new_incarnation_with_new_timings) {
    auto launched = facts();
    auto now = start;
    auto [have, wanted] = settle(launched, {}, now);
    launched.session.asks.hibernate = now;
    have = settle(launched, have, now).first;
    now += 24h;
    launched.session.asks.wake = launched.session.asked_at = now;
    launched.session.incarnation = 2;
    const auto [again, settled] = settle(launched, have, now);
    EXPECT_EQ(settled.status.phase, Phase::running);
    EXPECT_LT(*settled.status.timings.ready, 10.0);
    EXPECT_EQ(again.components[0].generation, "2.0");
}

/// Random histories: asks, crashes, vanished containers, failed pulls, at random times.
TEST(Decide, any_history_settles_and_then_deciding_again_changes_nothing) {
    for (unsigned seed = 0; seed < 5'000; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        std::mt19937 random(seed);
        const auto below = [&](int limit) {
            return static_cast<int>(random() % static_cast<unsigned>(limit));
        };
        auto launched = facts();
        auto now = start;
        Observed have;
        for (int step = 0; step < 12; ++step) {
            now += Duration(below(20'000));
            switch (below(6)) {
                case 0:
                    launched.session.asks.hibernate = now;
                    break;
                case 1:
                    launched.session.asks.wake = launched.session.asked_at = now;
                    ++launched.session.incarnation;
                    break;
                case 2:
                    if (!have.components.empty())
                        have.components.erase(have.components.begin() +
                                              below(static_cast<int>(have.components.size())));
                    break;
                case 3:
                    for (auto& there : have.components)
                        if (below(2) == 0)
                            there.state = ContainerState::exited, there.exited_at = now,
                            there.exit_code = below(3), there.disrupted = below(4) == 0;
                    break;
                case 4:
                    have.network = below(2) == 0;
                    break;
                default:
                    have.images.clear();
            }
            const auto wanted = decide(launched, have, now);
            launched.session.status = wanted.status;
            have = after(diff(wanted.workload, have), have, now, below(4) != 0);
        }
        if (launched.session.status.phase != Phase::failed)
            for (auto& there : have.components) there.ready = true;
        for (int look = 0; look < 3; ++look) {
            auto [settled, wanted] = settle(launched, have, now);
            have = settled;
            if (wanted.look_at) now = std::max(now, *wanted.look_at);
        }
        const auto final_look = decide(launched, have, now);
        ASSERT_EQ(final_look.status, launched.session.status);
        ASSERT_TRUE(diff(final_look.workload, have).empty());
        const auto phase = final_look.status.phase;
        ASSERT_TRUE(phase == Phase::running || phase == Phase::hibernated || phase == Phase::failed)
            << json::enum_name(phase);
    }
}

TEST(Decide, an_administrators_settings_are_for_published_templates_alone) {
    const auto published = facts();
    auto own = published;
    own.revision.owner = UserId{"usr_1"};
    const auto kinds_of = [](const Facts& facts) {
        std::set<std::string> kinds;
        const auto workload = decide(facts, {}, start).workload;
        for (const auto& component : workload.components) kinds.insert(component.kind);
        for (const auto& volume : workload.volumes) kinds.insert(volume.kind);
        return kinds;
    };
    EXPECT_EQ(kinds_of(published), std::set<std::string>{"two"});
    EXPECT_EQ(kinds_of(own), std::set<std::string>{""}) << "anybody may call theirs so";
}

}  // namespace
}  // namespace berth::plan
