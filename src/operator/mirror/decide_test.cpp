#include "operator/mirror/decide.hpp"

#include <gtest/gtest.h>

namespace berth::control::mirror {
namespace {

/// A session that runs, its resource as it should be, and what is written down of them; each test changes
/// something.
class Decide : public testing::Test {
  protected:
    Decide() {
        face.row = "ses_1";
        face.name = "thesis-x";
        face.user = "ada";
        face.state = State::running;
        face.spec = {{"user", "ada"}, {"template", "shell"}};
        face.status = {{"phase", "running"}};
        seen.name = face.name;
        seen.uid = record.uid = "u-1";
        seen.user = "ada";
        seen.row = face.row;
        seen.generation = seen.noted = 1;
        seen.spec = spec_hash(Noun::session, face.spec);
        seen.ours = seen.held = true;
        record.row = face.row;
        settle();
    }

    void settle() { seen.status = status_hash(Noun::session, status_of(&face, seen.generation, refused())); }
    const Refusal* refused() const { return refusal.generation == 0 ? nullptr : &refusal; }
    Step decided() const {
        return decide({.face = has_face ? &face : nullptr,
                       .record = has_record ? &record : nullptr,
                       .seen = has_seen ? &seen : nullptr,
                       .taken = taken,
                       .refusal = refused()});
    }
    /// Somebody edits the spec.
    void edit() {
        ++seen.generation;
        seen.spec = 7;
    }

