#include "cli/steps.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

SessionView pulling() {
    SessionView session;
    session.name = "lab";
    session.status.phase = "starting";
    session.status.incarnation = 1;
    session.status.steps = {{"admitted", "done", 0.0, {}},
                            {"scheduled", "done", 0.04, {}},
                            {"pulled", "active", {}, "Copying blob 3 of 7"},
                            {"started", "waiting", {}, {}},
                            {"ready", "waiting", {}, {}},
                            {"routed", "waiting", {}, {}}};
    return session;
}

SessionView routed() {
    auto session = pulling();
    session.status.phase = "running";
    const double seconds[] = {0, 0.04, 83, 83.4, 84.9, 85};
    for (std::size_t i = 0; i < 6; ++i)
        session.status.steps[i] = {session.status.steps[i].name, "done", seconds[i], {}};
    return session;
}

TEST(Steps, are_one_line_of_what_is_done) {
    EXPECT_EQ(steps_line(pulling().status.steps), "admitted 0.0s · scheduled 0.0s");
    EXPECT_EQ(steps_line(routed().status.steps),
              "admitted 0.0s · scheduled 0.0s · pulled 1 m 23 s · started 1 m 23 s · ready 1 m 25 s · routed "
              "1 m 25 s");
    EXPECT_EQ(steps_line({}), "");
}

TEST(StepReport, redraws_one_line_on_a_terminal_with_the_words_of_the_engine) {
    StepReport report("lab", StepReport::Kind::start, StepReport::Mode::live, 100);
    EXPECT_EQ(report.show(pulling(), 12.3),
              "\r\x1b[Klab   admitted 0.0s · scheduled 0.0s · pulling 12s: Copying blob 3 of 7");
    EXPECT_EQ(report.finish(routed()), "\r\x1b[Klab   " + steps_line(routed().status.steps) + "\n");
}

TEST(StepReport, drops_what_is_over_and_cuts_before_a_line_would_wrap) {
    StepReport narrow("lab", StepReport::Kind::start, StepReport::Mode::live, 50);
    EXPECT_EQ(narrow.show(pulling(), 12.3), "\r\x1b[Klab   pulling 12s: Copying blob 3 of 7");
    StepReport tiny("lab", StepReport::Kind::start, StepReport::Mode::live, 24);
    EXPECT_EQ(tiny.show(pulling(), 12.3), "\r\x1b[Klab   pulling 12s: Cop…");
}

TEST(StepReport, writes_each_finished_step_once_into_a_pipe) {
    StepReport report("lab", StepReport::Kind::start, StepReport::Mode::lines, 80);
    EXPECT_EQ(report.show(pulling(), 1), "lab   admitted 0.0s\nlab   scheduled 0.0s\n");
    EXPECT_EQ(report.show(pulling(), 2), "");
    EXPECT_EQ(report.finish(routed()),
              "lab   pulled 1 m 23 s\nlab   started 1 m 23 s\nlab   ready 1 m 25 s\nlab   routed 1 m 25 s\n");
}

TEST(StepReport, starts_over_with_a_new_incarnation) {
    StepReport report("lab", StepReport::Kind::start, StepReport::Mode::lines, 80);
    report.show(routed(), 1);
    auto again = pulling();
    again.status.incarnation = 2;
    EXPECT_EQ(report.show(again, 2), "lab   admitted 0.0s\nlab   scheduled 0.0s\n");
}

TEST(StepReport, says_the_phase_of_a_session_that_stops) {
    StepReport report("lab", StepReport::Kind::stop, StepReport::Mode::live, 80);
    auto session = routed();
    session.status.phase = "stopping";
    EXPECT_EQ(report.show(session, 2), "\r\x1b[Klab   stopping 2.0s");
    EXPECT_EQ(report.finish(session), "\r\x1b[K");
    StepReport lines("lab", StepReport::Kind::stop, StepReport::Mode::lines, 80);
    EXPECT_EQ(lines.show(session, 2) + lines.finish(session), "");
}

TEST(Label, is_as_wide_as_open_or_as_the_name_beside_it) {
    EXPECT_EQ(label("lab"), "lab   ");
    EXPECT_EQ(label("open"), "open  ");
    EXPECT_EQ(label("open", "notebook"), "open      ");
    EXPECT_EQ(label("実験"), "実験  ");
}

}  // namespace
}  // namespace berth::cli
