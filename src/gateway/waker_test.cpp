#include "gateway/waker.hpp"

#include <gtest/gtest.h>

#include "gateway/test_world.hpp"

namespace berth::gateway {
namespace {

using test::eventually;
using test::Listener;
using test::World;

const std::string navigate = "Sec-Fetch-Mode: navigate\r\nAccept: text/html\r\n";
const std::string fetch = "Sec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\nAccept: */*\r\n";

class Waking : public testing::Test {
  protected:
    Waking() : world({.hold_limit = Duration(3000)}) { world.hibernate(); }

    std::string ask(const std::string& more, const std::string& line = "GET /") {
        return world.ask(world.request(line, more));
    }
    int incarnation() { return world.session().incarnation; }

    World world;
};

TEST_F(Waking, a_navigation_wakes_and_sees_the_steps) {
    const auto page = ask(navigate);
    EXPECT_TRUE(page.starts_with("HTTP/1.1 503 ")) << page;
    EXPECT_NE(page.find("\r\nRetry-After: 1\r\n"), std::string::npos);
    EXPECT_NE(page.find("<title>Starting lab</title>"), std::string::npos);
    EXPECT_NE(page.find("<h1>Starting lab</h1>"), std::string::npos);
    EXPECT_NE(page.find("<meta http-equiv=\"refresh\" content=\"1\">"), std::string::npos);
    for (const std::string step :
         {"Admitted", "Finding a place to run", "Image ready", "Started", "Ready", "Routed"})
        EXPECT_NE(page.find(step), std::string::npos) << step;
    const auto row = world.session();
    EXPECT_EQ(row.incarnation, 2);
    EXPECT_EQ(desired(row.asks), State::running);
    EXPECT_EQ(row.look_at, row.asked_at);
    const auto events = world.events("session.woken");
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].actor, "ann");
    EXPECT_EQ(events[0].class_, EventClass::audit);
    EXPECT_EQ(events[0].owner, UserId{"usr_ann"});
}

TEST_F(Waking, a_navigation_is_known_without_fetch_headers_too) {
    EXPECT_TRUE(ask("Accept: text/html,*/*;q=0.8\r\n").starts_with("HTTP/1.1 503 "));
    EXPECT_EQ(incarnation(), 2);
}

TEST_F(Waking, many_at_once_are_one_wake) {
    std::vector<std::thread> askers;
    askers.reserve(50);
    std::atomic<int> pages{0};
    const auto request = world.request("GET /", navigate);
    for (int i = 0; i < 50; ++i)
        askers.emplace_back([&] { pages += world.ask(request).starts_with("HTTP/1.1 503 ") ? 1 : 0; });
    for (auto& asker : askers) asker.join();
    EXPECT_EQ(pages, 50);
    EXPECT_EQ(incarnation(), 2);
    EXPECT_EQ(world.events("session.woken").size(), 1u);
}

TEST_F(Waking, a_background_poll_wakes_nothing) {
    EXPECT_TRUE(ask(fetch).starts_with("HTTP/1.1 503 "));
    EXPECT_TRUE(ask("Sec-Fetch-Dest: image\r\nAccept: text/html\r\n").starts_with("HTTP/1.1 503 "));
    EXPECT_TRUE(ask("Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://lab-7f3k.apps.test\r\n")
                    .starts_with("HTTP/1.1 503 "));
    EXPECT_EQ(incarnation(), 1);
    EXPECT_TRUE(world.events("session.woken").empty());
}

TEST_F(Waking, what_is_no_use_wakes_nothing) {
    world.rule({.ignore = {"/poll"}});
    const auto polls =
        "GET /poll HTTP/1.1\r\nHost: lab-7f3k.apps.test\r\n" + world.cookie() + navigate + "\r\n";
    EXPECT_TRUE(world.ask(polls).starts_with("HTTP/1.1 503 "));
    EXPECT_EQ(incarnation(), 1);
    world.rule({.ignore = {}, .probe = ActivityProbe{.path = "/status", .json_pointer = ""}});
    ask(navigate);
    EXPECT_EQ(incarnation(), 2) << "who comes to look wakes it, whatever counts as use of it";
}

