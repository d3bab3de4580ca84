#include "plan/limits.hpp"

#include <gtest/gtest.h>

#include "plan/admit.hpp"
#include "plan/lifecycle.hpp"

namespace berth::plan {
namespace {

using namespace std::chrono_literals;

const Tier free_tier{.name = "free", .quota = {.running = 1, .storage = Bytes{100}, .max_lifetime = 1h}};
const Tier paid_tier{.name = "paid", .quota = {.running = 9, .cpu = MilliCpu{2000}, .max_lifetime = 8h}};

Membership member_of(std::string name, std::optional<Tier> tier, Quota together = {}) {
    return {.group = {.name = std::move(name), .quota = together}, .tier = std::move(tier)};
}

Limit at(const Limits& limits, Resource what) {
    const auto found = limits.find(what);
    return found == limits.end() ? Limit{-1, "nobody"} : found->second;
}

TEST(Limits, the_first_that_says_something_counts_for_each_thing_alone) {
    const Standing standing{.own = {.sessions = 7},
                            .tier = free_tier,
                            .groups = {member_of("physics", paid_tier)},
                            .common = {.sessions = 3, .running = 3, .cpu = MilliCpu{1}, .workspaces = 2}};
    const auto all = limits(standing);
    EXPECT_EQ(at(all, Resource::sessions), (Limit{7, "the user's quota"}));
    EXPECT_EQ(at(all, Resource::running), (Limit{1, "tier free"})) << "one's own tier beats a group's";
    EXPECT_EQ(at(all, Resource::cpu), (Limit{2000, "tier paid"}));
    EXPECT_EQ(at(all, Resource::workspaces), (Limit{2, "the default quota"}));
    EXPECT_EQ(at(all, Resource::memory), (Limit{std::int64_t{16} << 30, "the default quota"}));
    EXPECT_EQ(at(all, Resource::storage), (Limit{100, "tier free"}));
    EXPECT_EQ(at(all, Resource::gpu), (Limit{-1, "nobody"})) << "nobody limits what is not counted so far";
}

TEST(Limits, of_the_tiers_of_several_groups_the_most_generous_counts) {
    const Standing standing{.groups = {member_of("a", free_tier), member_of("b", std::nullopt),
                                       member_of("c", paid_tier), member_of("d", free_tier)}};
    EXPECT_EQ(at(limits(standing), Resource::running), (Limit{9, "tier paid"}));
}

TEST(Limits, what_a_group_has_together_is_nobodys_own_limit) {
    const auto physics = member_of("physics", std::nullopt, {.running = 2, .gpu = 1});
    EXPECT_EQ(at(limits(Standing{.groups = {physics}}), Resource::running), (Limit{5, "the default quota"}));
    EXPECT_EQ(limits(physics.group),
              (Limits{{Resource::running, {2, "group physics"}}, {Resource::gpu, {1, "group physics"}}}));
}

TEST(Limits, zero_is_nothing_at_all_and_not_no_limit) {
    EXPECT_EQ(at(limits(Standing{.own = {.running = 0}}), Resource::running), (Limit{0, "the user's quota"}));
}

std::optional<StayLimit> lifetime(const Standing& standing, Lifecycle of_template = {},
                                  StayLimits of_launch = {}) {
    return stay_rules(of_template, standing, of_launch).lifetime;
}

TEST(StayRules, a_tier_is_named_and_every_group_holds_its_members) {
    EXPECT_EQ(lifetime({.tier = free_tier}), (StayLimit{1h, "tier free"}));
    EXPECT_EQ(lifetime({.tier = free_tier, .common = {.max_lifetime = 10min}}), (StayLimit{1h, "tier free"}));
    EXPECT_EQ(lifetime({.own = {.max_lifetime = 2h}, .tier = free_tier}),
              (StayLimit{2h, "the user's quota"}));
    EXPECT_EQ(lifetime({.own = {.max_lifetime = 0s}, .tier = free_tier}), std::nullopt);
    const auto strict = member_of("lab", paid_tier, {.max_lifetime = 30min});
    EXPECT_EQ(lifetime({.own = {.max_lifetime = 2h}, .groups = {strict}}), (StayLimit{30min, "group lab"}));
    EXPECT_EQ(lifetime({.tier = free_tier}, {.max_lifetime = 20min}), (StayLimit{20min, "the template"}));
    EXPECT_EQ(lifetime({.tier = free_tier}, {}, {.max_lifetime = 5min}), (StayLimit{5min, "this launch"}));
}

TEST(StayRules, of_several_groups_tiers_the_strictest_counts_and_one_without_end_is_no_limit) {
    EXPECT_EQ(lifetime({.groups = {member_of("a", paid_tier), member_of("b", free_tier)}}),
              (StayLimit{1h, "tier free"}));
    const Tier endless{.name = "endless", .quota = {.max_lifetime = 0s}};
    EXPECT_EQ(lifetime({.groups = {member_of("a", endless)}, .common = {.max_lifetime = 1h}}), std::nullopt);
}

const Limits small{{Resource::sessions, {3, "the default quota"}},
                   {Resource::running, {2, "tier free"}},
                   {Resource::cpu, {2000, "the user's quota"}},
                   {Resource::memory, {4096, "the default quota"}},
                   {Resource::gpu, {1, "tier free"}},
                   {Resource::storage, {10240, "tier free"}}};

Amounts amounts(std::initializer_list<std::pair<Resource, std::int64_t>> some) {
    Amounts all;
    for (const auto& [what, amount] : some) all[what] = amount;
    return all;
}

std::string said(const std::vector<Account>& accounts, const Amounts& wanted,
                 const std::vector<std::string>& running = {}) {
    const auto found = shortage(accounts, wanted);
    if (!found) return "yes";
    const auto error = refusal(*found, running);
    return error.user + " | " + error.next;
}

TEST(Admit, a_refusal_names_the_limit_whose_it_is_its_use_and_a_way_out) {
    using enum Resource;
    const auto have = [](const Amounts& used) {
        return std::vector<Account>{{.limits = small, .used = used}};
    };
    EXPECT_EQ(said(have({}), amounts({{sessions, 1}, {running, 1}, {cpu, 500}})), "yes");
    EXPECT_EQ(said(have(amounts({{sessions, 3}})), amounts({{sessions, 1}})),
              "your limit of sessions is 3 (the default quota), and you have 3 | delete a session that is "
              "not needed any more");
    EXPECT_EQ(said(have(amounts({{running, 2}})), amounts({{running, 1}}), {"a", "b"}),
              "your limit of running sessions is 2 (tier free), and 2 run | hibernate or delete one of "
              "\"a\", \"b\"");
    EXPECT_EQ(said(have(amounts({{cpu, 500}})), amounts({{cpu, 1600}}), {"a"}),
              "your limit of processors is 2 (the user's quota), and 500m are in use; this session needs "
              "1600m | hibernate or delete one of \"a\"");
    EXPECT_EQ(said(have({}), amounts({{memory, 5000}}), {"a"}),
              "your limit of memory is 4Ki (the default quota), and 0 are in use; this session needs 5000 | "
              "ask an administrator for a higher limit");
    EXPECT_EQ(said(have(amounts({{gpu, 1}})), amounts({{gpu, 1}}), {"a"}),
              "your limit of GPUs is 1 (tier free), and 1 are in use; this session needs 1 | hibernate or "
              "delete one of \"a\"");
    EXPECT_EQ(said(have(amounts({{storage, 8192}})), amounts({{storage, 4096}})),
              "your limit of storage is 10Ki (tier free), and 8Ki are in use; this needs 4Ki more | delete a "
              "workspace that is not needed any more");
}

TEST(Admit, a_group_is_named_and_its_other_members_sessions_are_not) {
    const Account physics{.kind = Account::Kind::group,
                          .name = "physics",
                          .limits = limits(Group{.name = "physics", .quota = {.running = 4}}),
                          .used = amounts({{Resource::running, 4}})};
    const auto one = amounts({{Resource::running, 1}});
    EXPECT_EQ(said({{}, physics}, one, {"mine"}),
              "the limit of running sessions of group physics is 4, and 4 run | hibernate or delete one of "
              "\"mine\", or try again when another session has ended");
    EXPECT_EQ(
        said({{}, physics}, one),
        "the limit of running sessions of group physics is 4, and 4 run | try again when another session "
        "has ended");
}

TEST(Admit, what_is_not_wanted_is_not_judged) {
    // A quota lowered below its use stops nothing, and lets through what takes none of it.
    const std::vector<Account> over{
        {.limits = small, .used = amounts({{Resource::running, 9}, {Resource::storage, 99999}})}};
    EXPECT_EQ(said(over, amounts({{Resource::workspaces, 1}})), "yes");
    EXPECT_NE(said(over, amounts({{Resource::running, 1}})), "yes");
}

}  // namespace
}  // namespace berth::plan
