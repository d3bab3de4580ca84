// The mirror killed between any two writes, and among faults.

#include "operator/mirror/fixture_test.hpp"

namespace berth::control {
namespace {

using namespace std::chrono_literals;

/// What people do on both sides, one after the other, each once the last is done.
class Story : public MirrorWorld {
  public:
    explicit Story(std::uint64_t = 0) { start(); }

    void run() {
        const std::vector<std::function<void()>> steps{
            [this] { launch("ada", "mine"); },
            [this] { settle_sessions(); },
            [this] { apply_session("thesis", {{"name", "thesis"}}); },
            [this] { settle_sessions(); },
            [this] { apply("templates", "notebook", json::to_json(template_spec()).as_object()); },
            [this] { edit("templates", "notebook", {{"spec", json::object{{"displayName", "N"}}}}); },
            [this] { edit("templates", "shell", {{"spec", json::object{{"displayName", "N"}}}}); },
            [this] { edit_state("mine", "hibernated"); },
            [this] { settle_sessions(); },
            [this] { wake("mine"); },
            [this] { settle_sessions(); },
            [this] { apply("workspaces", "papers", {{"user", "bob"}, {"template", "shell"}}); },
            [this] { remove("sessions", "thesis"); },
            [this] { settle_sessions(); },
            [this] { launch("bob", "his"); },
            [this] { settle_sessions(); },
            [this] { end("his"); },
            [this] { settle_sessions(); },
            [this] { remove("workspaces", "papers"); },
        };
        for (const auto& step : steps) {
            step();
            settle();
        }
    }

    /// Lets time pass; whoever was killed comes back.
    void settle() {
        for (int turns = 0; turns < 6; ++turns) {
            pass(1s);
            if (server.holding() || (crash_after && server.tally.answered >= *crash_after)) {
                crash();
                crash_after.reset();
                start();
            }
        }
        pass(patience);
    }

    /// All that there is, with ids and times left out.
    std::map<std::string, std::string> inventory() {
        std::map<std::string, std::string> found;
        for (const auto& [where, object] : server.objects.all()) {
            if (!imposter::is_custom(where.plural)) continue;
            auto name = imposter::text_at(object, {"spec", "name"});
            if (name.empty()) name = where.name;
            auto key = where.plural + "/" + name;
            while (found.contains(key)) key += "+";
            found[key] = imposter::text_at(object, {"status", "phase"}) + " " +
                         accepted(where.plural.c_str(), where.name) + " " +
                         imposter::text_at(object, {"spec", "state"}) + " " +
                         imposter::text_at(object, {"spec", "displayName"});
        }
        for (const auto& each : sessions())
            found["row " + each.name] =
                json::enum_name(desired(each.asks)) + " " + json::enum_name(each.status.phase);
        for (const auto noun : {Noun::template_, Noun::session, Noun::workspace})
            found["records of " + json::enum_name(noun)] = std::to_string(
                read([&](store::Rows& rows) { return rows.mirrored_after(noun, "", 100).size(); }));
        return found;
    }

    std::optional<int> crash_after;
    Duration patience{0};

  private:
    Session named(const std::string& name) {
        for (const auto& each : sessions())
            if (each.name == name) return each;
        throw std::runtime_error("no session " + name);
    }
    void edit_state(const std::string& name, const char* state) {
        edit("sessions", named(name).host, {{"spec", json::object{{"state", state}}}});
    }
    void wake(const std::string& name) { ask(named(name).id, plan::ask_wake); }
    void end(const std::string& name) { ask(named(name).id, plan::ask_terminate); }
    /// As the loop would.
    void settle_sessions() {
        for (const auto& each : sessions()) {
            const auto state = desired(each.asks);
            const auto phase = state == State::running      ? Phase::running
                               : state == State::hibernated ? Phase::hibernated
                                                            : Phase::gone;
            if (each.status.phase != phase || each.status.incarnation != each.incarnation)
                become(each.id, phase);
        }
    }
};

TEST(MirrorFaults, a_crash_between_any_two_writes_ends_where_no_crash_would_have) {
    Story undisturbed;
    const int before = undisturbed.server.tally.effective;
    undisturbed.run();
    const int writes = undisturbed.server.tally.effective - before;
    const auto expected = undisturbed.inventory();
    EXPECT_EQ(expected.at("row mine"), "running running");
    EXPECT_FALSE(expected.contains("row thesis"));
    EXPECT_EQ(expected.at("records of session"), "1");
    EXPECT_GT(writes, 30);
    undisturbed.expect_rest();
    for (int k = 1; k <= writes; ++k)
        for (const bool heard : {false, true}) {
            SCOPED_TRACE(std::to_string(k) + (heard ? " after" : " before") + " its answer");
            Story story;
            if (heard)
                story.crash_after = story.server.tally.answered + k;
            else
                story.server.hold_at(story.server.tally.effective + k);
            story.run();
            EXPECT_EQ(story.inventory(), expected);
            EXPECT_EQ(story.server.tally.blind_deletions, 0);
            ASSERT_FALSE(testing::Test::HasFailure());
        }
    std::printf("%d writes, a crash at each\n", writes);
}

TEST(MirrorFaults, whatever_goes_wrong_between_it_and_the_cluster_ends_the_same) {
    Story undisturbed;
    undisturbed.run();
    const auto expected = undisturbed.inventory();
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const auto maybe = [&](double most) {
            return random() % 3 == 0 ? most * static_cast<double>(random() % 1000) / 1000.0 : 0.0;
        };
        Story story;
        story.patience = 3min;
        story.server.faults = {.refused = maybe(0.2),
                               .throttled = maybe(0.2),
                               .conflicted = maybe(0.2),
                               .reset = maybe(0.2),
                               .lost = maybe(0.2),
                               .torn = maybe(0.1),
                               .late = maybe(0.2),
                               .watch_cut = maybe(0.1),
                               .watch_silent = maybe(0.2),
                               .forgotten = maybe(0.3),
                               .event_late = maybe(0.3),
                               .event_twice = maybe(0.3),
                               .event_swapped = maybe(0.3)};
        story.run();
        story.server.faults = {};
        story.pass(10min);
        EXPECT_EQ(story.inventory(), expected);
        EXPECT_EQ(story.server.tally.blind_deletions, 0);
        story.expect_rest();
        ASSERT_FALSE(testing::Test::HasFailure());
    }
}

}  // namespace
}  // namespace berth::control