TEST_F(Waking, nobody_but_the_owner_wakes) {
    const auto bob =
        "GET / HTTP/1.1\r\nHost: lab-7f3k.apps.test\r\n" + world.cookie("bob") + navigate + "\r\n";
    EXPECT_TRUE(world.ask(bob).starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(world.ask("GET / HTTP/1.1\r\nHost: lab-7f3k.apps.test\r\n" + navigate + "\r\n")
                    .starts_with("HTTP/1.1 302 "));
    EXPECT_EQ(incarnation(), 1);
}

TEST_F(Waking, a_program_is_held_until_it_runs) {
    Listener application;
    world.engine.ports = {{3000, application.port()}};
    auto client = world.connect();
    client.send(world.request("POST /job", "Content-Length: 2\r\n") + "hi");
    ASSERT_TRUE(eventually([&] { return incarnation() == 2; }));
    world.run();
    auto app = application.accept();
    EXPECT_TRUE(app.receive_until("hi").starts_with("POST /job HTTP/1.1\r\n"));
    app.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(client.receive_response(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

TEST(WakingLimits, a_program_is_not_held_for_ever) {
    World world({.hold_limit = Duration(200)});
    world.hibernate();
    const auto answer = world.ask(world.request("GET /"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("Retry-After: "), std::string::npos);
}

TEST_F(Waking, a_failure_is_shown_and_stays_until_somebody_tries_again) {
    ask(navigate);
    world.change([](Session& row) {
        row.status.phase = Phase::failed;
        row.status.incarnation = row.incarnation;
        row.status.reason = "Exited";
        row.status.message = "component \"main\" ended with status 1 <b>";
        row.status.last_log = {"starting & failing", "bye"};
        row.status.timings = {.admitted = 0, .scheduled = 0.1, .pulled = 0.2};
    });
    const auto page = ask(navigate);
    EXPECT_NE(page.find("<strong>component &quot;main&quot; ended with status 1 &lt;b&gt;</strong>"),
              std::string::npos)
        << page;
    EXPECT_NE(page.find("starting &amp; failing\nbye\n"), std::string::npos);
    EXPECT_NE(page.find("<form method=\"post\" action=\"/.berth/wake\"><button>Try again</button>"),
              std::string::npos);
    EXPECT_NE(page.find("/\">Home</a>"), std::string::npos);
    EXPECT_EQ(page.find("http-equiv"), std::string::npos);
    EXPECT_EQ(incarnation(), 2);
    EXPECT_TRUE(ask({}).starts_with("HTTP/1.1 503 ")) << "a program is told at once";
    const std::string post = "Content-Length: 0\r\n";
    EXPECT_TRUE(
        ask(post + "Origin: http://evil.apps.test\r\n", "POST /.berth/wake").starts_with("HTTP/1.1 403 "));
    EXPECT_EQ(incarnation(), 2);
    const auto again = ask(post + "Origin: http://lab-7f3k.apps.test\r\n", "POST /.berth/wake");
    EXPECT_TRUE(again.starts_with("HTTP/1.1 303 ")) << again;
    EXPECT_EQ(incarnation(), 3);
    EXPECT_TRUE(ask(navigate).starts_with("HTTP/1.1 503 "));
    EXPECT_EQ(incarnation(), 3);
}

TEST_F(Waking, a_quota_without_room_is_told) {
    world.write([](store::Tx& tx) { tx.set_setting("quota.default", R"({"running":0})"); });
    const auto page = ask(navigate);
    EXPECT_TRUE(page.starts_with("HTTP/1.1 429 ")) << page;
    EXPECT_NE(page.find("your limit of running sessions is 0"), std::string::npos);
    EXPECT_NE(ask({}).find("\"code\":\"quota_exceeded\""), std::string::npos);
    EXPECT_EQ(incarnation(), 1);
}

TEST_F(Waking, a_session_that_is_being_deleted_does_not_wake) {
    world.change([](Session& row) { row.asks.terminate = row.created_at; });
    EXPECT_TRUE(ask(navigate).starts_with("HTTP/1.1 404 "));
    EXPECT_EQ(incarnation(), 1);
}

TEST(WakePage, shows_what_is_done_and_what_goes_on) {
    Session session{.name = "lab"};
    session.incarnation = session.status.incarnation = 1;
    session.status.phase = Phase::starting;
    session.status.timings = {.admitted = 0, .scheduled = 0.25};
    session.asked_at = Time(Duration(0));
    using enum Step::State;
    const std::vector<Step> expected{{"admitted", done, 0},    {"scheduled", done, 0.25},
                                     {"pulled", active, 75.0}, {"started", waiting, {}},
                                     {"ready", waiting, {}},   {"routed", waiting, {}}};
    EXPECT_EQ(steps_of(session, Time(Duration(75'000))), expected);
    const auto page = wake_page(
        {.session = session, .platform_url = "http://p", .now = Time(Duration(75'000)), .refused = {}});
    EXPECT_NE(page.body.find("1 m 15 s"), std::string::npos);
    EXPECT_EQ(
        net::find_header(page.headers, "content-security-policy"),
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
}

}  // namespace
}  // namespace berth::gateway
