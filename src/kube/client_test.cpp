#include "kube/client.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "imposters/kubernetes/harness.hpp"
#include "kube/refusal.hpp"

namespace berth::kube {
namespace {

using namespace std::chrono_literals;
using imposter::http_answer;
using imposter::HttpRequest;
using Pieces = std::optional<std::vector<std::string>>;

/// A client of an API server that has one namespace.
class Client : public ::testing::Test {
  protected:
    Client() { server.objects.create("namespaces", {{"metadata", json::object{{"name", "a"}}}}); }

    kube::Client make(ClientOptions options = {}) {
        Cluster cluster{.address = server.address(), .identity = {.token_file = server.token_file()}};
        return kube::Client(std::move(cluster), std::move(options), harness.clock, harness.io.get_executor());
    }
    static json::object config_map(const std::string& name, json::object data = {}) {
        const json::object about{{"name", name}, {"namespace", "a"}};
        return {{"metadata", about}, {"data", std::move(data)}};
    }
    /// Answers the n-th request that way, n from 1; the others as ever.
    void answer_once(int n, std::vector<std::string> pieces) {
        server.script = [this, n, pieces](const HttpRequest& request) -> Pieces {
            heads.push_back(request.method + " " + request.path);
            if (static_cast<int>(heads.size()) == n) return pieces;
            return std::nullopt;
        };
    }

