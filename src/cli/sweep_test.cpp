#include "cli/stage.hpp"

namespace berth::cli {
namespace {

json::object finding(const std::string& matter, const std::string& remedy, const std::string& name) {
    return {{"engine", "container"}, {"matter", matter}, {"remedy", remedy}, {"kind", "container"},
            {"name", name},          {"session", ""},    {"why", "because"}};
}

json::object sweep(json::array findings, json::array acted = {}, bool asked = false) {
    json::object last{{"acted", acted}, {"total", acted.size()}, {"failed", json::array()}};
    return {{"findings", findings}, {"away", json::array()}, {"asked", asked}, {"last", last}};
}

class Sweep : public Stage {};

TEST_F(Sweep, a_dry_run_says_what_would_be_done_and_why) {
    server.answer("GET /api/v1/admin/sweep",
                  sweep({finding("orphan", "remove", "a"), finding("unownedVolume", "report", "b"),
                         finding("phantom", "start", "lab")}));
    EXPECT_EQ(berth({"admin", "sweep", "--dry-run"}),
              (Outcome{0,
                       "WHAT             KIND        NAME   A SWEEP           WHY\n"
                       "orphan           container   a      removes it        because\n"
                       "unowned volume   container   b      reports it only   because\n"
                       "phantom          container   lab    starts it again   because\n",
                       ""}));
    EXPECT_EQ(server.arrived().size(), 1u);
    const auto data = berth({"admin", "sweep", "--dry-run", "-o", "json"});
    EXPECT_EQ(json::parse(data.out).at("findings").as_array().size(), 3u);
}

TEST_F(Sweep, nothing_to_sweep_is_said) {
    server.answer("GET /api/v1/admin/sweep", sweep({}));
    EXPECT_EQ(berth({"admin", "sweep", "--dry-run"}),
              (Outcome{0, "nothing to sweep: what is there and what the rows say agree\n", ""}));
}

TEST_F(Sweep, an_engine_that_was_not_looked_at_is_an_error) {
    auto answer = sweep({});
    answer["away"] = json::array{json::object{{"name", "container"}, {"up", false}, {"message", "gone"}}};
    server.answer("GET /api/v1/admin/sweep", answer);
    const auto shown = berth({"admin", "sweep", "--dry-run"});
    EXPECT_EQ(shown.status, 1);
    EXPECT_EQ(shown.err, "engine container was not looked at: gone\n");
    const auto data = berth({"admin", "sweep", "--dry-run", "-o", "json"});
    EXPECT_EQ(data.status, 1);
    EXPECT_EQ(json::parse(data.out).at("away").as_array().size(), 1u);
}

TEST_F(Sweep, waits_until_what_it_removes_is_gone) {
    const auto orphan = finding("orphan", "remove", "a");
    server.answer("POST /api/v1/admin/sweep?findings=false", sweep({orphan}, {}, true), 202);
    server.answer("GET /api/v1/admin/sweep?findings=false", sweep({}, {}, true));
    server.answer("GET /api/v1/admin/sweep?findings=false", sweep({}, {orphan}));
    server.answer("GET /api/v1/admin/sweep", sweep({finding("foreign", "report", "f")}, {orphan}));
    EXPECT_EQ(berth({"admin", "sweep"}),
              (Outcome{0,
                       "RESULT    KIND        NAME   WHY\n"
                       "removed   container   a      because\n",
                       "1 more only a person can judge: berth admin sweep --dry-run\n"}));
    EXPECT_EQ(server.arrived().size(), 4u) << "and asked the engines once";
}

TEST_F(Sweep, what_it_cannot_see_it_does_not_call_removed) {
    const auto orphan = finding("orphan", "remove", "a");
    auto answer = sweep({}, {orphan});
    answer["away"] = json::array{json::object{{"name", "container"}, {"up", false}, {"message", "gone"}}};
    server.answer("POST /api/v1/admin/sweep?findings=false", sweep({}, {orphan}), 202);
    server.answer("GET /api/v1/admin/sweep", answer);
    EXPECT_EQ(berth({"admin", "sweep", "--timeout", "1"}),
              (Outcome{1,
                       "RESULT      KIND        NAME   WHY\n"
                       "not known   container   a      because\n",
                       "engine container was not looked at: gone\n"}));
}

TEST_F(Sweep, a_thing_of_that_name_elsewhere_is_another) {
    const auto orphan = finding("orphan", "remove", "a");
    auto other = orphan, anothers = orphan;
    other["engine"] = "kubernetes";
    anothers["session"] = "ses_2";
    server.answer("POST /api/v1/admin/sweep?findings=false", sweep({}, {orphan}), 202);
    server.answer("GET /api/v1/admin/sweep", sweep({other, anothers}, {orphan}));
    EXPECT_EQ(berth({"admin", "sweep", "--timeout", "1"}).status, 0);
}

TEST_F(Sweep, what_stays_is_told_and_fails) {
    const auto orphan = finding("orphan", "remove", "a");
    server.answer("POST /api/v1/admin/sweep?findings=false", sweep({orphan}, {orphan}), 202);
    server.answer("GET /api/v1/admin/sweep", sweep({orphan}, {orphan}));
    const auto shown = berth({"admin", "sweep", "--timeout", "1"});
    EXPECT_EQ(shown.status, 1);
    EXPECT_NE(shown.out.find("still there   container   a"), std::string::npos) << shown.out;
}

TEST_F(Sweep, an_operator_that_is_away_is_an_error_with_what_to_do) {
    server.answer("POST /api/v1/admin/sweep?findings=false", sweep({}, {}, true), 202);
    server.answer("GET /api/v1/admin/sweep?findings=false", sweep({}, {}, true));
    const auto shown = berth({"admin", "sweep", "--timeout", "1"});
    EXPECT_EQ(shown.status, 1);
    EXPECT_NE(shown.err.find("has not been done yet"), std::string::npos) << shown.err;
}

}  // namespace
}  // namespace berth::cli
