// The engine against an API server and a cluster that behave, but for other people and what a test says.

#include "engine/kubernetes/kubernetes_engine.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "base/together.hpp"
#include "engine/container/names.hpp"
#include "imposters/kubernetes/harness.hpp"
#include "imposters/kubernetes/nodes.hpp"

namespace berth::engine {
namespace {

using namespace std::chrono_literals;
using namespace kubernetes;
using imposter::Where;

class TheKubernetesEngine : public ::testing::Test {
  protected:
    TheKubernetesEngine() {
        log::configure(log::Level::off, log::Format::text);
        world.server.objects.create("namespaces", {{"metadata", json::object{{"name", "default"}}}});
    }
    ~TheKubernetesEngine() override {
        for (auto& engine : engines) world.run(engine->stop());
        nodes.close();
        world.settle();
    }

    KubernetesOptions options(Spread spread = Spread::by_owner) {
        return {.cluster = {.address = world.server.address()},
                .instance = "5eed",
                .secret = SecretText("of this installation"),
                .namespace_ = "sessions",
                .spread = spread,
                .space_quota = spread != Spread::shared,
                .init_program = "berth-init",
                .architecture = "amd64",
                .reach = Reach::forward,
                .seed = 1};
    }
    KubernetesEngine& start(KubernetesOptions with) {
        auto& engine = *engines.emplace_back(
            std::make_unique<KubernetesEngine>(world.io.get_executor(), world.clock, std::move(with)));
        world.run(engine.start());
        EXPECT_EQ(engine.down_because(), std::nullopt);
        return engine;
    }
    void apply(KubernetesEngine& engine, Changes changes, const WorkloadId& id = {"ses_1"}) {
        world.run(engine.apply(id, std::move(changes)));
    }
    Error refusal(KubernetesEngine& engine, Changes changes, const WorkloadId& id = {"ses_1"}) {
        return world.failure_of(engine.apply(id, std::move(changes)));
    }
    static CreateNetwork network(Allowance allowance = {}) {
        return {.egress = Egress::internet, .space = {.owner = "usr_ada"}, .allowance = allowance};
    }
    static StartComponent component() {
        WorkloadComponent one{.name = "ide", .image = "x:1", .command = {{"serve"}}};
        one.generation = "1.0";
        return {one};
    }
    json::object put(const std::string& plural, const std::string& name, json::object rest = {},
                     const std::string& namespace_ = "sessions-usr-ada") {
        rest["metadata"] = json::object{{"name", name}, {"namespace", namespace_}};
        return world.server.objects.create(plural, rest).as_object();
    }
    const json::value* find(const std::string& plural, const std::string& name,
                            const std::string& namespace_ = "sessions-usr-ada") {
        return world.server.objects.find({plural, namespace_, name});
    }
    bool has_home() { return find("namespaces", "sessions-usr-ada", "") != nullptr; }
    void end(KubernetesEngine& engine) {
        apply(engine, {RemoveNetwork{}});
        world.pass(20s);
    }
    void tend(KubernetesEngine& engine) {
        world.run(engine.tend());
        world.pass(20s);
    }

