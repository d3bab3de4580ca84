#include "gateway/gateway.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gateway/test_world.hpp"
#include "plan/uncounted.hpp"

namespace berth::gateway {
namespace {

using test::eventually;
using test::Listener;
using test::Peer;
using test::World;

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string host_line = "Host: lab-7f3k.apps.test\r\n";
const std::string navigate = "Sec-Fetch-Mode: navigate\r\nAccept: text/html\r\n";

/// An application that answers `ok` to everything, as often as it is asked, and counts.
class Answering {
  public:
    Answering() : thread_([this] { serve(); }) {}
    ~Answering() {
        listener_.shut_down();
        thread_.join();
        for (auto& peer : peers_) peer.join();
    }
    int port() const { return listener_.port(); }
    std::atomic<int> requests{0};

  private:
    void serve() {
        try {
            while (true) peers_.emplace_back([this, peer = listener_.accept()]() mutable { answer(peer); });
        } catch (const std::runtime_error&) {
            // The test is over.
        }
    }
    void answer(Peer& peer) {
        while (peer.receive_until("\r\n\r\n").ends_with("\r\n\r\n")) {
            ++requests;
            peer.send(ok);
        }
    }
    Listener listener_;
    std::vector<std::thread> peers_;
    std::thread thread_;
};

class SessionHost : public testing::Test {
  protected:
    explicit SessionHost(GatewayConfig config = {.hold_limit = Duration(5000)}) : world(config) {
        world.engine.ports = {
            {3000, application.port()}, {4000, application.port()}, {5000, application.port()}};
    }
    std::string status(const std::string& answer) { return answer.substr(9, 3); }
    std::string raw(const std::string& line, const std::string& more) {
        return world.ask(line + " HTTP/1.1\r\n" + host_line + more + "\r\n");
    }
    std::string header(const std::string& answer, const std::string& name) {
        const auto at = answer.find("\r\n" + name + ": ");
        if (at == std::string::npos) return {};
        const auto start = at + name.size() + 4;
        return answer.substr(start, answer.find("\r\n", start) - start);
    }

