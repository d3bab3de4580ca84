#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

class Groups : public World {
  public:
    Groups() {
        send(as_root, "POST", "/api/v1/tiers", json::parse(R"({"name": "free", "quota": {"running": 1,
            "maxLifetime": "60m"}})"));
        send(as_root, "POST", "/api/v1/groups", json::parse(R"({"name": "physics", "description":
            "Fakultät für Physik", "quota": {"running": 3, "storage": "20Gi"}})"));
    }
    /// Status and code of an administrator's request.
    std::string ask(std::string method, std::string path, json::value body = nullptr) {
        const auto answer = body.is_null() ? World::ask(as_root, method, "/api/v1" + path)
                                           : send(as_root, method, "/api/v1" + path, body);
        const auto status = std::to_string(answer.status);
        if (answer.status < 400) return status;
        return status + " " + std::string(body_of(answer).at("code").as_string());
    }
};

TEST(Groups, a_user_sees_each_limit_its_use_and_whose_it_is) {
    Groups world;
    EXPECT_EQ(world.ask("PATCH", "/users/ann", {{"tier", "free"}}), "200");
    EXPECT_EQ(world.ask("PUT", "/groups/physics/members/ann", json::object()), "200");
    const auto me = world.get(world.as_ann, "/api/v1/users/me");
    EXPECT_EQ(me.at("tier"), "free");
    EXPECT_EQ(me.at("quota").at("running"), (json::value{{"limit", 1}, {"used", 0}, {"whose", "tier free"}}));
    EXPECT_EQ(me.at("quota").at("cpu"),
              (json::value{{"limit", "8"}, {"used", "0"}, {"whose", "the default quota"}}));
    EXPECT_EQ(me.at("quota").at("gpu"), (json::value{{"used", 0}})) << "nobody limits it";
    const json::array stay{
        {{"what", "hibernated"}, {"reason", "lifetime"}, {"after", "1h"}, {"whose", "tier free"}}};
    EXPECT_EQ(me.at("stay"), json::value(stay));
    const auto& group = me.at("groups").at(0);
    EXPECT_EQ(group.at("name"), "physics");
    EXPECT_EQ(group.at("description"), "Fakultät für Physik");
    EXPECT_EQ(group.at("quota").at("storage"),
              (json::value{{"limit", "20Gi"}, {"used", "0"}, {"whose", "group physics"}}));
    EXPECT_EQ(world.get(world.as_root, "/api/v1/users/ann/quota").at("quota"), me.at("quota"));
}

TEST(Groups, an_administrator_keeps_tiers_and_groups) {
    Groups world;
    const auto tiers = world.get(world.as_root, "/api/v1/tiers");
    EXPECT_EQ(tiers.at("total"), 1);
    EXPECT_EQ(without(tiers.at("items").at(0), "createdAt"),
              (json::value{{"name", "free"},
                           {"quota", {{"running", 1}, {"maxLifetime", "1h"}}},
                           {"users", 0},
                           {"groups", json::array()}}));
    EXPECT_EQ(world.ask("PATCH", "/tiers/free", {{"quota", {{"running", 2}}}}), "200");
    EXPECT_EQ(world.get(world.as_root, "/api/v1/tiers/free").at("quota"), (json::value{{"running", 2}}));
    EXPECT_EQ(world.ask("PATCH", "/groups/physics", {{"tier", "free"}}), "200");
    EXPECT_EQ(world.get(world.as_root, "/api/v1/tiers/free").at("groups"), (json::array{"physics"}));
    EXPECT_EQ(world.ask("DELETE", "/tiers/free"), "409 tier_in_use");
    EXPECT_EQ(world.ask("PUT", "/groups/physics/members/ann", json::object()), "200");
    EXPECT_EQ(world.ask("PUT", "/groups/physics/members/ann", json::object()), "200") << "twice is once";
    EXPECT_EQ(world.ask("PUT", "/groups/physics/members/bob", json::object()), "200");
    const auto first = world.get(world.as_root, "/api/v1/groups/physics/members?limit=1");
    EXPECT_EQ(first.at("items").at(0).at("name"), "ann");
    EXPECT_EQ(first.at("total"), 2);
    const std::string next(first.at("next").as_string());
    EXPECT_EQ(world.get(world.as_root, "/api/v1/groups/physics/members?cursor=" + next)
                  .at("items")
                  .at(0)
                  .at("name"),
              "bob");
    EXPECT_EQ(world.ask("DELETE", "/groups/physics"), "409 group_in_use");
    EXPECT_EQ(world.ask("DELETE", "/groups/physics/members/ann"), "200");
    EXPECT_EQ(world.ask("DELETE", "/groups/physics/members/bob"), "200");
    EXPECT_EQ(world.ask("DELETE", "/groups/physics"), "204");
    EXPECT_EQ(world.ask("DELETE", "/tiers/free"), "204");
}

TEST(Groups, what_cannot_be_is_refused_by_name) {
    Groups world;
    EXPECT_EQ(world.ask("POST", "/tiers", {{"name", "free"}}), "409 name_taken");
    EXPECT_EQ(world.ask("POST", "/tiers", {{"name", "Free"}}), "400 invalid_name");
    EXPECT_EQ(world.ask("POST", "/tiers", {{"name", "x"}, {"quota", {{"running", -1}}}}),
              "400 invalid_field");
    EXPECT_EQ(world.ask("POST", "/tiers", {{"name", "x"}, {"quota", {{"gpu", -1}}}}), "400 invalid_field");
    EXPECT_EQ(world.ask("POST", "/tiers", {{"name", "x"}, {"quota", {{"storage", "much"}}}}),
              "400 invalid_field");
    EXPECT_EQ(world.ask("POST", "/tiers", {{"name", "x"}, {"quota", {{"maxLifetime", "1ms"}}}}),
              "400 invalid_field");
    EXPECT_EQ(world.ask("POST", "/tiers", {{"name", "x"}, {"quota", {{"sesions", 1}}}}), "400 unknown_key");
    EXPECT_EQ(world.ask("POST", "/groups", {{"name", "x"}, {"tier", "paid"}}), "400 no_such_tier");
    EXPECT_EQ(world.ask("PATCH", "/users/ann", {{"tier", "paid"}}), "400 no_such_tier");
    EXPECT_EQ(world.ask("GET", "/tiers/paid"), "404 not_found");
    EXPECT_EQ(world.ask("GET", "/groups/maths"), "404 not_found");
    EXPECT_EQ(world.ask("GET", "/groups?sort=tier"), "400 invalid_field");
    EXPECT_EQ(world.ask("PUT", "/groups/physics/members/nobody", json::object()), "404 not_found");
    for (const auto* path :
         {"/api/v1/tiers", "/api/v1/groups", "/api/v1/groups/physics/members", "/api/v1/users/ann/quota"})
        EXPECT_EQ(world.World::ask(world.as_ann, "GET", path).status, 403) << path;
}

TEST(Groups, every_change_is_on_record) {
    Groups world;
    world.ask("PUT", "/groups/physics/members/ann", json::object());
    world.ask("DELETE", "/groups/physics/members/ann");
    world.ask("DELETE", "/tiers/free");
    std::vector<std::string> seen;
    for (const auto& event : world.events())
        if (event.class_ == EventClass::audit) seen.push_back(event.actor + " " + event.kind);
    EXPECT_EQ(seen, (std::vector<std::string>{"root tier.created", "root group.created", "root group.joined",
                                              "root group.left", "root tier.deleted"}));
}

}  // namespace
}  // namespace berth::api::testing
