#include "cli/stage.hpp"

namespace berth::cli {
namespace {

class Limits : public Stage {};

TEST_F(Limits, show_what_one_may_have_and_whose_each_limit_is) {
    server.answer("GET /api/v1/users/me", json::parse(R"({"name": "ann", "tier": "free", "quota": {
        "sessions": {"limit": 20, "used": 3, "whose": "the default quota"},
        "running": {"limit": 1, "used": 1, "whose": "tier free"},
        "cpu": {"limit": "8", "used": "1500m", "whose": "the default quota"},
        "memory": {"limit": "16Gi", "used": "4Gi", "whose": "the default quota"},
        "gpu": {"used": 0}, "workspaces": {"limit": 50, "used": 0, "whose": "the default quota"},
        "storage": {"used": "30Gi"}},
        "stay": [{"reason": "lifetime", "after": "1h", "whose": "tier free"}],
        "groups": [{"name": "physics", "description": "Fakultät für Physik", "quota": {
        "sessions": {"used": 9}, "running": {"limit": 10, "used": 6, "whose": "group physics"},
        "cpu": {"used": "1"}, "memory": {"used": "1Gi"}, "gpu": {"used": 0}, "workspaces": {"used": 4},
        "storage": {"used": "1Gi"}}}]})"));
    EXPECT_EQ(berth({"quota"}), (Outcome{0,
                                         "WHAT         USE                      WHOSE LIMIT\n"
                                         "sessions     ██░░░░░░░░ 3 of 20       the default quota\n"
                                         "running      ██████████ 1 of 1        tier free\n"
                                         "cpu          ██░░░░░░░░ 1500m of 8    the default quota\n"
                                         "memory       ███░░░░░░░ 4Gi of 16Gi   the default quota\n"
                                         "gpu          0                        –\n"
                                         "workspaces   ░░░░░░░░░░ 0 of 50       the default quota\n"
                                         "storage      30Gi                     –\n"
                                         "a session stops after 1h of running (tier free)\n"
                                         "\n"
                                         "group physics (Fakultät für Physik), all members together\n"
                                         "WHAT      USE                  WHOSE LIMIT\n"
                                         "running   ██████░░░░ 6 of 10   group physics\n",
                                         ""}));
}

TEST_F(Limits, of_a_tier_change_one_by_one) {
    server.answer("POST /api/v1/tiers", json::parse(R"({"name": "free", "quota": {"running": 1}})"), 201);
    EXPECT_EQ(berth({"admin", "tiers", "add", "free", "--running", "1"}),
              (Outcome{0, "free  tier made; running 1\n", ""}));
    EXPECT_EQ(server.arrived().back().body, R"({"name":"free","quota":{"running":1}})");
    server.answer("GET /api/v1/tiers/free", json::parse(R"({"name": "free", "quota": {"running": 1}})"));
    server.answer("PATCH /api/v1/tiers/free",
                  json::parse(R"({"name": "free", "quota": {"maxLifetime": "1h"}})"));
    EXPECT_EQ(berth({"admin", "tiers", "set", "free", "--running", "none", "--max-lifetime", "60m"}).status,
              0);
    EXPECT_EQ(server.arrived().back().body, R"({"quota":{"maxLifetime":"60m"}})");
    server.answer("GET /api/v1/tiers?limit=100",
                  json::parse(R"({"items": [{"name": "free", "quota": {"maxLifetime": "1h", "running": 1},
                                 "users": 2, "groups": ["physics", "maths"]}], "total": 1})"));
    EXPECT_EQ(berth({"admin", "tiers"}),
              (Outcome{0,
                       "NAME   USERS   GROUPS           LIMITS\n"
                       "free   2       physics, maths   maxLifetime 1h · running 1\n",
                       ""}));
}

TEST_F(Limits, of_a_group_are_those_of_its_members_together) {
    server.answer("POST /api/v1/groups", json::parse(R"({"name": "physics", "quota": {}})"), 201);
    EXPECT_EQ(berth({"admin", "groups", "add", "physics", "--tier", "paid", "--description", "Physik"}),
              (Outcome{0, "physics  group made; no limits\n", ""}));
    EXPECT_EQ(json::parse(server.arrived().back().body),
              json::parse(R"({"name":"physics","description":"Physik","tier":"paid","quota":{}})"));
    server.answer("PUT /api/v1/groups/physics/members/ann", json::parse(R"({"name": "physics"})"));
    EXPECT_EQ(berth({"admin", "groups", "join", "physics", "ann"}),
              (Outcome{0, "ann   is in group physics\n", ""}));
    EXPECT_EQ(berth({"admin", "groups", "rm", "physics"}).status, 1) << "nobody is there to ask";
    server.answer(
        "DELETE /api/v1/groups/physics",
        problem(409, "group_in_use", "group \"physics\" has 1 member: user ann", "remove its members first"));
    EXPECT_EQ(
        berth({"admin", "groups", "rm", "-y", "physics"}),
        (Outcome{1, "",
                 "berth: group \"physics\" has 1 member: user ann\n       remove its members first\n"}));
}

TEST_F(Limits, a_user_has_a_tier_or_none) {
    server.answer("PATCH /api/v1/users/ann", json::parse(R"({"name": "ann"})"));
    EXPECT_EQ(berth({"admin", "users", "tier", "ann", "free"}).status, 0);
    EXPECT_EQ(server.arrived().back().body, R"({"tier":"free"})");
    EXPECT_EQ(berth({"admin", "users", "tier", "ann", "none"}).status, 0);
    EXPECT_EQ(server.arrived().back().body, R"({"tier":""})");
}

}  // namespace
}  // namespace berth::cli
