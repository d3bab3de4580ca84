#include <gtest/gtest.h>

#include "plan/uncounted.hpp"
#include "world.hpp"

/// Hours of one kind of use alone, also while the clock is set: what is used is never warned, and what is not
/// stops when it should by the time that passed.
namespace berth::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration idle_limit = 20min, notice = 5min, grace = 2min;

TemplateSpec watched_spec() {
    auto spec = spec_of(1);
    spec.lifecycle.hibernate_after = idle_limit;
    spec.lifecycle.warn_before = notice;
    spec.lifecycle.grace = grace;
    return spec;
}

TemplateSpec probed_spec() {
    auto spec = watched_spec();
    spec.components[0].ports = {{.name = "http", .port = 80}};
    spec.access = {{.name = "lab",
                    .component = "c0",
                    .port = "http",
                    .activity = ActivityRule{.probe = ActivityProbe{"/status", "/last"}}}};
    return spec;
}

TemplateSpec floor_spec() {
    auto spec = watched_spec();
    spec.lifecycle.cpu_floor = MilliCpu{100};
    return spec;
}

TemplateSpec short_lived_spec() {
    auto spec = spec_of(1);
    spec.lifecycle.max_lifetime = 3h;
    spec.lifecycle.warn_before = notice;
    spec.lifecycle.grace = grace;
    return spec;
}

/// A way of using a session, and the template that sees it.
struct Source {
    const char* name;
    const char* template_;
    std::function<void(class Room&)> use;
};

/// One session of ada's, and what it and its application do.
class Room {
  public:
    explicit Room(const std::string& template_)
        : world(7, {}, {watched_spec(), probed_spec(), floor_spec(), short_lived_spec()}) {
        world.engine.application = [this](const WorkloadId&) {
            return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(says.size()) + "\r\n\r\n" + says;
        };
        world.engine.processor = [this](const WorkloadId&) { return processor; };
        world.ask("ada", "POST", "/api/v1/sessions",
                  R"({"template": ")" + template_ + R"(", "name": "room"})");
        world.pass(30s);
    }

    Session session() { return world.sessions().at(0); }
    bool runs() { return session().status.phase == Phase::running; }
    int warnings() {
        int count = 0;
        for (const auto& event : world.events()) count += event.kind == "session.warned" ? 1 : 0;
        return count;
    }
    /// The time until it stops by itself; more than `most` when it does not.
    Duration until_it_stops(Duration most) {
        Duration passed{};
        while (runs() && passed <= most) {
            world.pass(10s);
            passed += 10s;
        }
        return passed;
    }
    void call(const std::string& path, const std::string& body) {
        world.ask("ada", "POST", "/api/v1/sessions/room/" + path, body);
    }

    SimWorld world;
    std::string says = R"({"last": 0})";
    MilliCpu processor{0};
};

const std::vector<Source>& sources() {
    static const std::vector<Source> all{
        {"request", "t1", [](Room& room) { room.world.use(room.session().id, "request"); }},
        {"websocket", "t1", [](Room& room) { room.world.use(room.session().id, "websocket"); }},
        {"terminal", "t1", [](Room& room) { room.world.use(room.session().id, "terminal"); }},
        {"vnc", "t1", [](Room& room) { room.world.use(room.session().id, "vnc"); }},
        {"extend", "t1", [](Room& room) { room.call("extend", "{}"); }},
        {"lease", "t1", [](Room& room) { room.call("activity", R"({"ttl": "1m", "what": "training"})"); }},
        {"probe", "t2",
         [](Room& room) { room.says = R"({"last": ")" + to_string(room.world.wall.now()) + "\"}"; }},
        {"probe of the moment", "t2",
         [](Room& room) {
             room.says = R"({"last": true})";
             room.world.pass(2min);
             room.says = R"({"last": false})";
         }},
        {"cpu", "t3", [](Room& room) {
             room.processor = MilliCpu{800};
             room.world.pass(2min);
             room.processor = MilliCpu{50};
         }}};
    return all;
}

/// What is used every ten minutes, for hours, and then no more; meanwhile the clock is set by `set`.
void spend_a_day(const Source& source, Duration set) {
    SCOPED_TRACE(std::string(source.name) + ", and the clock is set by " + std::to_string(set.count()));
    Room room(source.template_);
    if (source.name == std::string_view("probe of the moment")) room.says = R"({"last": false})";
    ASSERT_TRUE(room.runs());
    for (int turn = 0; turn < 36; ++turn) {
        room.world.pass(10min);
        if (turn == 12) {
            room.world.wall.set(set);
            room.world.pass(30s);  // Seconds later that is seen.
        }
        source.use(room);
        room.world.pass(Duration(1000 * turn));
        ASSERT_TRUE(room.runs()) << "it was used all the time, and stopped after turn " << turn;
        ASSERT_EQ(room.warnings(), 0)
            << turn << ", last used " << to_string(*room.session().last_active_at) << " by "
            << room.session().last_active_source << ", now " << to_string(room.world.wall.now());
    }
    if (set != Duration(0)) room.world.wall.set(-set / 2);
    const auto passed = room.until_it_stops(4h);
    EXPECT_GE(passed, idle_limit + grace - 12min) << "it was used a little earlier";
    // A lease is not cut short by a clock that is set back, and what an application says in times of the old
    // clock is to come in those of the new one.
    const bool dated = source.name == std::string_view("lease") || source.name == std::string_view("probe");
    const auto longer = dated ? std::max(set / 2, Duration(0)) : Duration(0);
    EXPECT_LE(passed, idle_limit + grace + notice + 2min + longer);
    EXPECT_EQ(room.warnings(), 1);
    EXPECT_EQ(room.session().stay.stopped_by, StopReason::idle);
}

TEST(Activity, of_each_kind_alone_keeps_a_session_up_for_hours) {
    for (const auto& source : sources()) spend_a_day(source, Duration(0));
}

TEST(Activity, counts_whatever_the_clock_is_set_to) {
    for (const auto& source : sources())
        for (const Duration set : {Duration(1h), Duration(-1h)}) spend_a_day(source, set);
}

TEST(Lifetime, ends_by_the_time_that_passed_whatever_the_clock_is_set_to) {
    for (const Duration set : {Duration(0), Duration(1h), Duration(-1h)}) {
        SCOPED_TRACE(set.count());
        Room room("t4");
        for (int turn = 0; turn < 8; ++turn) {
            room.world.pass(15min);
            room.world.use(room.session().id);
            if (turn == 3) room.world.wall.set(set);
        }
        const auto passed = room.until_it_stops(5h);
        EXPECT_GE(passed, 1h + grace - 1min);
        EXPECT_LE(passed, 1h + grace + 1min);
    }
}

TEST(Activity, that_no_probe_tells_of_holds_a_session_and_then_ends) {
    Room room("t2");
    room.says = "<html>";
    const auto passed = room.until_it_stops(4h);
    EXPECT_GE(passed, 2 * idle_limit) << "unknown is not idle";
    EXPECT_LE(passed, 2 * idle_limit + 15min) << "but not for ever";
    const auto session = room.session();
    ASSERT_NE(plan::find_no_answer(session.stay.uncounted), nullptr);
    EXPECT_EQ(plan::find_no_answer(session.stay.uncounted)->why, "the answer is not JSON");
}

}  // namespace
}  // namespace berth::sim
