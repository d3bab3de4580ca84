#include <fmt/format.h>

#include <set>

#include "api/harness.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/services.hpp"
#include "net/answer.hpp"

namespace berth::api::testing {
namespace {

/// What must always come with a problem, and what it says.
void expect_problem(const net::Response& response, int status, const std::string& code,
                    const std::string& detail, const std::string& next = {}) {
    SCOPED_TRACE(detail);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(text_of(response, "Content-Type"), "application/problem+json");
    json::object expected{{"type", "about:blank"},
                          {"title", net::reason_phrase(status)},
                          {"status", status},
                          {"code", code},
                          {"detail", detail}};
    if (!next.empty()) expected["next"] = next;
    expected["requestId"] = "req_test";
    EXPECT_EQ(body_of(response), json::value(expected)) << response.body;
}

TEST(Request, what_is_not_in_the_table_does_not_exist) {
    World world;
    const auto nowhere = "there is no such address, or it is not yours";
    for (const auto* path : {"/api/v1/nothing", "/api", "/auth/nothing", "/api/v1/sessions/a/b/c",
                             "/api/v1/sessions/", "/api/v2/sessions"})
        expect_problem(world.ask(world.as_ann, "GET", path, {}, {{"Accept", "text/html"}}), 404, "not_found",
                       nowhere);
    const auto wrong = world.ask(world.as_ann, "DELETE", "/api/v1/sessions");
    expect_problem(wrong, 405, "method_not_allowed", "this address does not take that method",
                   "use GET, POST");
    EXPECT_EQ(text_of(wrong, "Allow"), "GET, POST");
    EXPECT_EQ(text_of(world.ask(world.as_ann, "POST", "/api/v1/users/me"), "Allow"), "GET, PATCH");
}

TEST(Request, bad_input_is_refused_by_name) {
    World world;
    struct Bad {
        std::string body, code, detail, next;
    };
    const std::vector<Bad> table{
        {"{", "malformed_json", "not valid JSON: incomplete JSON [boost.json:3]", ""},
        {"[]", "invalid_field", "expected an object", ""},
        {"{}", "invalid_field", "template: is required", ""},
        {R"({"template": 7})", "invalid_field", "template: expected a string", ""},
        {R"({"template": "a", "revision": "x"})", "invalid_field", "revision: expected a whole number", ""},
        {R"({"template": "a", "worksapce": "b"})", "unknown_key", R"("worksapce" is not a known key)",
         R"(did you mean "workspace"?)"},
    };
    for (const auto& bad : table) {
        auto response = world.ask(world.as_ann, "POST", "/api/v1/sessions", bad.body,
                                  {{"Content-Type", "application/json"}});
        const auto body = body_of(response);
        EXPECT_EQ(response.status, 400) << bad.body;
        EXPECT_EQ(body.at("code"), json::value(bad.code)) << bad.body;
        if (bad.code != "malformed_json") expect_problem(response, 400, bad.code, bad.detail, bad.next);
    }
    const auto quota = world.send(world.as_root, "POST", "/api/v1/users",
                                  {{"name", "carl"}, {"quota", {{"memory", "much"}}}});
    EXPECT_EQ(quota.status, 400);
    EXPECT_TRUE(body_of(quota).at("detail").as_string().starts_with("quota.memory: ")) << quota.body;
}

TEST(Request, a_body_says_what_it_is_and_is_not_too_large) {
    Limits limits;
    limits.body_max = 100;
    World world(limits);
    expect_problem(
        world.ask(world.as_ann, "POST", "/api/v1/sessions", "{}", {{"Content-Type", "text/plain"}}), 415,
        "unsupported_media_type", "the body is \"text/plain\"", "send Content-Type: application/json");
    expect_problem(world.ask(world.as_ann, "POST", "/api/v1/sessions", std::string(101, ' ')), 413,
                   "too_large", "the body is larger than 100");
    EXPECT_EQ(world
                  .ask(world.as_ann, "POST", "/api/v1/sessions", R"({"template": "a"})",
                       {{"Content-Type", "Application/JSON; charset=utf-8"}})
                  .status,
              404);
}

TEST(Request, only_who_is_signed_in_is_answered) {
    World world;
    const Proof nobody;
    for (const auto& route : routes()) {
        if (route.access == Access::anyone || route.access == Access::proxy) continue;
        const std::string path(route.pattern);
        const auto response =
            world.send(nobody, method_name(route.method), path, json::object{}, {{"Upgrade", "websocket"}});
        expect_problem(response, 401, "unauthenticated", "you are not signed in", "sign in");
    }
}

TEST(Request, only_administrators_reach_what_is_theirs) {
    World world;
    const auto reader = world.token_of(world.root, auth::Scope::read);
    for (const auto& route : routes()) {
        if (route.access != Access::admin) continue;
        const std::string path(route.pattern);
        expect_problem(world.send(world.token_of(world.ann, auth::Scope::admin), method_name(route.method),
                                  path, json::object{}),
                       403, "forbidden", "only an administrator may do this", "ask an administrator");
    }
    EXPECT_EQ(world.ask(reader, "GET", "/api/v1/users").status, 200);
}

TEST(Request, a_token_does_no_more_than_its_scope) {
    World world;
    const auto reader = world.token_of(world.ann, auth::Scope::read);
    for (const auto& route : routes()) {
        if (route.access != Access::user || route.scope == auth::Scope::read) continue;
        const auto wanted = json::enum_name(route.scope);
        const bool theirs = route.scope != auth::Scope::admin;
        expect_problem(
            world.send(reader, method_name(route.method), std::string(route.pattern), json::object{},
                       {{"Upgrade", "websocket"}}),
            403, "forbidden", "this token's scope is read, and this needs " + wanted,
            theirs ? "make a token of scope " + wanted : "do it in the web page, signed in by name");
    }
    expect_problem(world.send(world.token_of(world.root), "POST", "/api/v1/users", {{"name", "carl"}}), 403,
                   "forbidden", "this token's scope is sessions, and this needs admin",
                   "make a token of scope admin");
    EXPECT_EQ(world.ask(reader, "GET", "/api/v1/sessions").status, 200);
    EXPECT_EQ(world.ask(world.as_ann, "DELETE", "/api/v1/users/me/tokens/tok_1").status, 403);
}

TEST(Request, a_browser_writes_and_opens_sockets_from_our_own_page_only) {
    World world;
    const auto cookie = world.cookie_of(world.ann);
    const Proof foreign{{cookie.headers[0], {"Origin", "http://evil.localhost:8080"}}};
    const Proof silent{{cookie.headers[0]}};
    for (const auto& proof : {foreign, silent}) {
        for (const auto& route : routes()) {
            const bool socket =
                route.pattern.ends_with("/events") && route.pattern.find('{') == std::string_view::npos;
            if (route.access != Access::user || (route.method == Method::get && !socket)) continue;
            const auto response = world.send(proof, method_name(route.method), std::string(route.pattern),
                                             json::object{}, {{"Upgrade", "websocket"}});
            EXPECT_EQ(response.status, 403) << route.pattern;
            EXPECT_FALSE(response.websocket) << route.pattern;
        }
        EXPECT_EQ(world.ask(proof, "GET", "/api/v1/users/me").status, 200);
    }
    EXPECT_EQ(world.send(cookie, "PATCH", "/api/v1/users/me", {{"displayName", "Ann"}}).status, 200);
}

/// Every row with one of B's things in its path answers A as if the thing were not there at all.
TEST(Request, what_is_of_another_is_not_there) {
    World world;
    auto named = [&](const Proof& proof, const std::string& name) {
        const auto made = world.send(proof, "POST", "/api/v1/templates",
                                     json::object{{"document", template_document(name)}});
        ASSERT_EQ(made.status, 201) << made.body;
    };
    named(world.as_bob, "private");
    const auto session =
        body_of(world.send(world.as_bob, "POST", "/api/v1/sessions", {{"template", "private"}}));
    const auto id = std::string(session.at("id").as_string());
    world.set_phase(id, Phase::running);
    LoginId login;
    world.cookie_of(world.bob, &login);
    const auto token =
        world.run(world.store->read([&](store::Rows& rows) { return rows.list_tokens(world.bob); }));
    const auto workspace = std::string(session.at("workspace").at("id").as_string());
    const auto body = json::object{{"document", template_document("private")}};
    const std::vector<std::string> things{id,       "private", workspace, login.text, token.front().id.text,
                                          "usr_bob"};
    const auto ann = world.token_of(world.ann, auth::Scope::admin);
    int looked = 0;
    for (const auto& route : routes()) {
        const auto open = route.pattern.find('{');
        if (open == std::string_view::npos || route.access != Access::user) continue;
        const auto close = route.pattern.find('}', open);
        auto rest = std::string(route.pattern.substr(close + 1));
        if (const auto number = rest.find("{revision}"); number != std::string::npos)
            rest.replace(number, 10, "1");
        if (route.pattern.ends_with("/dry-run")) continue;  // Looks at the document only.
        // It makes one of one's own, whatever others call theirs.
        if (route.method == Method::put && route.pattern.starts_with("/api/v1/users/me/")) continue;
        if (rest == "/exec") rest += "?command=ls";
        const auto at = [&](const std::string& thing) {
            return fmt::format("{}{}{}", route.pattern.substr(0, open), thing, rest);
        };
        for (const auto& thing : things) {
            // A document must carry the name in its address, and ids are no names of templates.
            if (route.method == Method::put && thing != "private") continue;
            const auto ask = [&](const std::string& name) {
                json::object sent;
                if (route.method == Method::put) sent = {{"document", template_document(name)}};
                if (route.pattern.ends_with("/activity")) sent = {{"ttl", "1m"}};
                return world.send(ann, method_name(route.method), at(name), sent, {{"Upgrade", "websocket"}});
            };
            const auto found = ask(thing);
            const auto random = ask("zzz" + thing.substr(3));
            EXPECT_EQ(found.status, 404) << route.pattern << " " << thing << " " << found.body;
            EXPECT_EQ(found.body, random.body) << route.pattern;
            EXPECT_EQ(found.headers, random.headers) << route.pattern;
            ++looked;
        }
    }
    EXPECT_GT(looked, 100);
    EXPECT_EQ(world.get(ann, "/api/v1/templates").at("total"), 0);
    EXPECT_EQ(world.send(ann, "POST", "/api/v1/sessions", {{"template", "private"}}).status, 404);
}

TEST(Request, who_asks_too_often_waits) {
    Limits limits;
    limits.requests_at_once = 3;
    limits.requests_per_second = 1;
    World world(limits);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/users/me").status, 200);
    expect_problem(world.ask(world.as_ann, "GET", "/api/v1/users/me"), 429, "too_many_requests",
                   "you sent too many requests at once", "try again in 1s");
    EXPECT_EQ(world.ask(world.as_bob, "GET", "/api/v1/users/me").status, 200);
    world.clock.advance(start_of_time + std::chrono::seconds(1));
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/users/me").status, 200);
}

TEST(Request, an_address_for_sockets_takes_nothing_else) {
    World world;
    expect_problem(world.ask(world.as_ann, "GET", "/api/v1/events"), 426, "upgrade_required",
                   "this address speaks WebSocket", "connect with a WebSocket");
}

TEST(Request, head_is_get_without_its_body) {
    World world;
    const auto response = world.ask(world.as_ann, "HEAD", "/api/v1/users/me");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
}

TEST(Request, the_service_answers_about_itself) {
    World world;
    const Proof nobody;
    EXPECT_EQ(world.get(nobody, "/healthz"), (json::value{{"status", "ok"}}));
    EXPECT_EQ(world.get(nobody, "/readyz"), (json::value{{"status", "ok"}}));
    EXPECT_EQ(world.get(nobody, "/version"), (json::value{{"version", "1.2.3"}}));
    EXPECT_EQ(world.get(nobody, "/api/v1/version"), (json::value{{"version", "1.2.3"}}));
    EXPECT_EQ(world.get(nobody, "/openapi.json").at("openapi"), "3.1.0");
    const auto metrics = world.ask(world.token_of(world.root, auth::Scope::read), "GET", "/metrics");
    EXPECT_EQ(metrics.status, 200);
    EXPECT_NE(metrics.body.find("berth_engine_up{engine=\"sim\"} 1\n"), std::string::npos) << metrics.body;
    EXPECT_NE(metrics.body.find(
                  "berth_http_request_seconds_count{method=\"GET\",route=\"/healthz\",status=\"200\"} 1"),
              std::string::npos);
}

TEST(Request, a_berth_that_is_not_ready_says_why_and_answers_all_the_same) {
    World world;
    world.not_ready = Error(Kind::unavailable, "draining", "this Berth is on its way out");
    const auto answer = world.ask({}, "GET", "/readyz");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(body_of(answer).at("code"), "draining");
    EXPECT_EQ(world.get({}, "/healthz"), (json::value{{"status", "ok"}}));
    EXPECT_EQ(world.ask(world.as_ann, "GET", "/api/v1/users/me").status, 200);
    world.not_ready.reset();
    EXPECT_EQ(world.get({}, "/readyz"), (json::value{{"status", "ok"}}));
}

/// A store whose reads fail while it is away.
class AwayStore final : public store::Store {
  public:
    AwayStore(asio::io_context& io, Clock& clock) : io_(io), inner_(store::open({}, clock)) {}