    imposter::Harness harness;
    imposter::ApiServer& server = harness.server;
    std::vector<std::string> heads;
};

TEST_F(Client, makes_finds_changes_and_removes) {
    auto client = make();
    const auto made = harness.run(client.create(config_maps, config_map("x")));
    EXPECT_EQ(text_at(made, {"kind"}), "ConfigMap");
    const auto uid = text_at(made, {"metadata", "uid"});
    const auto changed =
        harness.run(client.patch(config_maps, {"a", "x"}, {{"data", json::object{{"k", "v"}}}}));
    EXPECT_TRUE(is_older(text_at(made, {"metadata", "resourceVersion"}),
                         text_at(changed, {"metadata", "resourceVersion"})));
    const auto found = harness.run(client.find(config_maps, {"a", "x"}));
    EXPECT_EQ(*found, changed);
    const auto little = harness.run(client.find(config_maps, {"a", "x"}, Detail::metadata));
    EXPECT_EQ(find_at(*little, {"data"}), nullptr);
    EXPECT_EQ(text_at(*little, {"metadata", "uid"}), uid);
    EXPECT_EQ(harness.run(client.remove(config_maps, {"a", "x"}, {.uid = uid})), std::nullopt);
    EXPECT_EQ(harness.run(client.find(config_maps, {"a", "x"})), std::nullopt);
    EXPECT_EQ(harness.run(client.remove(config_maps, {"a", "x"}, {.uid = uid})), std::nullopt)
        << "gone is fine";
    EXPECT_EQ(server.tally.blind_deletions, 0);
}

TEST_F(Client, replaces_what_is_as_it_was_seen_and_nothing_else) {
    auto client = make();
    auto seen = harness.run(client.create(config_maps, config_map("x", {{"k", "1"}})));
    auto wanted = seen.as_object();
    wanted["data"] = json::object{{"l", "2"}};
    const auto made = harness.run(client.replace(config_maps, wanted));
    EXPECT_EQ(*find_at(made, {"data"}), (json::object{{"l", "2"}})) << "all of it, not only what is new";
    EXPECT_EQ(harness.failure_of(client.replace(config_maps, wanted)).kind, Kind::conflict);
    EXPECT_EQ(*harness.run(client.find(config_maps, {"a", "x"})), made);
}

TEST_F(Client, applies_in_the_name_of_a_manager) {
    auto client = make();
    server.script = [this](const HttpRequest& request) -> Pieces {
        heads.push_back(request.head);
        return std::nullopt;
    };
    harness.run(client.apply(config_maps, config_map("x", {{"k", "1"}}), "berth"));
    harness.run(client.apply(config_maps, config_map("x", {{"k", "2"}}), "berth"));
    EXPECT_TRUE(heads.at(0).starts_with(
        "PATCH /api/v1/namespaces/a/configmaps/x?fieldManager=berth&force=true HTTP/1.1\r\n"));
    EXPECT_NE(heads.at(0).find("Content-Type: application/apply-patch+yaml"), std::string::npos);
    EXPECT_EQ(text_at(*harness.run(client.find(config_maps, {"a", "x"})), {"data", "k"}), "2");
}

TEST_F(Client, lists_in_pages_of_one_moment) {
    auto client = make();
    for (const char* name : {"x1", "x2", "x3"}) harness.run(client.create(config_maps, config_map(name)));
    const auto first = harness.run(client.list(config_maps, {.namespace_ = "a"}, 2));
    EXPECT_EQ(first.items.size(), 2u);
    harness.run(client.create(config_maps, config_map("x4")));
    const auto second = harness.run(client.list(config_maps, {.namespace_ = "a"}, 2, first.next));
    EXPECT_EQ(second.items.size(), 1u);
    EXPECT_EQ(second.next, "");
    EXPECT_EQ(second.version, first.version);
    EXPECT_EQ(harness.failure_of(client.list(config_maps, {.namespace_ = "a"}, 2, "99:9")).code, "expired");
}

TEST_F(Client, a_removal_names_the_uid_and_meets_no_other_object) {
    auto client = make();
    harness.run(client.create(config_maps, config_map("x")));
    const auto error = harness.failure_of(client.remove(config_maps, {"a", "x"}, {.uid = "another"}));
    EXPECT_EQ(error.kind, Kind::conflict);
    EXPECT_EQ(error.code, "conflict");
    EXPECT_TRUE(harness.run(client.find(config_maps, {"a", "x"})));
}

TEST_F(Client, what_is_throttled_is_tried_again_when_the_server_says) {
    auto client = make();
    answer_once(1, {http_answer(429, "{}", "Retry-After: 3\r\n")});
    const auto before = harness.clock.now();
    harness.run(client.create(config_maps, config_map("x")));
    EXPECT_EQ(heads.size(), 2u);
    EXPECT_GE(harness.clock.now() - before, 3s);
}

TEST_F(Client, patience_with_a_server_that_throttles_ends) {
    auto client = make({.patience = 10s});
    server.faults.throttled = 1;
    const auto before = harness.clock.now();
    EXPECT_EQ(harness.failure_of(client.create(config_maps, config_map("x"))).code, "throttled");
    EXPECT_LE(harness.clock.now() - before, 12s);
    EXPECT_GE(server.tally.writes, 5);
}

TEST_F(Client, what_fails_without_an_invitation_is_not_tried_again) {
    auto client = make();
    answer_once(1, {http_answer(500, "{}")});
    EXPECT_EQ(harness.failure_of(client.find(config_maps, {"a", "x"})).code, "cluster_unavailable");
    EXPECT_EQ(heads.size(), 1u);
}

TEST_F(Client, a_redirection_is_no_success) {
    auto client = make();
    const auto refused = [&](auto task) {
        heads.clear();
        answer_once(1, {"HTTP/1.1 302 Found\r\nLocation: https://portal/\r\nContent-Length: 0\r\n\r\n"});
        const auto error = harness.failure_of(std::move(task));
        EXPECT_EQ(error.kind, Kind::unavailable) << error.what();
        EXPECT_NE(error.user.find("something other than the API server answers"), std::string::npos);
    };
    refused(client.find(config_maps, {"a", "x"}));
    refused(client.create(config_maps, config_map("x")));
    refused(client.watch(config_maps, {}, "1", 1min));
}

TEST_F(Client, a_refused_token_is_read_anew_once) {
    auto client = make();
    harness.run(client.find(config_maps, {"a", "x"}));
    server.rotate_token(0s);
    harness.settle();
    EXPECT_EQ(harness.run(client.find(config_maps, {"a", "x"})), std::nullopt);
    server.rotate_token(1h);
    const auto requests = client.requests();
    EXPECT_EQ(harness.failure_of(client.find(config_maps, {"a", "x"})).code, "unauthenticated");
    EXPECT_EQ(client.requests() - requests, 2u);
}

TEST_F(Client, a_refused_token_is_read_anew_for_streams_too) {
    auto client = make();
    const auto logs = [&] { return client.open(pods, {"a", "x"}, "log", "tailLines=1"); };
    EXPECT_EQ(harness.failure_of(logs()).code, "not_found");
    server.rotate_token(0s);
    harness.settle();
    EXPECT_EQ(harness.failure_of(logs()).code, "not_found");
}

TEST_F(Client, credentials_that_expire_are_made_once_for_all_who_wait) {
    const auto count = server.folder() + "/count";
    const auto path = server.folder() + "/plugin";
    std::ofstream(path) << "#!/bin/sh\necho x >>" << count
                        << "\necho '{\"status\":{\"token\":\"token-1\"}}'\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    Cluster cluster{.address = server.address(), .identity = {.exec = ExecPlugin{.command = path}}};
    SystemClock clock;
    kube::Client client(std::move(cluster), {}, clock, harness.io.get_executor());
    int found = 0;
    const auto look = [&]() -> Task<> {
        co_await client.find(config_maps, {"a", "x"});
        ++found;
    };
    for (int i = 0; i < 5; ++i) harness.tasks.start("look", look());
    const auto until = clock.now() + 10s;
    while (found < 5 && clock.now() < until) {
        harness.pass(10ms);
        std::this_thread::sleep_for(1ms);
    }
    std::ifstream file(count);
    const std::string runs(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(runs, "x\n");
    EXPECT_EQ(found, 5);
    client.close_idle();
}

TEST_F(Client, a_write_whose_answer_is_lost_has_an_unknown_outcome_and_is_sent_once) {
    auto client = make();
    harness.run(client.find(config_maps, {"a", "x"}));  // A connection is kept.
    for (auto fault : {&imposter::Faults::lost, &imposter::Faults::torn, &imposter::Faults::reset}) {
        server.faults.*fault = 1;
        const int writes = server.tally.writes;
        const auto error = harness.failure_of(client.create(config_maps, config_map("x")));
        EXPECT_EQ(error.kind, Kind::unavailable);
        EXPECT_EQ(error.code, "outcome_unknown") << error.what();
        EXPECT_EQ(server.tally.writes - writes, 1);
        server.faults = {};
        harness.run(client.find(config_maps, {"a", "x"}));
    }
    EXPECT_TRUE(harness.run(client.find(config_maps, {"a", "x"})));
}

TEST_F(Client, an_answer_that_stops_in_its_middle_ends_by_the_limit) {
    auto client = make({.limit = 5s});
    server.faults.stalled = 1;
    const auto before = harness.clock.now();
    EXPECT_EQ(harness.failure_of(client.create(config_maps, config_map("x"))).code, "outcome_unknown");
    EXPECT_LE(harness.clock.now() - before, 6s);
}

TEST_F(Client, a_server_that_is_not_there_is_unavailable_with_a_known_outcome) {
    auto client = make();
    server.vanish();
    EXPECT_EQ(harness.failure_of(client.create(config_maps, config_map("x"))).code, "cluster_unavailable");
    server.appear();
    harness.run(client.create(config_maps, config_map("x")));
}

TEST_F(Client, never_more_requests_are_in_flight_than_configured) {
    auto client = make({.requests_max = 3});
    const auto make_one = [&](std::string name) -> Task<> {
        co_await client.create(config_maps, config_map(name));
    };
    for (int i = 0; i < 20; ++i) harness.tasks.start("make", make_one("x" + std::to_string(i)));
    harness.pass(1s);
    EXPECT_EQ(server.objects.list("configmaps", {}).size(), 20u);
    EXPECT_EQ(server.tally.most_in_flight, 3);
    EXPECT_EQ(client.most_in_flight(), 3);
}

TEST_F(Client, a_place_is_free_again_when_a_request_is_given_up) {
    auto client = make({.requests_max = 1});
    server.faults.stalled = 1;
    const auto make_one = [&](std::string name) -> Task<> {
        co_await client.create(config_maps, config_map(name));
    };
    {
        TaskGroup given_up(harness.io.get_executor());
        given_up.start("make", make_one("x1"));
        given_up.start("make", make_one("x2"));
        harness.pass(100ms);
        given_up.cancel();
        harness.settle();
    }
    server.faults = {};
    harness.run(client.create(config_maps, config_map("x3")));
}

}  // namespace
}  // namespace berth::kube