    Answering application;
    World world;
};

/// A refusal without what differs from request to request.
std::string comparable(std::string answer) {
    for (const std::string mark : {"Date: ", "\"requestId\":\""}) {
        const auto at = answer.find(mark);
        if (at != std::string::npos) answer.erase(at, answer.find_first_of("\r}", at) - at);
    }
    return answer;
}

TEST_F(SessionHost, lets_its_owner_in_and_nobody_else) {
    EXPECT_EQ(world.ask(world.request("GET /")), ok);
    const auto bobs = comparable(raw("GET /", world.cookie("bob")));
    EXPECT_EQ(status(bobs), "404");
    // A cookie of a host that leads nowhere, as its owner would have it.
    const auto nowhere = comparable(world.ask("GET / HTTP/1.1\r\nHost: gone-1234.apps.test\r\n" +
                                              world.cookie("bob", "gone-1234.apps.test") + "\r\n"));
    EXPECT_EQ(bobs, nowhere);
    EXPECT_EQ(application.requests, 1);
}

TEST_F(SessionHost, an_unknown_host_is_misdirected) {
    EXPECT_EQ(status(world.ask("GET / HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n")), "421");
    EXPECT_EQ(status(world.ask("GET / HTTP/1.1\r\nHost: apps.test\r\n\r\n")), "421");
    EXPECT_EQ(status(world.ask("GET / HTTP/1.1\r\nHost: a.b.apps.test\r\n\r\n")), "421");
}

TEST_F(SessionHost, leads_to_every_way_in) {
    const auto ask = [&](const std::string& label) {
        const auto host = label + "lab-7f3k.apps.test";
        return status(world.ask(world.request("GET /", {}, host)));
    };
    EXPECT_EQ(ask(""), "200");
    EXPECT_EQ(ask("ide--"), "200");
    EXPECT_EQ(ask("rpc--"), "200");
    EXPECT_EQ(ask("5000--"), "200") << "a port that the template does not declare";
    EXPECT_EQ(ask("RPC--"), "200") << "hosts have no case";
    EXPECT_EQ(ask("other--"), "404");
    EXPECT_EQ(ask("70000--"), "404");
    const auto shell = world.ask(world.request("GET /", {}, "shell--lab-7f3k.apps.test"));
    EXPECT_EQ(status(shell), "302");
    EXPECT_EQ(header(shell, "Location"), "http://berth.test/sessions/ses_lab/terminal");
}

TEST_F(SessionHost, a_cookie_opens_the_host_it_was_made_for) {
    EXPECT_EQ(status(raw("GET /", world.cookie("ann", "other-7f3k.apps.test"))), "401");
    auto forged = world.cookie();
    forged[forged.size() - 4] ^= 1;
    EXPECT_EQ(status(raw("GET /", forged)), "401");
    EXPECT_EQ(status(raw("GET /", "")), "401");
}

TEST_F(SessionHost, our_cookie_twice_is_refused) {
    EXPECT_EQ(status(raw("GET /", world.cookie() + world.cookie())), "400");
    auto twice = world.cookie();
    twice.resize(twice.size() - 2);
    EXPECT_EQ(status(raw("GET /", twice + "; " + twice.substr(8) + "\r\n")), "400");
}

TEST_F(SessionHost, a_program_sends_a_token_of_enough_scope) {
    const auto issue = [&](const std::string& scope) {
        return world.write([&](store::Tx& tx) {
            store::Token row{.id = {"tok_" + scope},
                             .user = {"usr_ann"},
                             .name = scope,
                             .scope = scope,
                             .created_at = world.clock.now()};
            const auto secret = auth::issue_token(row);
            tx.insert_token(row);
            return secret.reveal();
        });
    };
    const auto token = issue("sessions"), reading = issue("read");
    EXPECT_EQ(raw("GET /", "Berth-Token: " + token + "\r\n"), ok);
    EXPECT_EQ(
        raw("POST /", "Berth-Token: " + token + "\r\nContent-Length: 0\r\nOrigin: http://elsewhere.test\r\n"),
        ok);
    EXPECT_EQ(status(raw("GET /", "Berth-Token: " + reading + "\r\n")), "401");
    EXPECT_EQ(status(raw("GET /", "Berth-Token: brt_wrong\r\n")), "401");
    EXPECT_EQ(status(raw("GET /", "Authorization: Bearer " + token + "\r\n")), "401")
        << "that header is the application's";
}

TEST_F(SessionHost, another_page_can_neither_change_anything_nor_open_a_socket) {
    const std::string ours = "Origin: http://lab-7f3k.apps.test\r\n",
                      theirs = "Origin: http://evil.apps.test\r\n";
    const std::string empty = "Content-Length: 0\r\n",
                      socket = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    EXPECT_EQ(status(world.ask(world.request("POST /", empty + ours))), "200");
    EXPECT_EQ(status(world.ask(world.request("POST /", empty))), "200");
    EXPECT_EQ(status(world.ask(world.request("POST /", empty + theirs))), "403");
    EXPECT_EQ(status(world.ask(world.request("POST /", empty + "Origin: null\r\n"))), "403");
    EXPECT_EQ(status(world.ask(world.request("DELETE /", "Sec-Fetch-Site: same-site\r\n"))), "403");
    EXPECT_EQ(status(world.ask(world.request("GET /", theirs))), "200");
    EXPECT_EQ(status(world.ask(world.request("GET /", socket + ours))), "200");
    EXPECT_EQ(status(world.ask(world.request("GET /", socket + theirs))), "403");
    EXPECT_EQ(status(world.ask(world.request("GET /", socket))), "403");
}

// The way of a browser without our cookie.

struct Browser {
    std::string nonce_cookie;  // As it sends it.
    std::string nonce;         // As the platform hears of it.
};

class Tickets : public SessionHost {
  protected:
    Browser set_out() {
        const auto answer = raw("GET /work?x=1", navigate);
        EXPECT_EQ(status(answer), "302");
        const auto location = header(answer, "Location");
        EXPECT_TRUE(
            location.starts_with("http://berth.test/auth/session-ticket?host=lab-7f3k.apps.test&nonce="))
            << location;
        EXPECT_TRUE(location.ends_with("&to=%2Fwork%3Fx%3D1")) << location;
        const auto cookie = header(answer, "Set-Cookie");
        EXPECT_TRUE(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600")) << cookie;
        return {.nonce_cookie = "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n",
                .nonce = location.substr(location.find("nonce=") + 6, 64)};
    }
    std::string ticket_target(const std::string& nonce, const std::string& user = "ann",
                              const std::string& host = "lab-7f3k.apps.test") {
        const auth::Identity identity{.caller = {.user = {"usr_" + user}, .name = user},
                                      .login = {"log_" + user}};
        const auto url = test::wait(auth::issue_host_ticket(*world.store, world.clock, world.origin, identity,
                                                            host, nonce, "/work?x=1"));
        EXPECT_TRUE(url.starts_with("http://" + host + "/.berth/ticket?ticket=")) << url;
        return url.substr(7 + host.size());
    }
    std::string take(const std::string& target, const std::string& cookie) {
        return raw("GET " + target, cookie);
    }
};

TEST_F(Tickets, are_asked_for_where_a_proxy_before_us_sends_a_browser) {
    const auto answer = raw("GET /.berth/sign-in?to=%2Fwork%3Fx%3D1", navigate);
    EXPECT_EQ(status(answer), "302");
    EXPECT_TRUE(header(answer, "Location").ends_with("&to=%2Fwork%3Fx%3D1")) << answer;
    const auto evil = raw("GET /.berth/sign-in?to=%2F%2Fevil.test", navigate);
    EXPECT_TRUE(header(evil, "Location").ends_with("&to=%2F")) << evil;
    const auto back = world.ask(world.request("GET /.berth/sign-in?to=%2Fwork"));
    EXPECT_EQ(status(back), "302");
    EXPECT_EQ(header(back, "Location"), "/work");
}

TEST_F(Tickets, bring_a_browser_back_with_a_cookie_of_its_own) {
    const auto browser = set_out();
    const auto answer = take(ticket_target(browser.nonce), browser.nonce_cookie);
    EXPECT_EQ(status(answer), "302");
    EXPECT_EQ(header(answer, "Location"), "/work?x=1");
    EXPECT_EQ(header(answer, "Referrer-Policy"), "no-referrer");
    const auto cookie = header(answer, "Set-Cookie");
    EXPECT_TRUE(cookie.starts_with(auth::host_cookie_name(world.origin) + "=usr_ann.log_ann.")) << cookie;
    EXPECT_NE(cookie.find("; Path=/; HttpOnly; SameSite=Lax; Max-Age="), std::string::npos);
    EXPECT_EQ(raw("GET /work", "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n"), ok);
}

TEST_F(Tickets, work_once) {
    const auto browser = set_out();
    const auto target = ticket_target(browser.nonce);
    EXPECT_EQ(status(take(target, browser.nonce_cookie)), "302");
    EXPECT_EQ(status(take(target, browser.nonce_cookie)), "403");
}

TEST_F(Tickets, work_only_in_the_browser_that_asked) {
    const auto browser = set_out(), other = set_out();
    EXPECT_NE(browser.nonce, other.nonce);
    EXPECT_EQ(status(take(ticket_target(browser.nonce), other.nonce_cookie)), "403");
    EXPECT_EQ(status(take(ticket_target(browser.nonce), "")), "403");
}

TEST_F(Tickets, keep_the_nonce_of_a_browser_that_is_on_its_way_already) {
    const auto browser = set_out();
    const auto again = raw("GET /other", navigate + browser.nonce_cookie);
    EXPECT_NE(header(again, "Location").find(browser.nonce), std::string::npos);
    EXPECT_EQ(header(again, "Set-Cookie"), "");
}

TEST_F(Tickets, are_of_one_host) {
    const auto browser = set_out();
    auto target = ticket_target(browser.nonce);
    const auto elsewhere = world.ask("GET " + target + " HTTP/1.1\r\nHost: ide--lab-7f3k.apps.test\r\n" +
                                     browser.nonce_cookie + "\r\n");
    EXPECT_EQ(status(elsewhere), "403");
}

TEST_F(Tickets, are_issued_to_the_owner_only_and_tell_nothing_to_others) {
    const std::string nonce(64, 'a');
    const auto failure = [&](const std::string& user, const std::string& host) -> std::string {
        try {
            ticket_target(nonce, user, host);
        } catch (const Error& error) {
            return error.code;
        }
        return "issued";
    };
    EXPECT_EQ(failure("bob", "lab-7f3k.apps.test"), "not_found");
    EXPECT_EQ(failure("ann", "none-7f3k.apps.test"), "not_found");
    EXPECT_EQ(failure("ann", "lab-7f3k.evil.test"), "not_found");
    EXPECT_EQ(failure("ann", "ide--lab-7f3k.apps.test"), "issued");
}

TEST_F(Tickets, are_late_after_their_time_and_useless_after_a_sign_out) {
    const auto browser = set_out();
    const auto put = [&](Time expires_at, const std::string& login) {
        return world.write([&](store::Tx& tx) {
            return auth::issue_ticket(tx, {.secret_hash = {},
                                           .kind = store::TicketKind::session_host,
                                           .user = {"usr_ann"},
                                           .login = {login},
                                           .host = "lab-7f3k.apps.test",
                                           .nonce = browser.nonce,
                                           .expires_at = expires_at})
                .reveal();
        });
    };
    const auto now = world.clock.now();
    const auto target = [](const std::string& secret) { return "/.berth/ticket?ticket=" + secret + "&to=/"; };
    EXPECT_EQ(status(take(target(put(now - Duration(1), "log_ann")), browser.nonce_cookie)), "403");
    EXPECT_EQ(status(take(target(put(now + Duration(9999), "log_gone")), browser.nonce_cookie)), "403");
    EXPECT_EQ(status(take(target(put(now + Duration(9999), "log_bob")), browser.nonce_cookie)), "403");
    EXPECT_EQ(status(take(target(put(now + Duration(9999), "log_ann")), browser.nonce_cookie)), "302");
}

TEST_F(Tickets, end_at_a_path_of_the_session_only) {
    for (const std::string to :
         {"%2F%2Fevil.test", "http%3A%2F%2Fevil.test", "%2F%5Cevil.test", "%2Fa%0D%0AX: y", ""}) {
        const auto browser = set_out();
        auto target = ticket_target(browser.nonce);
        target = target.substr(0, target.find("&to=")) +
                 "&to=" + (to.find(' ') == std::string::npos ? to : "%2Fa%0D%0AX");
        EXPECT_EQ(header(take(target, browser.nonce_cookie), "Location"), "/") << to;
    }
}

TEST_F(SessionHost, signing_out_ends_cookies_and_open_sockets) {
    Listener slow;
    world.engine.ports[5000] = slow.port();
    auto tunnel = world.connect();
    const std::string host = "5000--lab-7f3k.apps.test";
    tunnel.send(world.request(
        "GET /", "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://" + host + "\r\n", host));
    auto app = slow.accept();
    app.receive_until("\r\n\r\n");
    app.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    tunnel.receive_until("\r\n\r\n");
    auto kept = world.connect();
    kept.send(world.request("GET /"));
    EXPECT_EQ(kept.receive_response(), ok);
    world.write([&](store::Tx& tx) {
        tx.delete_login({"log_ann"});
        tx.append({.at = world.clock.now(),
                   .class_ = EventClass::audit,
                   .actor = "ann",
                   .kind = "user.logout",
                   .subject_kind = "user",
                   .subject = "usr_ann",
                   .owner = {"usr_ann"}});
    });
    EXPECT_EQ(tunnel.receive(), "");
    EXPECT_EQ(app.receive(), "");
    kept.send(world.request("GET /"));
    EXPECT_EQ(status(kept.receive_response()), "401");
}

TEST_F(SessionHost, a_deactivated_user_is_out) {
    EXPECT_EQ(world.ask(world.request("GET /")), ok);
    world.write([&](store::Tx& tx) {
        auto user = tx.get_user({"usr_ann"});
        user.active = false;
        tx.update_user(user);
        tx.append({.at = world.clock.now(),
                   .actor = "root",
                   .kind = "user.updated",
                   .subject_kind = "user",
                   .subject = "usr_ann"});
    });
    EXPECT_TRUE(eventually([&] { return status(world.ask(world.request("GET /"))) == "401"; }));
}

TEST_F(SessionHost, a_session_that_was_made_a_moment_ago_is_found_and_one_that_went_is_not) {
    world.write([&](store::Tx& tx) {
        auto row = tx.get_session(Caller::system(), {"ses_lab"});
        row.id = {"ses_new"};
        row.name = "new";
        row.host = "new-aaaa";
        tx.insert_session(row);  // Without an event: only the look at the store can find it.
    });
    EXPECT_EQ(world.ask(world.request("GET /", {}, "new-aaaa.apps.test")), ok);
    world.change([](Session& row) { row.status.phase = Phase::gone; }, "ses_new");
    EXPECT_EQ(status(world.ask(world.request("GET /", {}, "new-aaaa.apps.test"))), "404");
}

TEST_F(SessionHost, use_is_written_down_with_its_source) {
    EXPECT_EQ(world.session().last_active_at, std::nullopt);
    const auto before = world.clock.now();
    EXPECT_EQ(world.ask(world.request("GET /")), ok);
    acts::Activity activity(*world.store, world.clock, "test");
    world.service->collect(activity);
    test::wait(activity.report());
    const auto row = world.session();
    ASSERT_TRUE(row.last_active_at);
    EXPECT_GE(*row.last_active_at, before);
    EXPECT_EQ(row.last_active_source, "request");
}

TEST_F(SessionHost, what_the_template_says_is_no_use_is_noted_and_keeps_nothing_awake) {
    const auto report = [&] {
        acts::Activity activity(*world.store, world.clock, "test");
        world.service->collect(activity);
        test::wait(activity.report());
        return world.session();
    };
    world.rule({.ignore = {"/poll"}});
    EXPECT_EQ(world.ask(world.request("GET /poll?since=1")), ok);
    EXPECT_EQ(world.ask(world.request("GET /poll/more")), ok);
    auto row = report();
    EXPECT_EQ(row.last_active_at, std::nullopt);
    ASSERT_EQ(row.stay.uncounted.size(), 1u);
    EXPECT_EQ(row.stay.uncounted[0].what, "requests at /poll");
    EXPECT_EQ(row.stay.uncounted[0].times, 2);
    EXPECT_EQ(world.ask(world.request("GET /polling")), ok);
    EXPECT_TRUE(report().last_active_at) << "that is another path";
}

TEST_F(SessionHost, where_the_application_is_asked_nothing_that_is_sent_counts) {
    world.rule({.ignore = {}, .probe = ActivityProbe{.path = "/status", .json_pointer = ""}});
    EXPECT_EQ(world.ask(world.request("GET /")), ok);
    acts::Activity activity(*world.store, world.clock, "test");
    world.service->collect(activity);
    test::wait(activity.report());
    EXPECT_EQ(world.session().last_active_at, std::nullopt);
    EXPECT_TRUE(plan::last_passed_by(world.session().stay.uncounted, "ide"));
    EXPECT_EQ(world.ask(world.request("GET /", {}, "rpc--lab-7f3k.apps.test")), ok);
    world.service->collect(activity);
    test::wait(activity.report());
    EXPECT_TRUE(world.session().last_active_at) << "the rule is of one way in";
}

}  // namespace
}  // namespace berth::gateway
