#include "plan/sweep.hpp"

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

using namespace std::chrono_literals;

const Time now{std::chrono::hours(500'000)};

Session session(const std::string& name, Phase phase) {
    Session made{.id = {"ses_" + name}, .name = name, .engine = "metal", .asks = {.wake = now - 1h}};
    made.status.phase = phase;
    if (phase == Phase::hibernated) made.asks.hibernate = now - 30min;
    return made;
}

Thing process(const std::string& name) {
    return {
        .kind = "container", .name = name + "-main", .part = ThingPart::process, .workload = {"ses_" + name}};
}

Thing volume(const std::string& handle) {
    return {.kind = "volume", .name = handle, .part = ThingPart::volume, .handle = handle};
}

SweepFacts facts(std::vector<Thing> things, std::vector<Session> sessions, std::vector<Volume> volumes = {}) {
    SweepFacts facts{.engine = "metal", .things = std::move(things), .volumes = std::move(volumes)};
    for (auto& one : sessions) facts.sessions[one.id] = one;
    return facts;
}

/// Matter, remedy and name of each finding.
std::vector<std::string> words(const SweepFacts& facts) {
    std::vector<std::string> list;
    for (const auto& finding : judge(facts, now)) {
        EXPECT_EQ(finding.engine, "metal");
        EXPECT_FALSE(finding.why.empty());
        list.push_back(json::enum_name(finding.matter) + " " + json::enum_name(finding.remedy) + " " +
                       finding.name);
    }
    return list;
}

using Words = std::vector<std::string>;

TEST(Sweep, what_rows_and_engine_agree_on_is_no_finding) {
    const auto home = Volume{.handle = "home", .engine = "metal", .created_at = now - 1h};
    EXPECT_EQ(words(facts({process("a"), volume("home")},
                          {session("a", Phase::running), session("b", Phase::hibernated)}, {home})),
              Words());
    EXPECT_EQ(words(facts({process("a")}, {session("a", Phase::failed)})), Words())
        << "what has failed keeps its logs";
    EXPECT_EQ(words(facts({process("a")}, {session("a", Phase::stopping)})), Words());
}

TEST(Sweep, what_no_session_has_or_one_that_has_ended_is_removed) {
    EXPECT_EQ(words(facts({process("a"), process("b")}, {session("b", Phase::gone)})),
              (Words{"orphan remove a-main", "orphan remove b-main"}));
    EXPECT_EQ(judge(facts({process("a")}, {}), now).front().session, SessionId{"ses_a"});
}

TEST(Sweep, what_a_hibernated_session_left_is_removed_but_not_its_host) {
    auto host = process("a");
    host.part = ThingPart::host;
    host.name = "a-host";
    EXPECT_EQ(words(facts({process("a"), host}, {session("a", Phase::hibernated)})),
              Words{"leftover remove a-main"});
}

TEST(Sweep, what_the_cluster_will_not_collect_is_told_and_not_touched) {
    auto loose = process("a");
    loose.part = ThingPart::other;
    loose.removable = false;
    EXPECT_EQ(words(facts({loose}, {})), Words{"orphan report a-main"});
}

TEST(Sweep, a_row_that_says_running_of_what_is_not_there_is_started_again) {
    const auto findings = judge(facts({}, {session("a", Phase::running)}), now);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].matter, Matter::phantom);
    EXPECT_EQ(findings[0].remedy, Remedy::start);
    EXPECT_EQ(findings[0].session, SessionId{"ses_a"});
    auto elsewhere = session("a", Phase::running);
    elsewhere.engine = "other";
    EXPECT_EQ(words(facts({}, {elsewhere})), Words());
}

TEST(Sweep, volumes_are_told_and_never_removed) {
    const Volume lost{.handle = "lost", .owner = "wsp_1", .engine = "metal", .created_at = now - 1h};
    auto fresh = lost;
    fresh.handle = "fresh";
    fresh.created_at = now - 1s;
    auto given_up = lost;
    given_up.handle = "given-up";
    given_up.deleted_at = now;
    EXPECT_EQ(words(facts({volume("nobodys")}, {}, {lost, fresh, given_up})),
              (Words{"unownedVolume report nobodys", "lostVolume report lost"}));
}

TEST(Sweep, what_is_not_ours_is_told_and_never_touched) {
    auto foreign = process("a");
    foreign.ours = false;
    auto theirs = volume("home");
    theirs.ours = false;
    const Volume home{.handle = "home", .engine = "metal", .created_at = now - 1h};
    EXPECT_EQ(words(facts({foreign, theirs}, {}, {home})),
              (Words{"foreign report a-main", "foreign report home", "lostVolume report home"}));
}

TEST(Sweep, what_does_not_go_is_told_with_its_cause) {
    auto stuck = process("a");
    stuck.stuck = "waits for example.org/hold";
    const auto findings = judge(facts({stuck}, {}), now);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].matter, Matter::stuck);
    EXPECT_EQ(findings[0].remedy, Remedy::report);
    EXPECT_EQ(findings[0].why, "waits for example.org/hold");
}

}  // namespace
}  // namespace berth::plan
