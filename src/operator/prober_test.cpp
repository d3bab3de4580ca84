#include "operator/prober.hpp"

#include <boost/asio/co_spawn.hpp>

#include "base/log.hpp"
#include "engine/sim/sim.hpp"
#include "operator/virtual_time_test.hpp"
#include "plan/uncounted.hpp"

namespace berth::control {
namespace {

using namespace std::chrono_literals;

std::string http(const std::string& status, const std::string& body, const std::string& more = {}) {
    return "HTTP/1.1 " + status + "\r\n" + more + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

/// A session that is asked, and may be idle for ten minutes.
class Probing : public VirtualTime {
  protected:
    Probing() {
        log::configure(log::Level::off, log::Format::text);
        spec.components = {{.name = "main", .image = "x", .ports = {{.name = "http", .port = 80}}}};
        spec.access = {{.name = "lab",
                        .component = "main",
                        .port = "http",
                        .activity = ActivityRule{.probe = ActivityProbe{"/status", "/last"}}}};
        spec.lifecycle.hibernate_after = 10min;
        facts.session = {
            .id = {"ses_1"}, .user = {"usr_1"}, .name = "lab", .host = "lab-1", .template_ = "t"};
        auto& session = facts.session;
        session.asks.wake = session.asked_at = session.created_at = clock.now();
        session.status.phase = Phase::running;
        session.status.incarnation = session.incarnation;
        put([&](store::Tx& tx) {
            tx.insert_user({.id = {"usr_1"}, .name = "ada", .created_at = clock.now()});
            tx.insert_revision(
                {.name = "t", .spec = spec, .created_at = clock.now(), .updated_at = clock.now()});
            tx.insert_session(session);
        });
        engine.application = [this](const WorkloadId&) {
            ++asked;
            return answer;
        };
    }
    ~Probing() override {
        asio::co_spawn(io, prober.stop(), [](std::exception_ptr) {});
        settle();
    }

    void put(std::function<void(store::Tx&)> work) {
        asio::co_spawn(io, store->write(std::move(work)), [](std::exception_ptr failure) {
            if (failure) std::rethrow_exception(failure);
        });
        settle();
    }
    Session row() {
        Session found;
        put([&](store::Tx& tx) { found = tx.get_session(Caller::system(), {"ses_1"}); });
        return found;
    }
    void look_once() {
        facts.session = row();
        facts.revision.spec = spec;
        facts.stay = plan::stay_rules(spec.lifecycle, {}, {});
        facts.known = {.until = clock.now()};
        prober.look(facts, engine);
        settle();
    }
    /// As the loop does: again when there is news.
    plan::Knowledge look() {
        const auto begun = moved;
        look_once();
        for (int second = 0; second < 10 && facts.known.until < clock.now() && moved == begun; ++second)
            pass(1s);
        look_once();
        return facts.known;
    }
    /// Whether what the application says is known at the time it matters.
    bool knows(const std::string& says) {
        answer = says;
        pass(10min);
        const auto due = clock.now();
        return look().until >= due;
    }
    std::string why() {
        const auto book = row().stay.uncounted;
        const auto* silent = plan::find_no_answer(book);
        return silent == nullptr ? "" : silent->why;
    }
    std::string at(Time when) { return http("200 OK", "{\"last\": \"" + to_string(when) + "\"}"); }

    TemplateSpec spec;
    plan::Facts facts;
    std::string answer;
    int asked = 0, moved = 0;
    std::unique_ptr<store::Store> store = store::open({}, clock);
    engine::SimEngine engine{clock, io.get_executor(), {}, 1};
    Prober prober{clock, io.get_executor(),
                  [this](std::function<void(store::Tx&)> work) { return store->write(std::move(work)); },
                  [this](const SessionId&) { ++moved; }};
};

TEST_F(Probing, is_done_when_it_matters_and_what_is_said_is_use) {
    answer = at(clock.now());
    pass(1min);
    look();
    EXPECT_EQ(asked, 1) << "what kind of answer it gives is not known";
    pass(1min);
    look();
    EXPECT_EQ(asked, 1) << "a warning is far";
    pass(7min);
    const auto used = clock.now() - 90s;
    answer = at(used);
    pass(1min);
    look();
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(moved, 2);
    EXPECT_EQ(row().last_active_at, used);
    EXPECT_EQ(row().last_active_source, "probe");
    EXPECT_EQ(why(), "");
}

TEST_F(Probing, of_an_idle_application_ends_what_is_unknown) {
    const auto began = clock.now();
    EXPECT_TRUE(knows(at(began)));
    EXPECT_EQ(asked, 1);
}

TEST_F(Probing, that_finds_nothing_out_leaves_use_unknown_and_says_why) {
    EXPECT_FALSE(knows(http("500 Oops", "")));
    EXPECT_EQ(why(), "HTTP 500");
    EXPECT_TRUE(knows(at(clock.now() - 1h)));
    EXPECT_EQ(why(), "") << "it has answered since";
}

TEST_F(Probing, follows_no_redirect) {
    EXPECT_FALSE(knows(http("302 Found", "{}", "Location: /login\r\n")));
    EXPECT_EQ(why(), "HTTP 302, and redirects are not followed");
}

TEST_F(Probing, understands_no_other_format) {
    EXPECT_FALSE(knows(http("200 OK", "<html>")));
    EXPECT_EQ(why(), "the answer is not JSON");
}

TEST_F(Probing, reads_no_more_than_it_needs) {
    EXPECT_FALSE(knows(http("200 OK", "[\"" + std::string(plan::answer_max, 'x') + "\"]")));
    EXPECT_EQ(why(), "an answer is larger than 65536 bytes");
}

TEST_F(Probing, of_what_is_no_HTTP_is_no_answer) {
    EXPECT_FALSE(knows("SSH-2.0-OpenSSH\r\n\r\n"));
    EXPECT_TRUE(why().starts_with("no HTTP answer")) << why();
}

TEST_F(Probing, does_not_wait_for_ever) {
    EXPECT_FALSE(knows(""));
    EXPECT_EQ(why(), "GET /status: no answer within 5s");
}

TEST_F(Probing, that_is_lied_to_about_the_time_counts_it_as_now_and_says_so) {
    pass(10min);
    answer = http("200 OK", R"({"last": "2999-01-01T00:00:00Z"})");
    look();
    const auto session = row();
    EXPECT_EQ(session.last_active_at, clock.now());
    ASSERT_EQ(session.stay.uncounted.size(), 1u);
    EXPECT_TRUE(session.stay.uncounted[0].why.ends_with("a time to come: taken as now"));
    EXPECT_EQ(why(), "") << "it did answer";
}

TEST_F(Probing, that_stays_without_an_answer_falls_back_on_what_goes_through) {
    EXPECT_FALSE(knows(http("500 Oops", "")));
    const auto passed = clock.now() + 5min;
    put([&](store::Tx& tx) {
        auto session = tx.get_session(Caller::system(), {"ses_1"});
        auto seen = plan::passed_by("lab");
        seen.last_at = passed;
        plan::add_uncounted(session.stay.uncounted, seen);
        tx.update_session(session);
    });
    EXPECT_TRUE(knows(http("500 Oops", ""))) << "its patience is over";
    EXPECT_EQ(row().last_active_at, passed + 1min);
    EXPECT_EQ(row().last_active_source, "request");
    EXPECT_EQ(why(), "HTTP 500");
}

TEST_F(Probing, of_the_processor_goes_on_all_the_time) {
    spec.access[0].activity.reset();
    spec.lifecycle.cpu_floor = MilliCpu{100};
    MilliCpu used{500};
    engine.processor = [&](const WorkloadId&) { return used; };
    for (int minute = 0; minute < 30; ++minute) {
        pass(1min);
        const auto now = clock.now();
        const auto known = look();
        EXPECT_GE(row().last_active_at.value_or(Time{}), now - 1min) << minute;
        if (minute > 0) EXPECT_GE(known.until, now - 1min) << minute;
    }
    EXPECT_EQ(row().last_active_source, "cpu");
    used = MilliCpu{100};
    const auto last = *row().last_active_at;
    for (int minute = 0; minute < 30; ++minute) {
        pass(1min);
        look();
    }
    EXPECT_EQ(*row().last_active_at, last) << "the floor itself is not above it";
}

TEST_F(Probing, of_the_processor_knows_nothing_by_its_first_look) {
    spec.access[0].activity.reset();
    spec.lifecycle.cpu_floor = MilliCpu{100};
    pass(10min);
    EXPECT_LT(look().until, clock.now());
    pass(1min);
    const auto now = clock.now();
    EXPECT_GE(look().until, now);
}

TEST_F(Probing, leaves_alone_what_has_no_limit_or_does_not_run) {
    spec.lifecycle.hibernate_after.reset();
    EXPECT_TRUE(knows(http("500 Oops", "")));
    spec.lifecycle.hibernate_after = 10min;
    put([&](store::Tx& tx) {
        auto session = tx.get_session(Caller::system(), {"ses_1"});
        session.status.phase = Phase::hibernated;
        tx.update_session(session);
    });
    EXPECT_TRUE(knows(http("500 Oops", "")));
    EXPECT_EQ(asked, 0);
    EXPECT_EQ(prober.look_at(facts, facts.session.status), std::nullopt);
}

}  // namespace
}  // namespace berth::control