    std::shared_ptr<void> subscribe(Listener listener) override {
        return inner_->subscribe(std::move(listener));
    }
    void close() override { inner_->close(); }
    bool away = false;

  private:
    void enqueue_write(std::function<void(store::Tx&)> work, Done done) override {
        asio::co_spawn(io_, inner_->write(std::move(work)), std::move(done));
    }
    void enqueue_read(std::function<void(store::Rows&)> work, Done done) override {
        if (!away) return asio::co_spawn(io_, inner_->read(std::move(work)), std::move(done));
        done(std::make_exception_ptr(Error(Kind::unavailable, "database_unreachable", "nobody is there")));
    }

    asio::io_context& io_;
    std::unique_ptr<store::Store> inner_;
};

TEST(Request, that_the_database_is_away_is_logged_once_and_that_it_is_back_too) {
    World world;
    AwayStore store(world.io, world.clock);
    Dependencies given{.store = store,
                       .clock = world.clock,
                       .activity = world.activity,
                       .passwords = world.passwords,
                       .origin = world.origin,
                       .executor = world.io.get_executor()};
    Services services(std::move(given));
    const auto ask = [&](int times) {
        int answered = 0;
        for (int time = 0; time < times; ++time) {
            try {
                world.run(readiness({.services = &services}));
                ++answered;
            } catch (const Error& error) {
                EXPECT_EQ(error.user, "the database does not answer");
            }
        }
        return answered;
    };
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(ask(2), 2);
    for (int time = 0; time < 2; ++time) {
        store.away = true;
        EXPECT_EQ(ask(3), 0);
        store.away = false;
        EXPECT_EQ(ask(3), 3);
    }
    const auto log = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 4) << log;
    EXPECT_NE(log.find("warning not ready: the database does not answer error=\"nobody is there\"\n"),
              std::string::npos)
        << log;
    EXPECT_NE(log.find("info ready: the database answers again\n"), std::string::npos) << log;
}

TEST(Request, only_administrators_are_told_what_keeps_an_engine_away) {
    World world;
    world.engine.set_faults({.outage = 1});
    try {
        world.run(world.engine.list());
        ADD_FAILURE() << "it is there";
    } catch (const Error&) {
    }
    for (const auto& proof : {Proof(), world.as_ann, Proof{{{"Authorization", "Bearer brt_wrong"}}}}) {
        const auto answer = world.ask(proof, "GET", "/readyz");
        EXPECT_EQ(answer.status, 200) << "it stays in rotation";
        EXPECT_EQ(body_of(answer), (json::value{{"status", "degraded"}}));
    }
    EXPECT_EQ(world.get(world.as_root, "/readyz"),
              (json::value{{"status", "engine sim: the simulated engine is away"}}));
}

TEST(Request, one_of_several_says_who_leads) {
    World world({}, {}, "one");
    const auto metrics = [&] {
        return world.ask(world.token_of(world.root, auth::Scope::read), "GET", "/metrics").body;
    };
    const auto check = [&] {
        return body_of(world.ask(world.as_root, "POST", "/api/v1/engines/check")).at("checks").at(0);
    };
    EXPECT_NE(metrics().find("berth_leader 0\n"), std::string::npos);
    EXPECT_FALSE(check().at("passed").as_bool());
    world.write([](store::Tx& tx) { tx.take_leadership("one", std::chrono::hours(1)); });
    EXPECT_NE(metrics().find("berth_leader 1\n"), std::string::npos);
    EXPECT_EQ(check().at("message"), "one (this one) acts, epoch 1");
    world.write([](store::Tx& tx) {
        tx.release_leadership("one", 1);
        tx.take_leadership("two", std::chrono::hours(1));
    });
    EXPECT_NE(metrics().find("berth_leader 0\n"), std::string::npos);
    EXPECT_EQ(check().at("message"), "two acts, epoch 2");
}

TEST(Request, names_of_operations_are_unique) {
    std::set<std::string_view> names;
    for (const auto& route : routes()) EXPECT_TRUE(names.insert(route.name).second) << route.name;
}

}  // namespace
}  // namespace berth::api::testing