    Face face;
    Seen seen;
    Mirrored record;
    Refusal refusal;
    bool has_face = true, has_record = true, has_seen = true, taken = false;
};

TEST_F(Decide, what_is_settled_is_left_alone) {
    EXPECT_EQ(decided(), Step::nothing);
    face.status["lastActivity"] = {{"at", "2026-03-01T09:00:00.000Z"}, {"source", "web"}};
    EXPECT_EQ(decided(), Step::nothing) << "activity alone is not worth a write";
    face.since = Time(Duration(1));
    EXPECT_EQ(decided(), Step::nothing);
    face.status["phase"] = "failed";
    EXPECT_EQ(decided(), Step::write_status);
}

TEST_F(Decide, what_is_missing_is_made_while_the_row_lives) {
    has_seen = false;
    EXPECT_EQ(decided(), Step::create) << "it vanished";
    taken = true;
    EXPECT_EQ(decided(), Step::nothing) << "it waits for what is there to go";
    taken = false;
    has_record = false;
    EXPECT_EQ(decided(), Step::create);
    face.ended = true;
    EXPECT_EQ(decided(), Step::nothing);
    has_record = true;
    EXPECT_EQ(decided(), Step::forget);
    has_face = false;
    EXPECT_EQ(decided(), Step::forget);
}

TEST_F(Decide, an_edit_of_a_mirror_is_reverted_and_an_ask_in_it_is_heard_first) {
    edit();
    EXPECT_EQ(decided(), Step::write_spec);
    seen.state = State::hibernated;
    EXPECT_EQ(decided(), Step::ask);
    record.generation = seen.generation;
    EXPECT_EQ(decided(), Step::write_spec) << "the ask was taken";
}

TEST_F(Decide, an_ask_for_what_is_so_counts_as_heard) {
    ++seen.generation;
    seen.state = State::running;
    EXPECT_EQ(decided(), Step::ask);
    record.generation = seen.generation;
    settle();
    EXPECT_EQ(decided(), Step::nothing);
    face.state = State::hibernated;
    EXPECT_EQ(decided(), Step::write_state) << "the API asked since";
}

TEST_F(Decide, our_own_write_is_no_ask_though_nobody_wrote_it_down) {
    seen.state = State::hibernated;
    seen.generation = seen.noted = 5;
    settle();
    EXPECT_EQ(decided(), Step::write_state) << "the row has moved on meanwhile";
}

TEST_F(Decide, what_kubectl_owns_is_taken_over_and_its_spec_never_written) {
    record.origin = Origin::kubectl;
    seen.row.clear();
    seen.noted = 0;
    record.generation = 1;
    EXPECT_EQ(decided(), Step::nothing);
    seen.spec = 7;
    EXPECT_EQ(decided(), Step::nothing) << "the row may say it in other words";
    edit();
    EXPECT_EQ(decided(), Step::take);
    refusal = {.generation = seen.generation, .reason = "NameTaken"};
    EXPECT_EQ(decided(), Step::write_status) << "which says why not";
    settle();
    EXPECT_EQ(decided(), Step::nothing) << "it waits";
    edit();
    EXPECT_EQ(decided(), Step::take) << "another edit is judged anew";
}

TEST_F(Decide, kubectls_new_one_is_marked_before_it_is_taken_over) {
    has_face = has_record = false;
    seen = {.name = "thesis", .uid = "u-2", .generation = 1, .user = "ada"};
    EXPECT_EQ(decided(), Step::claim);
    seen.held = seen.ours = true;
    EXPECT_EQ(decided(), Step::take);
    seen.ours = false;
    seen.foreign = true;
    EXPECT_EQ(decided(), Step::nothing) << "it is another Berth's";
}

TEST_F(Decide, only_a_deletion_ends_a_row) {
    seen.deleting = true;
    EXPECT_EQ(decided(), Step::end_row);
    refusal = {.generation = seen.generation, .reason = "WorkspaceInUse"};
    EXPECT_EQ(decided(), Step::write_status) << "which says why it does not end";
    settle();
    EXPECT_EQ(decided(), Step::nothing);
    refusal = {};
    settle();
    face.ending = true;
    EXPECT_EQ(decided(), Step::nothing) << "it ends in its own time";
    face.ended = true;
    EXPECT_EQ(decided(), Step::release);
    seen.held = false;
    EXPECT_EQ(decided(), Step::nothing) << "somebody else holds it";
}

TEST_F(Decide, the_end_of_a_row_is_that_of_its_resource) {
    face.ended = true;
    EXPECT_EQ(decided(), Step::remove);
    has_face = false;
    EXPECT_EQ(decided(), Step::remove);
}

TEST_F(Decide, what_a_crash_left_unwritten_is_written_down) {
    has_record = false;
    EXPECT_EQ(decided(), Step::link);
    has_record = true;
    record.uid = "u-0";
    EXPECT_EQ(decided(), Step::link) << "what was written down is of one that has vanished";
}

TEST_F(Decide, what_kubectl_made_is_made_again_as_it_was_called_and_stays_its) {
    record.origin = Origin::kubectl;
    record.name = "thesis";
    record.uid = "u-0";
    EXPECT_EQ(name_of(face, &record), "thesis");
    EXPECT_EQ(decided(), Step::report) << "that is not its name";
    seen.name = "thesis";
    EXPECT_EQ(decided(), Step::link);
}

TEST_F(Decide, a_condition_holds_since_it_became_so) {
    const Time long_ago{Duration(1)}, now{Duration(9)};
    seen.conditions = {{"Accepted", crds::Truth::False, long_ago}, {"Ready", crds::Truth::True, long_ago}};
    face.status["conditions"] = json::array{{{"type", "Ready"}, {"status", "True"}}};
    auto status = status_of(&face, 4, nullptr);
    keep_times(status, seen, now);
    const auto conditions = json::from_json<std::vector<crds::Condition>>(status.at("conditions"));
    EXPECT_EQ(conditions.at(0).last_transition_time, now) << "the refusal has ended";
    EXPECT_EQ(conditions.at(1).last_transition_time, long_ago);
    for (const auto& each : conditions) EXPECT_EQ(each.observed_generation, 4);
}

TEST_F(Decide, what_was_made_for_a_row_that_ended_meanwhile_goes) {
    has_record = false;
    face.ended = true;
    EXPECT_EQ(decided(), Step::remove) << "the answer to its creation came late, or never";
    seen.name = "copy";
    EXPECT_EQ(decided(), Step::report);
}

TEST_F(Decide, what_only_says_that_it_is_ours_is_reported) {
    has_record = false;
    const auto genuine = seen;
    for (const auto change : std::initializer_list<void (*)(Seen&)>{
             [](Seen& copy) { copy.name = "copy"; }, [](Seen& copy) { copy.user = "bob"; },
             [](Seen& copy) { copy.row = "ses_2"; }, [](Seen& copy) { copy.ours = false; }}) {
        seen = genuine;
        change(seen);
        EXPECT_EQ(decided(), Step::report);
    }
    seen = genuine;
    has_face = false;
    EXPECT_EQ(decided(), Step::report);
    seen.deleting = true;
    EXPECT_EQ(decided(), Step::release) << "and let go";
}

TEST_F(Decide, a_mark_that_somebody_took_away_is_put_back) {
    seen.held = false;
    EXPECT_EQ(decided(), Step::claim);
    seen.held = true;
    seen.ours = false;
    seen.foreign = true;
    EXPECT_EQ(decided(), Step::claim);
}

TEST(Seen, tells_apart_only_what_matters) {
    const auto object = json::parse(R"({
        "metadata": {"name": "a", "uid": "u", "resourceVersion": "5", "generation": 3,
                     "annotations": {"berth.dev/row": "ses_1", "berth.dev/generation": "2"},
                     "labels": {"berth.dev/instance": "5eed"}, "finalizers": ["berth.dev/mirror", "x/y"]},
        "spec": {"user": "ada", "template": "shell", "state": "hibernated"},
        "status": {"phase": "running", "timings": {"admitted": 0, "ready": 1.5}, "conditions": [
            {"type": "Accepted", "status": "True", "lastTransitionTime": "2026-03-01T09:00:00Z",
             "reason": "Accepted", "message": ""}]}})");
    const auto seen = read_seen(Noun::session, object, "5eed");
    EXPECT_EQ(seen.noted, 2);
    EXPECT_EQ(seen.state, State::hibernated);
    EXPECT_TRUE(seen.ours && seen.held && !seen.foreign && !seen.deleting);
    EXPECT_EQ(seen.spec, spec_hash(Noun::session, json::parse(R"({"template": "shell", "user": "ada"})")));
    EXPECT_TRUE(read_seen(Noun::session, object, "f00d").foreign);
    auto later = object;
    later.at("status").at("conditions").at(0).at("lastTransitionTime") = "2027-01-01T00:00:00Z";
    later.at("status").at("timings").at("admitted") = 0.0;
    EXPECT_EQ(read_seen(Noun::session, later, "5eed").status, seen.status);
    later.at("status").at("timings").at("ready") = 1.6;
    EXPECT_NE(read_seen(Noun::session, later, "5eed").status, seen.status);
    later.at("metadata").at("annotations").at("berth.dev/row") = std::string(100'000, 'x');
    EXPECT_EQ(read_seen(Noun::session, later, "5eed").row.size(), 253u) << "one is kept of each object";
    later.at("metadata").at("annotations").at("berth.dev/generation") = "99";
    EXPECT_EQ(read_seen(Noun::session, later, "5eed").noted, 0) << "of the future";
    const json::value broken = json::object{{"metadata", "x"}, {"spec", 7}, {"status", json::array()}};
    EXPECT_EQ(read_seen(Noun::template_, broken, "5eed").uid, "");
}

}  // namespace
}  // namespace berth::control::mirror
