#include "plan/inquiry.hpp"

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

using namespace std::chrono_literals;

const Time noon = parse_time("2026-03-01T12:00:00Z");

Answer said(const std::string& value) {
    return read_answer(200, R"({"a": {"last": )" + value + "}}", "/a/last", noon);
}
Answer used(Time at) {
    return {.used_at = at};
}
Answer unknown(std::string why) {
    return {.unknown = std::move(why)};
}

TEST(Answer, is_a_time_in_any_of_the_usual_ways) {
    EXPECT_EQ(said(R"("2026-03-01T11:59:00Z")"), used(noon - 1min));
    EXPECT_EQ(said(R"("2026-03-01T11:59:00.123456Z")"), used(noon - 1min + 123ms));
    EXPECT_EQ(said(R"("2026-03-01T12:59:00+01:00")"), used(noon - 1min));
    EXPECT_EQ(said(R"("2026-03-01T06:29:00-05:30")"), used(noon - 1min));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>((noon - 1min).time_since_epoch());
    EXPECT_EQ(said(std::to_string(seconds.count())), used(noon - 1min));
    EXPECT_EQ(said(std::to_string(seconds.count()) + ".5"), used(noon - 1min + 500ms));
    EXPECT_EQ(said(std::to_string(seconds.count() * 1000)), used(noon - 1min));
    EXPECT_EQ(said("0"), used(Time{})) << "a counter that nobody has set";
}

TEST(Answer, may_be_about_the_moment_only) {
    EXPECT_EQ(said("true"), (Answer{.used_at = noon, .momentary = true}));
    EXPECT_EQ(said("false"), (Answer{.momentary = true}));
    EXPECT_EQ(read_answer(200, "true", "", noon), (Answer{.used_at = noon, .momentary = true}));
}

TEST(Answer, that_lies_about_the_time_is_taken_as_now_and_told_of) {
    const auto answer = said(R"("2099-01-01T00:00:00Z")");
    EXPECT_EQ(answer.used_at, noon);
    EXPECT_EQ(answer.odd, "/a/last is 2099-01-01T00:00:00.000Z, a time to come: taken as now");
    EXPECT_EQ(said(R"("2026-03-01T12:00:05Z")"), used(noon)) << "clocks differ a little";
}

TEST(Answer, of_another_form_says_nothing) {
    EXPECT_EQ(read_answer(500, "{}", "", noon), unknown("HTTP 500"));
    EXPECT_EQ(read_answer(404, "{}", "", noon), unknown("HTTP 404"));
    EXPECT_EQ(read_answer(101, "", "", noon), unknown("HTTP 101"));
    EXPECT_EQ(read_answer(302, "true", "", noon), unknown("HTTP 302, and redirects are not followed"));
    EXPECT_EQ(read_answer(200, "<html>", "", noon), unknown("the answer is not JSON"));
    EXPECT_EQ(read_answer(204, "", "", noon), unknown("the answer is not JSON"));
    EXPECT_EQ(read_answer(200, "{}", "/a/last", noon), unknown("there is nothing at /a/last"));
    EXPECT_EQ(read_answer(200, "[]", "/a/last", noon), unknown("there is nothing at /a/last"));
    for (const auto* value : {"null", "{}", "[1]"})
        EXPECT_EQ(said(value), unknown("/a/last is neither a time nor a boolean")) << value;
    for (const auto* value :
         {R"("yesterday")", R"("")", "-1", "1e300", R"("2026-03-01T11:59:00")", R"("2026-02-30T11:59:00Z")"})
        EXPECT_EQ(said(value), unknown("/a/last is not a time")) << value;
    EXPECT_EQ(read_answer(200, std::string(100'000, '['), "", noon), unknown("the answer is not JSON"));
}

TEST(Asking, comes_when_it_matters_and_often_while_a_stop_is_near) {
    NextStop next{.at = noon + 35min, .warn_at = noon + 25min};
    EXPECT_EQ(ask_at(next, 30min, {.tried_at = noon, .momentary = false}), noon + 25min);
    EXPECT_EQ(ask_at(next, 30min, {.tried_at = noon + 26min, .momentary = false}), noon + 27min)
        << "it did not answer";
    EXPECT_EQ(ask_at(next, 30min, {.tried_at = noon, .momentary = true}), noon + 1min);
    EXPECT_EQ(ask_at(next, 1min, {.tried_at = noon, .momentary = true}), noon + 3s);
    EXPECT_EQ(ask_at(next, 10s, {.tried_at = noon, .momentary = true}), noon + 1s);
    next.warned = true;
    EXPECT_EQ(ask_at(next, 30min, {.tried_at = noon + 25min, .momentary = false}), noon + 25min + 15s);
}

TEST(Asking, is_done_of_each_probe_and_of_the_processor) {
    TemplateSpec spec;
    EXPECT_TRUE(inquiry_of(spec).empty());
    spec.components = {{.name = "lab", .image = "x", .ports = {{.name = "http", .port = 8888}}}};
    const ActivityProbe probe{.path = "/api/status", .json_pointer = "/last_activity"};
    spec.access = {
        {.name = "lab", .component = "lab", .port = "http", .activity = ActivityRule{.probe = probe}},
        {.name = "docs", .component = "lab", .port = "http", .activity = ActivityRule{.ignore = {"/x"}}}};
    spec.lifecycle.cpu_floor = MilliCpu{100};
    EXPECT_EQ(inquiry_of(spec),
              (Inquiry{.probes = {{"lab", "lab", 8888, probe}}, .cpu_floor = MilliCpu{100}}));
}

TEST(Asking, holds_a_session_that_does_not_answer_for_as_long_as_it_may_be_idle) {
    EXPECT_EQ(patience(1h), 1h);
    EXPECT_EQ(patience(10s), 5min);
    EXPECT_EQ(patience(std::chrono::days(30)), std::chrono::days(1));
}

}  // namespace
}  // namespace berth::plan
