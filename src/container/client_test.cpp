#include "container/client.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "container/imposter.hpp"

namespace berth::container {
namespace {

/// The error of a call that has to fail.
template <class T>
Error failure_of(Imposter& imposter, Task<T> call) {
    try {
        imposter.run(std::move(call));
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "did not fail";
    return Error(Kind::internal, "", "");
}

TEST(Client, the_newest_version_that_both_know_is_spoken) {
    SystemClock clock;
    Imposter imposter([](const std::string& head) -> std::vector<std::string> {
        if (head.starts_with("GET /version"))
            return {http_answer(200, R"({"Version":"29","ApiVersion":"1.52"})")};
        return {http_answer(200, "[]")};
    });
    Client client(net::Address{.unix_path = imposter.path(), .host = "engine"}, clock);
    EXPECT_EQ(imposter.run(client.version()).version, "29");
    imposter.run(client.list({{"a", "b"}}));
    EXPECT_EQ(imposter.heads[1].substr(0, 39), "GET /v1.44/containers/json?all=true&fil");
    EXPECT_EQ(imposter.connections, 1) << "the connection is kept";
}

TEST(Client, an_engine_that_is_not_there_is_unavailable_and_found_again) {
    SystemClock clock;
    Imposter imposter(
        [](const std::string&) -> std::vector<std::string> { return {http_answer(200, "{}")}; });
    Client client(net::Address{.unix_path = imposter.path(), .host = "engine"}, clock);
    imposter.run(client.info());
    imposter.vanish();
    const auto error = failure_of(imposter, client.info());
    EXPECT_EQ(error.kind, Kind::unavailable);
    EXPECT_EQ(error.code, "engine_unavailable");
    imposter.listen();
    imposter.run(client.info());
}

TEST(Client, a_kept_connection_that_died_costs_a_read_nothing) {
    SystemClock clock;
    int asked = 0;
    Imposter imposter([&](const std::string&) -> std::vector<std::string> {
        // The second request on a connection meets a server that just hangs up.
        if (++asked == 2) return {""};
        return {http_answer(200, "{}")};
    });
    Client client(net::Address{.unix_path = imposter.path(), .host = "engine"}, clock);
    imposter.run(client.info());
    imposter.run(client.info());
    EXPECT_EQ(imposter.heads.size(), 3u);
    EXPECT_EQ(imposter.connections, 2);
}

TEST(Client, a_write_is_never_sent_twice) {
    SystemClock clock;
    Imposter imposter([](const std::string& head) -> std::vector<std::string> {
        if (head.starts_with("POST")) return {""};
        return {http_answer(200, "{}")};
    });
    Client client(net::Address{.unix_path = imposter.path(), .host = "engine"}, clock);
    imposter.run(client.info());
    EXPECT_EQ(failure_of(imposter, client.start("c")).code, "engine_unavailable");
    EXPECT_EQ(imposter.heads.size(), 2u);
}

TEST(Client, half_an_answer_is_unavailable_not_an_empty_success) {
    SystemClock clock;
    Imposter imposter([](const std::string&) -> std::vector<std::string> {
        return {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{\"Id\":", ""};
    });
    Client client(net::Address{.unix_path = imposter.path(), .host = "engine"}, clock);
    EXPECT_EQ(failure_of(imposter, client.list({})).code, "engine_unavailable");
}

TEST(Client, what_is_not_there_is_nothing_and_gone_already_is_fine) {
    SystemClock clock;
    Imposter imposter([](const std::string&) -> std::vector<std::string> {
        return {http_answer(404, R"({"message":"no such container"})")};
    });
    Client client(net::Address{.unix_path = imposter.path(), .host = "engine"}, clock);
    EXPECT_EQ(imposter.run(client.inspect("c")), std::nullopt);
    imposter.run(client.remove("c", true));
    EXPECT_EQ(failure_of(imposter, client.start("c")).code, "container_not_found");
}

TEST(Client, a_pull_that_fails_in_its_stream_fails_in_the_engines_words) {
    SystemClock clock;
    Imposter imposter([](const std::string&) -> std::vector<std::string> {
        const std::string lines =
            "{\"status\":\"Pulling fs layer\",\"id\":\"aa\"}\n{\"error\":\"manifest unknown\"}\n";
        return {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                fmt::format("{:x}\r\n", lines.size()) + lines, "\r\n0\r\n\r\n"};
    });
    Client client(net::Address{.unix_path = imposter.path(), .host = "engine"}, clock);
    std::vector<PullStep> steps;
    const auto error =
        failure_of(imposter, client.pull("x:1", [&](const PullStep& step) { steps.push_back(step); }));
    EXPECT_EQ(error.user, "manifest unknown");
    EXPECT_EQ(steps.size(), 2u);
    EXPECT_EQ(imposter.heads[0].substr(0, imposter.heads[0].find(" HTTP")),
              "POST /images/create?fromImage=x&tag=1");
}

TEST(Client, events_come_as_they_happen_until_the_stream_ends) {
    SystemClock clock;
    const std::string one = R"({"Type":"container","Action":"start","Actor":{"ID":"a"},"timeNano":1})"
                            "\n";
    Imposter imposter([&](const std::string&) -> std::vector<std::string> {
        return {"HTTP/1.1 200 OK\r\n\r\n", one.substr(0, 20), one.substr(20) + "not an event\n", one, ""};
    });
    Client client(net::Address{.unix_path = imposter.path(), .host = "engine"}, clock);
    int opened = 0;
    std::vector<Event> events;
    imposter.run(client.events(
        "{}", 1'500'000'000, [&] { ++opened; }, [&](const Event& event) { events.push_back(event); }));
    EXPECT_EQ(opened, 1);
    EXPECT_EQ(events.size(), 2u);
    EXPECT_NE(imposter.heads[0].find("&since=1.500000000 "), std::string::npos);
}

TEST(Client, log_lines_are_put_together_across_frames) {
    SystemClock clock;
    const auto frame = [](char kind, const std::string& text) {
        return std::string{kind, 0, 0, 0, 0, 0, 0, static_cast<char>(text.size())} + text;
    };
    Imposter imposter([&](const std::string&) -> std::vector<std::string> {
        return {"HTTP/1.1 200 OK\r\n\r\n", frame(1, "2026-01-31T09:30:00Z he"), frame(2, "no time\n"),
                frame(1, "llo\n") + frame(1, "end"), ""};
    });
    Client client(net::Address{.unix_path = imposter.path(), .host = "engine"}, clock);
    std::vector<LogLine> lines;
    const auto keep = [](std::vector<LogLine>& to, LogLine line) -> Task<bool> {
        to.push_back(std::move(line));
        co_return true;
    };
    imposter.run(client.logs("c", {.tail = 5}, [&](LogLine line) { return keep(lines, std::move(line)); }));
    EXPECT_EQ(lines, (std::vector<LogLine>{{std::nullopt, true, "no time"},
                                           {parse_time("2026-01-31T09:30:00Z"), false, "hello"},
                                           {std::nullopt, false, "end"}}));
}

}  // namespace
}  // namespace berth::container