    imposter::Harness world;
    imposter::Nodes nodes{world.io.get_executor(), world.clock, world.server, 2};
    std::vector<std::unique_ptr<KubernetesEngine>> engines;
};

TEST_F(TheKubernetesEngine, changes_nothing_in_a_process_that_does_not_act) {
    auto& acts = start(options());
    start(options());
    EXPECT_EQ(world.server.tally.writes, 0);
    apply(acts, {network()});
    world.pass(10min);
    ASSERT_TRUE(has_home());
    end(acts);
    world.pass(10min);
    EXPECT_TRUE(has_home()) << "nobody was asked to tend";
    tend(acts);
    EXPECT_FALSE(has_home());
}

TEST_F(TheKubernetesEngine, finds_empty_namespaces_of_an_earlier_process) {
    auto& earlier = start(options());
    apply(earlier, {network()});
    end(earlier);
    auto& later = start(options());
    tend(later);
    EXPECT_FALSE(has_home());
}

TEST_F(TheKubernetesEngine, looks_at_a_namespace_anew_whose_removal_was_refused) {
    auto& engine = start(options());
    apply(engine, {network()});
    end(engine);
    int tries = 0;
    world.server.script = [&](const imposter::HttpRequest& http) -> std::optional<std::vector<std::string>> {
        if (http.method != "DELETE" || !http.path.ends_with("/namespaces/sessions-usr-ada"))
            return std::nullopt;
        if (++tries == 1) put("persistentvolumeclaims", "just-made", {{"spec", json::object()}});
        const imposter::Refusal busy{429, "TooManyRequests", "too many requests", "", 1};
        return std::vector{imposter::http_answer(429, json::write(busy.body()), "Retry-After: 1\r\n")};
    };
    tend(engine);
    EXPECT_EQ(tries, 1) << "what was seen before may be otherwise a second later";
    tend(engine);
    EXPECT_EQ(tries, 1);
    EXPECT_TRUE(has_home());
}

TEST_F(TheKubernetesEngine, removes_no_namespace_in_which_another_process_has_just_made_something) {
    world.server.faults.watch_silent = 1;
    for (const char* plural : {"persistentvolumeclaims", "configmaps"}) {
        auto& other = start(options());
        apply(other, {network()});
        apply(other, {RemoveNetwork{}});
        auto& engine = start(options());
        const auto made = put(plural, "just-made", {{"spec", json::object()}});
        const Where where{plural, "sessions-usr-ada", "just-made"};
        world.server.objects.edit(where, [](json::object& object) {
            object["metadata"].as_object()["labels"] =
                json::object{{kubernetes::label_instance, "5eed"}, {kubernetes::label_workload, "ses_2"}};
        });
        world.run(engine.tend());
        const auto* home = find("namespaces", "sessions-usr-ada", "");
        ASSERT_NE(home, nullptr) << plural;
        EXPECT_EQ(imposter::value_at(*home, {"metadata", "deletionTimestamp"}), nullptr) << plural;
        world.server.objects.erase(where, imposter::text_at(made, {"metadata", "uid"}));
        world.pass(20s);
    }
}

TEST_F(TheKubernetesEngine, leaves_a_namespace_in_which_somebody_has_something) {
    auto& engine = start(options());
    for (const char* plural : {"configmaps", "secrets"}) {
        apply(engine, {network()});
        put("configmaps", "kube-root-ca.crt");
        put(plural, "theirs");
        end(engine);
        tend(engine);
        ASSERT_TRUE(has_home()) << plural;
        world.server.objects.remove({plural, "sessions-usr-ada", "theirs"}, {});
        apply(engine, {network()});
        end(engine);
        tend(engine);
        EXPECT_FALSE(has_home()) << "what every namespace has is nobody's";
    }
}

TEST_F(TheKubernetesEngine, removes_a_berth_init_of_before_once_no_pod_is_from_its_time) {
    auto earlier = options(Spread::shared), now = options(Spread::shared);
    now.init_program = "another";
    const auto name = [](const KubernetesOptions& of) {
        return init_prefix + sha256(of.init_program).substr(0, 10);
    };
    auto& first = start(earlier);
    tend(first);
    ASSERT_NE(find("configmaps", name(earlier), "sessions"), nullptr);
    apply(first, {network(), component()});
    auto& engine = start(now);
    tend(engine);
    EXPECT_NE(find("configmaps", name(now), "sessions"), nullptr);
    EXPECT_NE(find("configmaps", name(earlier), "sessions"), nullptr) << "a pod has it";
    end(engine);
    tend(engine);
    EXPECT_EQ(find("configmaps", name(earlier), "sessions"), nullptr);
    EXPECT_NE(find("configmaps", name(now), "sessions"), nullptr);
}

TEST_F(TheKubernetesEngine, runs_no_berth_init_but_its_own) {
    auto& engine = start(options(Spread::shared));
    apply(engine, {network()});
    const Where where{"configmaps", "sessions", init_prefix + sha256("berth-init").substr(0, 10)};
    const auto ours = world.server.objects.find(where)->as_object();
    const auto put_instead = [&](const std::function<void(json::object&)>& change) {
        world.server.objects.remove(where, {});
        auto object = ours;
        change(object);
        world.server.objects.create("configmaps", object);
        world.pass(10s);
    };
    const std::function<void(json::object&)> wrongs[] = {
        [](json::object& object) { object["metadata"].as_object().erase("labels"); },
        [](json::object& object) { object.erase("immutable"); },
        [](json::object& object) { object["binaryData"].as_object()["init"] = "dGhlaXJz"; }};
    for (const auto& wrong : wrongs) {
        put_instead(wrong);
        const auto failure = refusal(engine, {component()});
        EXPECT_EQ(failure.code, "name_taken") << failure.user;
        EXPECT_EQ(find("pods", "ses-1-ide", "sessions"), nullptr);
    }
    put_instead([](json::object&) {});
    apply(engine, {component()});
    EXPECT_NE(find("pods", "ses-1-ide", "sessions"), nullptr);
}

TEST_F(TheKubernetesEngine, takes_a_limit_out_of_the_quota_that_is_lifted) {
    auto& engine = start(options());
    apply(engine, {network({.cpu = MilliCpu{2000}, .memory = Bytes{1 << 30}})});
    apply(engine, {RemoveNetwork{}});
    world.pass(20s);
    apply(engine, {network({.cpu = MilliCpu{2000}})});
    EXPECT_EQ(find("resourcequotas", "berth")->at("spec"),
              (json::object{{"hard", json::object{{"limits.cpu", "2"}}}}));
}

TEST_F(TheKubernetesEngine, two_first_launches_of_one_user_wait_for_each_other) {
    auto& engine = start(options());
    std::vector<Error> failures;
    const auto launch = [&](WorkloadId id) -> Task<> {
        try {
            co_await engine.apply(id, {network({.cpu = MilliCpu{2000}})});
        } catch (const Error& error) {
            failures.push_back(error);
        }
    };
    const auto both = [&]() -> Task<> {
        std::vector<Task<>> launches;
        for (const char* id : {"ses_1", "ses_2"}) launches.push_back(launch({id}));
        co_await together(std::move(launches));
    };
    world.run(both());
    for (const auto& failure : failures) EXPECT_EQ(failure.kind, Kind::busy) << failure.user;
    for (const char* id : {"ses_1", "ses_2"}) {
        apply(engine, {network({.cpu = MilliCpu{2000}})}, {id});
        EXPECT_TRUE(world.run(engine.observe({id})).network) << id;
    }
}

TEST_F(TheKubernetesEngine, brings_the_policies_of_running_sessions_up_to_what_is_configured) {
    auto& before = start(options());
    apply(before, {network()});
    const auto made = *find("networkpolicies", "ses-1");
    auto more = options();
    more.closed_ranges = {"35.0.0.0/8"};
    auto& after = start(more);
    auto seen = world.run(after.observe({"ses_1"}));
    EXPECT_FALSE(seen.network);
    EXPECT_TRUE(seen.network_incomplete);
    apply(after, {network()});
    seen = world.run(after.observe({"ses_1"}));
    EXPECT_TRUE(seen.network);
    const auto& policy = *find("networkpolicies", "ses-1");
    EXPECT_EQ(policy.at("metadata").at("uid"), made.at("metadata").at("uid"));
    EXPECT_NE(json::write(policy.at("spec")).find("35.0.0.0/8"), std::string::npos);
}

TEST_F(TheKubernetesEngine, closes_the_api_server_at_the_addresses_that_it_publishes) {
    const auto endpoint = [](const char* address) {
        return json::object{{"addresses", json::array{address}}};
    };
    put("endpointslices", "kubernetes",
        {{"endpoints", json::array{endpoint("34.9.8.7"), endpoint("10.0.0.5")}}}, "default");
    auto with = options();
    with.open_ranges = {"10.0.0.0/8"};
    auto& engine = start(with);
    apply(engine, {network()});
    const auto& rules = find("networkpolicies", "ses-1")->at("spec").at("egress").as_array();
    EXPECT_NE(json::write(rules.at(2)).find("34.9.8.7/32"), std::string::npos);
    EXPECT_EQ(json::write(rules.at(3)),
              R"({"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.0.0.5/32"]}}]})");
}

TEST_F(TheKubernetesEngine, goes_on_where_it_may_not_ask_for_them) {
    world.server.script = [&](const imposter::HttpRequest& http) -> std::optional<std::vector<std::string>> {
        if (http.path.find("endpointslices") == http.path.npos) return std::nullopt;
        const imposter::Refusal no{403, "Forbidden", "endpointslices is forbidden"};
        return std::vector{imposter::http_answer(403, json::write(no.body()))};
    };
    start(options());
}

TEST_F(TheKubernetesEngine, copies_a_pull_secret_anew_when_it_has_changed) {
    auto with = options();
    with.pull_secrets = {"registry"};
    auto& engine = start(with);
    world.server.objects.create("namespaces", {{"metadata", json::object{{"name", "sessions"}}}});
    const auto data = [](const char* password) {
        return json::object{{"data", json::object{{".dockerconfigjson", password}}}};
    };
    put("secrets", "registry", data("old"), "sessions");
    apply(engine, {network(), component()});
    const auto copy = [&] {
        return imposter::text_at(*find("secrets", "registry"), {"data", ".dockerconfigjson"});
    };
    const auto version = [&] { return imposter::text_at(*find("secrets", "registry"), {"metadata", "uid"}); };
    const auto start_again = [&] {
        const auto pod = imposter::text_at(*find("pods", "ses-1-ide"), {"metadata", "uid"});
        apply(engine, {RemoveComponent{.handle = pod}});
        world.pass(1min);
        apply(engine, {component()});
    };
    EXPECT_EQ(copy(), "old");
    const auto first = version();
    start_again();
    EXPECT_EQ(version(), first) << "it is the same";
    world.server.objects.edit({"secrets", "sessions", "registry"},
                              [&](json::object& secret) { secret["data"] = data("new").at("data"); });
    start_again();
    EXPECT_EQ(copy(), "new");
}

TEST_F(TheKubernetesEngine, forgets_the_volumes_of_what_has_no_network_any_more) {
    auto& engine = start(options());
    apply(engine, {network(), CreateVolume{{.handle = "home", .space = {.owner = "usr_ada"}}}});
    EXPECT_EQ(world.run(engine.observe({"ses_1"})).volumes, std::vector<std::string>{"home"});
    world.server.objects.remove({"configmaps", "sessions-usr-ada", "ses-1"}, {});
    world.pass(20s);
    apply(engine, {RemoveNetwork{}});
    EXPECT_EQ(world.run(engine.observe({"ses_1"})).volumes, std::vector<std::string>());
}

TEST_F(TheKubernetesEngine, lists_of_the_cluster_only_what_is_ours_and_of_others_only_our_namespaces) {
    auto& engine = start(options());
    apply(engine, {network()});
    put("secrets", "ses-2", {}, "default");
    put("secrets", "ses-2");
    std::vector<std::string> asked;
    world.server.script = [&](const imposter::HttpRequest& http) -> std::optional<std::vector<std::string>> {
        if (http.path.find("/namespaces/") == http.path.npos && http.parameter("labelSelector").empty())
            asked.push_back(http.path);
        return std::nullopt;
    };
    const auto things = world.run(engine.inventory({WorkloadId{"ses_1"}, WorkloadId{"ses_2"}}));
    EXPECT_EQ(asked, std::vector<std::string>());
    std::map<std::string, bool> ours;
    for (const auto& thing : things) ours[thing.kind + " " + thing.name] = thing.ours;
    EXPECT_EQ(ours.at("Secret sessions-usr-ada/ses-1"), true);
    EXPECT_EQ(ours.at("Secret sessions-usr-ada/ses-2"), false);
    EXPECT_FALSE(ours.contains("Secret default/ses-2"));
}

TEST_F(TheKubernetesEngine, refuses_to_bring_anything_into_what_only_a_node_knows_the_program_of) {
    auto& engine = start(options());
    apply(engine, {network()});
    auto told = component();
    told.component.command.reset();
    told.component.files = {{"/tmp/app", "x"}};
    const auto refused = refusal(engine, {told});
    EXPECT_EQ(refused.kind, Kind::invalid);
    EXPECT_EQ(refused.code, "command_needed");
    EXPECT_EQ(refused.next, "give the component a command");
    told.component.command = {{"serve"}};
    apply(engine, {told});
}

TEST_F(TheKubernetesEngine, clears_away_what_it_can_and_comes_to_an_end) {
    auto& engine = start(options());
    apply(engine, {network()});
    for (int i = 0; i < 501; ++i) {
        auto made = put("secrets", "held-" + std::to_string(i));
        world.server.objects.edit({"secrets", "sessions-usr-ada", "held-" + std::to_string(i)},
                                  [](json::object& object) {
                                      auto& about = object["metadata"].as_object();
                                      about["labels"] = json::object{{kubernetes::label_instance, "5eed"}};
                                      about["finalizers"] = json::array{"somebody.example/holds"};
                                  });
    }
    world.run(engine.purge(KubernetesEngine::Volumes::keep));
    for (const auto& [where, object] : world.server.objects.list("secrets", {}))
        EXPECT_NE(imposter::value_at(object, {"metadata", "deletionTimestamp"}), nullptr) << where.name;
}

}  // namespace
}  // namespace berth::engine
