#include "engine/kubernetes/render.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "engine/kubernetes/seen.hpp"

namespace berth::engine::kubernetes {
namespace {

const WorkloadId id{"ses_1"};
const Owner owner{"ses-1", "uid-1"};

Place example_place() {
    return {.instance = "5eed",
            .namespace_ = "sessions",
            .init_config_map = "berth-init-1",
            .architecture = "amd64",
            .storage_class = "fast",
            .pull_secrets = {"registry"},
            .gateway = Peers{.namespace_ = "berth", .labels = {{"app", "berth"}}},
            .dns = {{.labels = {{"k8s-app", "kube-dns"}}}},
            .closed = special_ranges(),
            .overcommit = 4};
}

WorkloadComponent example(Profile profile = Profile::strict) {
    WorkloadComponent component{.name = "ide", .image = "x:1", .profile = profile};
    component.env = {{"A", "b"}};
    component.ports = {{.name = "http", .port = 8080}};
    component.readiness = Probe{.tcp = "http"};
    component.mounts = {{.volume = "berth-home", .path = "/home"},
                        {.volume = "berth-home", .path = "/data", .read_only = true}};
    component.stop_timeout = std::chrono::milliseconds(1500);
    component.generation = "2.0";
    return component;
}

json::object pod_of(const WorkloadComponent& component, Place place = example_place(),
                    std::optional<std::vector<std::string>> program = {}) {
    return render_pod(place, id, owner, component, {{"ide", "10.96.0.1"}, {"db", "10.96.0.2"}}, program);
}

TEST(KubernetesRender, every_object_is_as_it_was) {
    const auto place = example_place();
    const std::string golden = BERTH_SOURCE_DIR "/src/engine/kubernetes/golden/objects.json";
    const CreateNetwork network{Egress::internet, {{"ide", {{.name = "http", .port = 8080}}}}};
    json::object all;
    all["configMap"] = render_config_map(place, id, network);
    all["secret"] = render_secret(place, id, owner, SecretText("key"));
    all["policy"] = render_policy(place, id, owner, Egress::internet);
    all["policyNone"] = render_policy(place, id, owner, Egress::none);
    all["service"] = render_service(place, id, owner, network.members.front());
    all["claim"] = render_claim(place, id, {.handle = "berth-home", .size = {10ll << 30}});
    all["podStrict"] = pod_of(example());
    all["podCompat"] = pod_of(example(Profile::compat), example_place(), {{"serve", "--all"}});
    all["podOfAKnownProgram"] = pod_of(example(), place, {{"serve", "--all"}});
    auto given = place;
    given.fixed_users = false;
    all["podWhereTheClusterGivesUsers"] = pod_of(example(), given);
    WorkloadComponent plain{
        .name = "job", .image = "x:1", .command = {{"run"}}, .args = {{"it"}}, .user = 1234};
    plain.generation = "1.0";
    all["podWithoutAnything"] = pod_of(plain);
    auto adorned = place;
    adorned.overlay = {{"metadata", json::object{{"annotations", json::object{{"team", "lab"}}}}},
                       {"spec", json::object{{"priorityClassName", ""},
                                             {"nodeSelector", json::object{{"pool", "sessions"}}}}}};
    all["podWithAnOverlay"] = pod_of(example(), adorned);
    auto alone = place;
    alone.gateway.reset();
    alone.pull_secrets.clear();
    alone.overcommit = 1;
    all["podOutside"] = pod_of(example(), alone);
    all["policyOutside"] = render_policy(alone, id, owner, Egress::internet);
    auto opened = place;
    opened.open = {read_range("10.1.0.0/16:5432", ""), read_range("fd00:1::/64:8000-8099", ""),
                   read_range("192.168.7.0/24", "")};
    all["policyOpened"] = render_policy(opened, id, owner, Egress::internet);
    all["init"] = render_init(place, "YmVydGgtaW5pdA==");
    auto home = place;
    home.spread = Spread::by_owner;
    const Allowance allowance{.cpu = MilliCpu{8000}, .memory = Bytes{16ll << 30}};
    all["namespace"] = render_namespace(home, {.owner = "usr_1", .part = "wsp_1"}, "restricted");
    all["quota"] = render_quota(home, allowance);
    all["limits"] = render_limits(home, allowance);
    all["pullSecret"] = render_pull_secret(
        home,
        json::parse(
            R"({"metadata":{"name":"team","namespace":"berth","uid":"u","resourceVersion":"7","annotations":{"a":"b"}},
            "type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"e30="}})"));
    const auto written = json::write_pretty(all);
    if (const char* update = std::getenv("UPDATE"); update != nullptr && std::string(update) == "1")
        std::ofstream(golden) << written;
    std::ifstream file(golden);
    const std::string kept(std::istreambuf_iterator<char>(file), {});
    EXPECT_TRUE(kept == written) << "refresh with UPDATE=1 and look at the difference";
}

TEST(KubernetesRender, what_gets_files_or_secrets_waits_and_nothing_of_them_is_in_the_pod) {
    auto component = example();
    EXPECT_FALSE(read_pod(json::value(pod_of(component, example_place(), {{"serve"}}))).bound_late);
    component.files = {{"/etc/app", "CONTENT"}};
    component.secrets = {{SecretAs::file, "TOKEN", "/run/token", "1"}};
    const json::value pod(pod_of(component, example_place(), {{"serve"}}));
    EXPECT_TRUE(read_pod(pod).bound_late);
    const auto text = json::write(pod);
    EXPECT_NE(text.find(R"("/.berth/init","run","--wait","--tcp")"), std::string::npos) << text;
    EXPECT_NE(text.find(R"({"medium":"Memory","sizeLimit":"17Mi"})"), std::string::npos) << text;
    for (const auto* part : {"CONTENT", "TOKEN", "/etc/app", "/run/token"})
        EXPECT_EQ(text.find(part), std::string::npos) << part;
}

json::value as_object(json::object object) {
    return object;
}

TEST(KubernetesRender, what_we_made_bears_its_mark_and_what_somebody_changed_does_not) {
    const auto place = example_place();
    auto policy = as_object(render_policy(place, id, owner, Egress::none));
    EXPECT_FALSE(read_policy(policy).edited);
    policy.at("metadata").at("annotations").as_object()["somebody"] = "was here";
    policy.at("spec").as_object()["policyTypes"] = json::array{"Ingress", "Egress"};
    EXPECT_FALSE(read_policy(policy).edited);
    for (const char* part : {"ingress", "egress", "podSelector", "policyTypes"}) {
        auto opened = policy;
        opened.at("spec").as_object().erase(part);
        EXPECT_TRUE(read_policy(opened).edited) << part;
    }
    policy.at("spec").at("ingress").as_array().push_back(json::object());
    EXPECT_TRUE(read_policy(policy).edited);

    const NetworkMember member{"ide", {{.name = "http", .port = 8080}}};
    const auto service = as_object(render_service(place, id, owner, member));
    auto kept = service;
    // What a server fills in.
    kept.at("spec").as_object()["clusterIP"] = "10.96.0.1";
    kept.at("spec").as_object()["type"] = "ClusterIP";
    kept.at("spec").as_object()["externalIPs"] = json::array();
    kept.at("spec").as_object()["sessionAffinity"] = "None";
    EXPECT_FALSE(read_service(kept).object.edited);
    const auto change = [&](const char* part, json::value value) {
        auto changed = kept;
        changed.at("spec").as_object()[part] = std::move(value);
        return read_service(changed).object.edited;
    };
    EXPECT_TRUE(change("type", "NodePort"));
    EXPECT_TRUE(change("externalIPs", json::array{"203.0.113.7"}));
    EXPECT_TRUE(change("selector", json::object()));
    EXPECT_TRUE(change("ports", json::array()));
}

/// What Pod Security `level` forbids of a pod.
/// https://kubernetes.io/docs/concepts/security/pod-security-standards/
std::vector<std::string> breaches(const json::object& pod, bool restricted) {
    std::vector<std::string> found;
    const auto& spec = pod.at("spec").as_object();
    for (const char* key : {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"})
        if (spec.contains(key)) found.emplace_back(key);
    const std::set<std::string> kinds{"name",      "configMap", "emptyDir", "persistentVolumeClaim",
                                      "projected", "secret"};
    for (const auto& volume : spec.at("volumes").as_array())
        for (const auto& [key, value] : volume.as_object())
            if (!kinds.contains(std::string(key))) found.push_back("volume " + std::string(key));
    const auto& security = spec.at("securityContext").as_object();
    if (security.at("seccompProfile").at("type") != "RuntimeDefault") found.emplace_back("seccomp");
    if (restricted && (!security.contains("runAsNonRoot") || !security.at("runAsNonRoot").as_bool()))
        found.emplace_back("runAsNonRoot");
    if (restricted && security.contains("runAsUser") && security.at("runAsUser").as_int64() == 0)
        found.emplace_back("runAsUser");
    const std::set<std::string> baseline{"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
                                         "KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                                         "SETPCAP",     "SETUID", "SYS_CHROOT"};
    for (const auto& container : spec.at("containers").as_array()) {
        const auto& own = container.at("securityContext").as_object();
        if (own.contains("privileged")) found.emplace_back("privileged");
        if (restricted && own.at("allowPrivilegeEscalation").as_bool()) found.emplace_back("escalation");
        const auto& capabilities = own.at("capabilities").as_object();
        if (restricted && capabilities.at("drop") != json::array{"ALL"}) found.emplace_back("drop");
        if (const auto* add = capabilities.if_contains("add"))
            for (const auto& one : add->as_array()) {
                const std::string name(one.as_string());
                if (restricted ? name != "NET_BIND_SERVICE" : !baseline.contains(name)) found.push_back(name);
            }
        if (container.as_object().contains("ports"))
            for (const auto& port : container.at("ports").as_array())
                if (port.as_object().contains("hostPort")) found.emplace_back("hostPort");
    }
    return found;
}

TEST(KubernetesRender, a_strict_pod_keeps_to_restricted_in_every_branch) {
    for (const bool fixed_users : {true, false})
        for (const bool known : {true, false}) {
            auto place = example_place();
            place.fixed_users = fixed_users;
            const auto program = known ? std::optional<std::vector<std::string>>{{"serve"}} : std::nullopt;
            EXPECT_EQ(breaches(pod_of(example(), place, program), true), std::vector<std::string>());
        }
}

TEST(KubernetesRender, a_compat_pod_keeps_to_baseline_in_a_user_namespace_of_its_own) {
    const auto pod = pod_of(example(Profile::compat));
    EXPECT_EQ(breaches(pod, false), std::vector<std::string>());
    EXPECT_FALSE(breaches(pod, true).empty());
    EXPECT_EQ(pod.at("spec").at("hostUsers"), false);
}

TEST(KubernetesRender, a_gpu_is_asked_for_whole_under_the_name_that_the_cluster_gives_it) {
    auto component = example();
    component.resources.gpu = 2;
    auto place = example_place();
    place.gpu_resource = "amd.com/gpu";
    const auto pod = pod_of(component, place);
    const auto& resources = pod.at("spec").at("containers").as_array().front().at("resources");
    EXPECT_EQ(resources.at("limits").at("amd.com/gpu"), "2");
    EXPECT_EQ(resources.at("requests").at("amd.com/gpu"), "2") << "not divided by the overcommit";
    EXPECT_FALSE(json::write(pod_of(example(), place)).contains("amd.com/gpu"));
}

TEST(KubernetesRender, a_components_own_pull_secret_comes_besides_those_of_all) {
    auto component = example();
    component.pull_secret = "team";
    EXPECT_EQ(json::write(pod_of(component).at("spec").at("imagePullSecrets")),
              R"([{"name":"registry"},{"name":"team"}])");
}

TEST(KubernetesRender, a_volume_of_a_kind_has_its_storage_class) {
    auto place = example_place();
    place.storage_classes["ide"] = "slow";
    const auto class_of = [&](const std::string& kind) {
        const WorkloadVolume volume{.handle = "v", .size = {1}, .kind = kind};
        return render_claim(place, id, volume).at("spec").at("storageClassName");
    };
    EXPECT_EQ(class_of("ide"), "slow");
    EXPECT_EQ(class_of("desktop"), "fast");
}

TEST(KubernetesRender, a_volume_for_many_is_asked_for_so_and_binds_nobody_to_a_node) {
    auto place = example_place();
    const WorkloadVolume volume{.handle = "v", .size = {1}, .access_mode = AccessMode::ReadWriteMany};
    EXPECT_EQ(render_claim(place, id, volume).at("spec").at("accessModes"), json::array{"ReadWriteMany"});
    auto component = example();
    component.mounts = {{.volume = "v", .path = "/v", .access_mode = AccessMode::ReadWriteMany}};
    const auto pod = pod_of(component, place);
    EXPECT_FALSE(pod.at("spec").at("affinity").as_object().contains("podAffinity"));
    component.mounts.push_back({.volume = "one", .path = "/one"});
    const auto both = json::write(pod_of(component, place).at("spec").at("affinity"));
    EXPECT_TRUE(both.contains("volume.berth.dev/one"));
    EXPECT_FALSE(both.contains("volume.berth.dev/v\""));
}

/// What a node makes of a text: `$$` is one `$`, `$(NAME)` that variable.
std::string as_a_node_reads(std::string_view text) {
    std::string read;
    for (std::size_t i = 0; i < text.size(); ++i) {
        read += text[i];
        if (text[i] != '$' || i + 1 == text.size()) continue;
        if (text[i + 1] == '$')
            ++i;
        else if (text[i + 1] == '(')
            read += "put in";
    }
    return read;
}

TEST(KubernetesRender, a_program_gets_every_text_as_it_stands) {
    for (const std::string text : {"$(A)", "$$(A)", "$$", "$", "p@$$w$rd$", "$$$(A)$x", "a$(", "${A}", ""}) {
        auto component = example();
        component.env = {{"A", "b"}, {"B", text}};
        component.command = {{"sh", text}};
        component.args = {{text}};
        for (const auto& program : {std::optional<std::vector<std::string>>(), component.command}) {
            const auto pod = pod_of(component, example_place(), program);
            const auto& container = pod.at("spec").at("containers").as_array().front();
            const auto read = [](const json::value& there) { return as_a_node_reads(there.as_string()); };
            EXPECT_EQ(read(container.at("env").as_array().back().at("value")), text);
            EXPECT_EQ(read(container.at("command").as_array().back()), text);
            if (!program) EXPECT_EQ(read(container.at("args").as_array().back()), text);
        }
    }
}

TEST(KubernetesRender, ports_of_any_valid_names_and_with_one_number_are_accepted) {
    auto component = example();
    component.ports = {{.name = "1234567890123456", .port = 80},
                       {.name = "a--b", .port = 81},
                       {.name = "a-very-long-po-rt", .port = 82},
                       {.name = "again", .port = 80}};
    const auto pod = pod_of(component);
    EXPECT_EQ(json::write(pod.at("spec").at("containers").as_array().front().at("ports")),
              R"([{"containerPort":80},{"containerPort":81},{"containerPort":82}])");
    const auto service = render_service(example_place(), id, owner, {"ide", component.ports});
    std::vector<std::string> names;
    for (const auto& port : service.at("spec").at("ports").as_array())
        names.emplace_back(port.at("name").as_string());
    EXPECT_EQ(names, (std::vector<std::string>{"1234567890123456", "a--b", "a-very-long-po-rt"}));
}

TEST(KubernetesRender, strict_pods_get_users_of_their_own_where_an_administrator_says_that_they_can) {
    auto place = example_place();
    EXPECT_FALSE(pod_of(example(), place).at("spec").as_object().contains("hostUsers"));
    place.user_namespaces = true;
    EXPECT_EQ(pod_of(example(), place).at("spec").at("hostUsers"), false);
}

TEST(KubernetesRender, a_step_that_runs_once_is_process_1s_child_and_is_not_started_again) {
    auto component = example();
    component.run = Run::once;
    component.command = {{"git", "clone"}};
    const auto pod = pod_of(component, example_place(), component.command);
    EXPECT_EQ(pod.at("spec").at("restartPolicy"), "Never");
    const auto& command = pod.at("spec").at("containers").as_array().front().at("command").as_array();
    EXPECT_EQ(command.front(), "/.berth/init");
    EXPECT_EQ(command.back(), "clone");
}

TEST(KubernetesRender, a_pod_gets_no_token_and_no_fixed_user_where_the_cluster_gives_one) {
    auto place = example_place();
    place.fixed_users = false;
    const auto pod = pod_of(example(), place);
    EXPECT_EQ(pod.at("spec").at("automountServiceAccountToken"), false);
    EXPECT_FALSE(pod.at("spec").at("securityContext").as_object().contains("runAsUser"));
    EXPECT_FALSE(pod.at("spec").at("securityContext").as_object().contains("fsGroup"));
}

TEST(KubernetesRender, a_user_that_a_template_names_is_kept_where_the_cluster_gives_others) {
    auto place = example_place();
    place.fixed_users = false;
    auto component = example();
    component.user = 33;
    component.user_named = true;
    const auto pod = pod_of(component, place);
    EXPECT_EQ(pod.at("spec").at("securityContext").at("runAsUser"), 33);
    EXPECT_EQ(pod.at("spec").at("securityContext").at("fsGroup"), 0);
    EXPECT_EQ(breaches(pod, true), std::vector<std::string>());
}

TEST(KubernetesRender, an_image_is_asked_for_by_its_digest_only_where_any_node_can_get_it_so) {
    auto component = example();
    const auto image = [&] {
        return std::string(
            pod_of(component).at("spec").at("containers").as_array().at(0).at("image").as_string());
    };
    EXPECT_EQ(image(), "x:1");
    component.digest = "registry.example/x@sha256:" + std::string(64, 'a');
    EXPECT_EQ(image(), component.digest);
    component.digest = "sha256:" + std::string(64, 'a');
    EXPECT_EQ(image(), "x:1") << "what one machine calls it means nothing to a node";
}

TEST(KubernetesRender, the_grace_of_a_pod_is_never_shorter_than_its_stop_timeout) {
    EXPECT_EQ(pod_of(example()).at("spec").at("terminationGracePeriodSeconds"), 2);
}

// A small judge of NetworkPolicy objects.
// https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/

/// Who speaks to a pod, or is spoken to: another pod, or an address.
struct Party {
    std::string namespace_;
    std::map<std::string, std::string> labels;
    std::string address;
};

bool selects(const json::object& selector, const std::map<std::string, std::string>& labels) {
    if (!selector.contains("matchLabels")) return true;
    for (const auto& [key, value] : selector.at("matchLabels").as_object()) {
        const auto found = labels.find(std::string(key));
        if (found == labels.end() || found->second != value.as_string()) return false;
    }
    return true;
}

bool is_inside(const std::string& address, const std::string& range) {
    const auto where = boost::asio::ip::make_address(address);
    const bool six = range.find(':') != range.npos;
    if (where.is_v6() != six) return false;
    if (six) {
        const auto network = boost::asio::ip::make_network_v6(range);
        const boost::asio::ip::network_v6 host(where.to_v6(), network.prefix_length());
        return host.canonical() == network.canonical();
    }
    const auto network = boost::asio::ip::make_network_v4(range);
    const boost::asio::ip::network_v4 host(where.to_v4(), network.prefix_length());
    return host.canonical() == network.canonical();
}

bool matches(const json::object& peer, const Party& party) {
    if (const auto* block = peer.if_contains("ipBlock")) {
        // Pods' addresses are private: a block that is open to them would be a breach by itself.
        if (party.address.empty() || !is_inside(party.address, std::string(block->at("cidr").as_string())))
            return false;
        if (const auto* except = block->as_object().if_contains("except"))
            for (const auto& range : except->as_array())
                if (is_inside(party.address, std::string(range.as_string()))) return false;
        return true;
    }
    if (party.namespace_.empty()) return false;
    const auto* spaces = peer.if_contains("namespaceSelector");
    const std::map<std::string, std::string> own{{"kubernetes.io/metadata.name", party.namespace_}};
    if (spaces == nullptr ? party.namespace_ != "sessions" : !selects(spaces->as_object(), own)) return false;
    return selects(peer.at("podSelector").as_object(), party.labels);
}

/// `direction`: `ingress` or `egress`.
bool allows(const json::object& policy, const char* direction, const Party& party, int port,
            const std::string& protocol = "TCP") {
    for (const auto& rule : policy.at("spec").at(direction).as_array()) {
        bool open = !rule.as_object().contains("ports");
        if (!open)
            for (const auto& one : rule.at("ports").as_array()) {
                const auto from = one.at("port").as_int64();
                const auto* end = one.as_object().if_contains("endPort");
                open = open || (from <= port && port <= (end == nullptr ? from : end->as_int64()) &&
                                one.at("protocol").as_string() == protocol);
            }
        if (!open) continue;
        const char* whom = std::string(direction) == "ingress" ? "from" : "to";
        for (const auto& peer : rule.at(whom).as_array())
            if (matches(peer.as_object(), party)) return true;
    }
    return false;
}

const Party sibling{
    "sessions", {{label_instance, "5eed"}, {label_workload, "ses_1"}, {label_component, "db"}}, "10.1.0.1"};
const Party neighbour{"sessions", {{label_instance, "5eed"}, {label_workload, "ses_2"}}, "10.1.0.2"};
const Party namesake{"elsewhere", {{label_instance, "5eed"}, {label_workload, "ses_1"}}, "10.1.0.3"};
const Party gateway{"berth", {{"app", "berth"}}, "10.1.0.4"};
const Party false_gateway{"sessions", {{"app", "berth"}}, "10.1.0.5"};
const Party resolver{"kube-system", {{"k8s-app", "kube-dns"}}, "10.1.0.6"};
const Party internet{"", {}, "1.1.1.1"};

TEST(KubernetesPolicy, chooses_its_own_pods_and_denies_by_default) {
    const auto policy = render_policy(example_place(), id, owner, Egress::none);
    EXPECT_EQ(policy.at("spec").at("policyTypes"), (json::array{"Ingress", "Egress"}));
    const auto& chosen = policy.at("spec").at("podSelector").as_object();
    EXPECT_TRUE(selects(chosen, sibling.labels));
    EXPECT_FALSE(selects(chosen, neighbour.labels));
    EXPECT_FALSE(selects(chosen, {}));
}

TEST(KubernetesPolicy, lets_in_the_gateway_at_one_port_and_siblings_and_nobody_else) {
    for (const auto egress : {Egress::internet, Egress::none}) {
        const auto policy = render_policy(example_place(), id, owner, egress);
        EXPECT_TRUE(allows(policy, "ingress", sibling, 5432));
        EXPECT_TRUE(allows(policy, "ingress", gateway, init_port));
        EXPECT_FALSE(allows(policy, "ingress", gateway, 8080));
        for (const auto& party : {neighbour, namesake, false_gateway, resolver, internet})
            EXPECT_FALSE(allows(policy, "ingress", party, init_port)) << party.address;
    }
    auto outside = example_place();
    outside.gateway.reset();
    const auto policy = render_policy(outside, id, owner, Egress::none);
    EXPECT_FALSE(allows(policy, "ingress", gateway, init_port));
}

TEST(KubernetesPolicy, none_reaches_siblings_and_names_and_nothing_else) {
    const auto policy = render_policy(example_place(), id, owner, Egress::none);
    EXPECT_TRUE(allows(policy, "egress", sibling, 5432));
    EXPECT_TRUE(allows(policy, "egress", resolver, 53, "UDP"));
    EXPECT_TRUE(allows(policy, "egress", resolver, 53));
    EXPECT_FALSE(allows(policy, "egress", resolver, 8080));
    for (const auto& party : {neighbour, namesake, gateway, internet})
        EXPECT_FALSE(allows(policy, "egress", party, 443)) << party.address;
}

TEST(KubernetesPolicy, names_are_answered_at_a_range_too_where_one_is_configured) {
    auto place = example_place();
    const Party cache{.address = "169.254.20.10"};
    EXPECT_FALSE(allows(render_policy(place, id, owner, Egress::none), "egress", cache, 53, "UDP"));
    place.dns.push_back({.range = "169.254.20.10/32"});
    const auto policy = render_policy(place, id, owner, Egress::none);
    EXPECT_TRUE(allows(policy, "egress", cache, 53, "UDP"));
    EXPECT_TRUE(allows(policy, "egress", resolver, 53, "UDP"));
    EXPECT_FALSE(allows(policy, "egress", cache, 80));
}

TEST(KubernetesPolicy, internet_is_the_internet_without_what_is_private) {
    const auto policy = render_policy(example_place(), id, owner, Egress::internet);
    for (const char* open : {"1.1.1.1", "93.184.216.34", "2606:4700::1111", "9.255.255.255", "172.32.0.1"})
        EXPECT_TRUE(allows(policy, "egress", {.address = open}, 443)) << open;
    for (const char* closed :
         {"10.0.0.1",    "172.16.0.1",   "172.31.255.255", "192.168.1.1",     "169.254.169.254", "100.64.0.1",
          "127.0.0.1",   "0.0.0.0",      "224.0.0.1",      "255.255.255.255", "198.18.0.1",      "::1",
          "fd00::1",     "fe80::1",      "fd00:ec2::254",  "64:ff9b::a00:1",  "2002:a00:1::1",   "ff02::1",
          "2001:db8::1", "3fff::1",      "5f00::1",        "fec0::1",         "192.0.0.192",     "192.0.2.1",
          "203.0.113.7", "168.63.129.16"})
        EXPECT_FALSE(allows(policy, "egress", {.address = closed}, 443)) << closed;
    for (const auto& party : {neighbour, namesake, gateway})
        EXPECT_FALSE(allows(policy, "egress", party, 443)) << party.address;
}

TEST(KubernetesPolicy, what_an_administrator_closes_is_closed_and_what_they_open_is_open_at_its_ports) {
    auto place = example_place();
    // Nodes, services or an API server with public addresses.
    place.closed.insert(place.closed.end(), {"35.0.0.0/8", "2600:1f00::/24"});
    place.open = {read_range("10.1.0.0/16:5432", ""), read_range("10.2.0.0/24:8000-8099", ""),
                  read_range("fd00:1::/64:443", ""), read_range("192.168.7.0/24", "")};
    const auto policy = render_policy(place, id, owner, Egress::internet);
    const auto open = [&](const char* address, int port, const char* protocol = "TCP") {
        return allows(policy, "egress", {.address = address}, port, protocol);
    };
    EXPECT_FALSE(open("35.1.2.3", 443));
    EXPECT_FALSE(open("2600:1f00::1", 443));
    EXPECT_TRUE(open("34.1.2.3", 443));
    EXPECT_TRUE(open("10.1.255.7", 5432));
    EXPECT_TRUE(open("10.1.255.7", 5432, "UDP"));
    EXPECT_FALSE(open("10.1.255.7", 5433));
    EXPECT_FALSE(open("10.2.1.1", 8000)) << "beside the range";
    for (const int port : {8000, 8050, 8099}) EXPECT_TRUE(open("10.2.0.1", port));
    for (const int port : {7999, 8100}) EXPECT_FALSE(open("10.2.0.1", port));
    EXPECT_TRUE(open("fd00:1::7", 443));
    EXPECT_FALSE(open("fd00:1::7", 80));
    EXPECT_FALSE(open("fd00:2::7", 443));
    for (const int port : {1, 443, 65535}) EXPECT_TRUE(open("192.168.7.9", port));
    const auto none = render_policy(place, id, owner, Egress::none);
    EXPECT_FALSE(allows(none, "egress", {.address = "10.1.255.7"}, 5432)) << "none is none";
}

TEST(KubernetesPolicy, the_api_server_stays_closed_in_a_wider_range_that_is_open) {
    auto place = example_place();
    place.closed.push_back("34.9.8.7/32");
    place.server = {"10.0.0.5/32", "34.9.8.7/32", "fd00::5/128"};
    place.open = {read_range("10.0.0.0/8", ""), read_range("fd00::/8:443", "")};
    const auto open = [&](const char* address) {
        return allows(render_policy(place, id, owner, Egress::internet), "egress", {.address = address}, 443);
    };
    for (const char* server : {"10.0.0.5", "34.9.8.7", "fd00::5"}) EXPECT_FALSE(open(server)) << server;
    for (const char* beside : {"10.0.0.6", "34.9.8.8", "fd00::6"}) EXPECT_TRUE(open(beside)) << beside;
    place.open.push_back(read_range("10.0.0.5/32:443", ""));
    EXPECT_TRUE(open("10.0.0.5")) << "an administrator opened just that";
    EXPECT_FALSE(open("fd00::5"));
}

TEST(KubernetesPolicy, has_the_same_rules_for_each_workload_and_others_for_another_configuration) {
    const auto rules = [](const Place& place, const WorkloadId& whose, Egress egress) {
        return read_policy(render_policy(place, whose, owner, egress)).rules;
    };
    const auto place = example_place();
    const auto usual = rules(place, id, Egress::internet);
    EXPECT_EQ(rules(place, {"ses_2"}, Egress::internet), usual);
    EXPECT_NE(rules(place, id, Egress::none), usual);
    auto changed = place;
    changed.gateway->labels["app"] = "other";
    EXPECT_NE(rules(changed, id, Egress::internet), usual);
    changed = place;
    changed.open = {read_range("10.1.0.0/16:5432", "")};
    EXPECT_NE(rules(changed, id, Egress::internet), usual);
}

}  // namespace
}  // namespace berth::engine::kubernetes
