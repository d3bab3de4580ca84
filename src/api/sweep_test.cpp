#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

json::array findings(World& world) {
    return world.get(world.as_root, "/api/v1/admin/sweep").at("findings").as_array();
}

TEST(Sweep, is_for_administrators) {
    World world;
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/admin/sweep").status, 403);
    EXPECT_EQ(world.ask(world.as_ann, "POST", "/api/v1/admin/sweep").status, 403);
    EXPECT_EQ(world.ask({}, "GET", "/api/v1/admin/sweep").status, 401);
    const auto reader = world.token_of(world.root, auth::Scope::read);
    EXPECT_EQ(world.ask(reader, "GET", "/api/v1/admin/sweep").status, 200);
    EXPECT_EQ(world.ask(reader, "POST", "/api/v1/admin/sweep").status, 403);
}

TEST(Sweep, a_look_says_what_is_odd_and_changes_nothing) {
    World world;
    EXPECT_EQ(findings(world), json::array());
    world.run(world.engine.apply({"ses_nobody"}, {CreateNetwork{Egress::none}}));
    world.engine.add_thing({.kind = "container", .name = "berth-x", .ours = false});
    const auto found = findings(world);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].at("matter"), "foreign");
    EXPECT_EQ(found[0].at("remedy"), "report");
    EXPECT_EQ(found[1].at("matter"), "orphan");
    EXPECT_EQ(found[1].at("remedy"), "remove");
    EXPECT_EQ(found[1].at("session"), "ses_nobody");
    EXPECT_EQ(world.run(world.engine.list()).size(), 1u);
    EXPECT_EQ(world.get(world.as_root, "/api/v1/admin/sweep").at("asked"), false);
}

TEST(Sweep, an_ask_is_written_down_with_who_asked) {
    World world;
    const auto answer = world.ask(world.as_root, "POST", "/api/v1/admin/sweep");
    EXPECT_EQ(answer.status, 202) << answer.body;
    EXPECT_EQ(body_of(answer).at("asked"), true);
    const auto asked = world.run(world.store->read([](store::Rows& rows) { return acts::open_sweep(rows); }));
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->actor, "root");
    const auto events = world.events();
    EXPECT_TRUE(std::ranges::any_of(events, [](const Event& event) { return event.kind == "sweep.asked"; }));
    acts::SweepReport report{.ask = *asked, .at = world.clock.now()};
    report.acted.resize(acts::sweep_kept_max + 5);
    world.write([&](store::Tx& tx) { acts::report_sweep(tx, report, "berth"); });
    const auto after = world.get(world.as_root, "/api/v1/admin/sweep");
    EXPECT_EQ(after.at("asked"), false);
    EXPECT_EQ(after.at("last").at("total"), acts::sweep_kept_max + 5);
    EXPECT_EQ(after.at("last").at("acted").as_array().size(), acts::sweep_kept_max);
}

TEST(Sweep, an_engine_that_does_not_answer_is_named) {
    World world;
    world.engine.set_faults({.call_fails_before = 1.0});
    const auto sweep = world.get(world.as_root, "/api/v1/admin/sweep");
    EXPECT_EQ(sweep.at("findings"), json::array());
    ASSERT_EQ(sweep.at("away").as_array().size(), 1u);
    EXPECT_EQ(sweep.at("away").as_array()[0].at("name"), "sim");
}

TEST(Sweep, how_far_one_is_is_told_without_a_look_at_the_engines) {
    World world;
    world.engine.set_faults({.call_fails_before = 1.0});
    const auto* path = "/api/v1/admin/sweep?findings=false";
    const auto asked = world.ask(world.as_root, "POST", path);
    EXPECT_EQ(asked.status, 202) << asked.body;
    for (const auto& sweep : {body_of(asked), world.get(world.as_root, path)}) {
        EXPECT_EQ(sweep.at("asked"), true);
        EXPECT_EQ(sweep.at("away"), json::array()) << "nobody asked it";
    }
}

}  // namespace
}  // namespace berth::api::testing
