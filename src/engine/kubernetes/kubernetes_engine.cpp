#include "engine/kubernetes/kubernetes_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/log.hpp"
#include "base/timeout.hpp"
#include "engine/container/names.hpp"
#include "kube/refusal.hpp"
#include "net/base64.hpp"

namespace berth::engine {

using namespace kubernetes;

namespace {

constexpr Duration prepare_again{std::chrono::seconds(2)};
constexpr Duration start_limit{std::chrono::seconds(5)};
constexpr Duration resolve_limit{std::chrono::seconds(5)};
constexpr int nodes_page = 100;              // A node is large.
constexpr std::size_t init_max = 1'000'000;  // What a ConfigMap holds, as base64 and with the rest.

}  // namespace

KubernetesEngine::KubernetesEngine(asio::any_io_executor executor, Clock& clock, KubernetesOptions options)
    : executor_(executor),
      clock_(clock),
      options_(std::move(options)),
      client_(options_.cluster, options_.client, clock, executor),
      forwards_(std::make_unique<Forwards>(client_, clock, executor)),
      tasks_(executor) {
    if (options_.init_program.size() > init_max)
        throw Error(Kind::internal, "internal", "berth-init is too large for a ConfigMap");
    place_ = {.instance = options_.instance,
              .namespace_ = options_.namespace_,
              .spread = options_.spread,
              .init_config_map = init_prefix + sha256(options_.init_program).substr(0, 10),
              .architecture = options_.architecture,
              .storage_class = options_.storage_class,
              .storage_classes = options_.storage_classes,
              .pull_secrets = options_.pull_secrets,
              .gpu_resource = options_.gpu_resource,
              .user_namespaces = options_.user_namespaces == UserNamespaces::on,
              .gateway = options_.gateway,
              .dns = {{.labels = {{"k8s-app", "kube-dns"}}},
                      {.namespace_ = "openshift-dns",
                       .labels = {{"dns.operator.openshift.io/daemonset-dns", "default"}}}},
              .overlay = options_.pod_overlay,
              .overlays = options_.pod_overlays,
              .overcommit = options_.overcommit};
    check_overlay("podOverlay", place_.overlay);
    for (const auto& [kind, overlay] : place_.overlays) check_overlay("podOverlays." + kind, overlay);
    set_ranges();
    pods_ = make_shelf<SeenPod>("pods", read_pod);
    services_ = make_shelf<SeenService>("services", read_service);
    config_maps_ = make_shelf<SeenConfigMap>("configmaps", read_config_map);
    secrets_ = make_shelf<SeenObject>("secrets", read_object);
    policies_ = make_shelf<SeenObject>("networkpolicies", read_policy);
    claims_ = make_shelf<SeenObject>("persistentvolumeclaims", read_object);
    if (leads_hosts()) routes_ = make_shelf<SeenRoute>("routes", read_route);
}

KubernetesEngine::~KubernetesEngine() = default;

template <class Seen>
std::unique_ptr<Shelf<Seen>> KubernetesEngine::make_shelf(const char* what,
                                                          Seen (*read)(const json::value&)) {
    lost_[what] = "not followed yet";
    return std::make_unique<Shelf<Seen>>(
        read, [this](const SeenObject& object) { moved(object); },
        [this, what](const std::optional<Error>& failure) { note(what, failure); });
}

/// What cannot be followed is not known: the engine is down while any kind is.
void KubernetesEngine::note(const char* what, const std::optional<Error>& failure) {
    const bool was_down = down_.has_value();
    if (failure)
        lost_[what] = failure->user;
    else
        lost_.erase(what);
    down_.reset();
    if (!lost_.empty()) down_ = lost_.begin()->second;
    if (!was_down || down_ || !moved_) return;
    // Whatever happened meanwhile is on the shelves now.
    std::set<WorkloadId> all;
    for (const auto& [id, keys] : pods_->workloads()) all.insert(id);
    for (const auto& [id, keys] : config_maps_->workloads()) all.insert(id);
    if (routes_)
        for (const auto& [id, keys] : routes_->workloads()) all.insert(id);
    for (const auto& id : all)
        if (!id.empty()) moved_(id);
}

void KubernetesEngine::require_up() const {
    if (down_)
        throw Error(Kind::unavailable, "engine_unavailable", "the cluster does not answer: " + *down_,
                    "check that it can be reached: berth doctor says more");
}

template <class Seen>
void KubernetesEngine::follow(kube::Resource resource, kube::Detail detail, Shelf<Seen>& shelf,
                              const std::string& namespace_) {
    kube::WatchOptions watch{
        .resource = resource,
        .selection = {.namespace_ = namespace_, .labels = selector_of(options_.instance)},
        .detail = detail,
        .seed = options_.seed};
    tasks_.start("follow " + std::string(resource.plural), kube::follow(client_, clock_, watch, shelf));
}

Task<> KubernetesEngine::start() {
    tasks_.start("prepare the cluster", prepare());
    // Whoever waits for the start should know whether it worked, when that is soon known.
    for (const auto until = clock_.now() + start_limit; down_ && clock_.now() < until;)
        co_await clock_.sleep(std::chrono::milliseconds(10));
}

Task<> KubernetesEngine::stop() {
    tasks_.cancel();
    co_await tasks_.join();
    co_await forwards_->stop();
    client_.close_idle();
}

/// What has to be known; then everything of ours is followed. Tried until it works.
Task<> KubernetesEngine::prepare() {
    while (true) {
        std::optional<Error> failure;
        try {
            co_await learn_platform();
            co_await learn_user_namespaces();
            co_await learn_server();
        } catch (const Error& error) {
            failure = error;
        }
        if (!failure) break;
        if (down_ != failure->user)
            log::warning("the cluster cannot be prepared", {{"error", failure->what()}});
        down_ = failure->user;
        co_await clock_.sleep(prepare_again);
    }
    using kube::Detail;
    const auto home = options_.spread == Spread::shared ? options_.namespace_ : std::string();
    follow(kube::pods, Detail::whole, *pods_, home);
    follow(kube::services, Detail::whole, *services_, home);
    follow(kube::config_maps, Detail::metadata, *config_maps_, home);
    follow(kube::secrets, Detail::metadata, *secrets_, home);
    follow(kube::network_policies, Detail::whole, *policies_, home);
    follow(kube::claims, Detail::metadata, *claims_, home);
    const auto& routes = options_.routes;
    if (leads_hosts()) follow(resource_of(routes.kind), Detail::whole, *routes_, routes.service.namespace_);
}

/// The namespace of the sessions. One that we make enforces the strictest of the Pod Security Standards.
Task<> KubernetesEngine::prepare_namespace() {
    const auto there = co_await client_.find(kube::namespaces, {"", options_.namespace_});
    if (there) co_return;
    json::object labels{{label_managed, "berth"}, {label_security, options_.pod_security}};
    const json::object about{{"name", options_.namespace_}, {"labels", labels}};
    const bool made = co_await create_if_missing(kube::namespaces, {{"metadata", about}});
    if (made) log::info("namespace made", {{"namespace", options_.namespace_}});
}

/// berth-init is process 1 of every pod: that it is ours is looked at once, and it cannot change then.
Task<> KubernetesEngine::prepare_init(std::string home) {
    const kube::Key key{home, place_.init_config_map};
    const auto* known = config_maps_->find(key);
    if (known != nullptr && inits_[home] == known->object.uid) co_return;
    auto object = render_init(place_in(home), net::base64_encode(options_.init_program));
    const auto wanted = object;
    auto there = co_await client_.find(kube::config_maps, key);
    if (!there) {
        co_await create_if_missing(kube::config_maps, std::move(object));
        there = co_await client_.find(kube::config_maps, key);
    }
    if (!there) throw Error(Kind::busy, "changing", fmt::format("{} has just gone", berth::quoted(key.name)));
    const bool ours =
        kube::text_at(*there, {"metadata", "labels", kubernetes::label_instance}) == options_.instance;
    const bool same = std::ranges::all_of(std::array{"immutable", "binaryData"}, [&](const char* part) {
        const auto* found = kube::find_at(*there, {part});
        return found != nullptr && *found == wanted.at(part);
    });
    if (!ours || !same) throw taken(kube::config_maps, key.name);
    inits_[home] = read_object(*there).uid;
    config_maps_->seen(*there);
}

/// False when it was there already: another replica was faster.
Task<bool> KubernetesEngine::create_if_missing(kube::Resource resource, json::object object) {
    try {
        co_await client_.create(resource, std::move(object));
        co_return true;
    } catch (const Error& error) {
        if (error.code != "already_exists") throw;
    }
    co_return false;
}

/// OpenShift gives every namespace users of its own, and refuses pods that name theirs.
Task<> KubernetesEngine::learn_platform() {
    try {
        co_await client_.get_path("/apis/security.openshift.io");
        place_.fixed_users = false;
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
        place_.fixed_users = true;
    }
}

/// Whether a pod that wants a user namespace of its own finds a node: only the nodes know, and an account
/// that may not look at them takes no chance.
///
/// https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/
Task<> KubernetesEngine::learn_user_namespaces() {
    if (options_.user_namespaces != UserNamespaces::automatic) co_return;
    std::string why, next;
    try {
        do {
            auto page = co_await client_.list(kube::nodes, {}, nodes_page, next);
            const json::object some{{"items", json::array(page.items.begin(), page.items.end())}};
            why = why_no_user_namespaces(some);
            next = page.next;
        } while (why.empty() && !next.empty());
    } catch (const Error& error) {
        if (error.kind != Kind::forbidden) throw;
        why = error.user;
    }
    if (!why.empty()) log::info("pods share the users of their nodes", {{"because", why}});
    place_.user_namespaces = why.empty();
}

/// Throws for what is no range.
void KubernetesEngine::set_ranges() {
    place_.closed = special_ranges();
    for (const auto& range : options_.closed_ranges)
        place_.closed.push_back(read_cidr(range, "closedRanges"));
    for (const auto& range : options_.open_ranges) place_.open.push_back(read_range(range, "openRanges"));
    for (const auto& range : options_.dns_ranges)
        place_.dns.push_back({.range = read_cidr(range, "dnsRanges")});
}

/// Closes the API server, at the addresses where we find it and at those that its Service leads to: a policy
/// is about the latter. They are those of now: what it moves to later is closed by our next start.
Task<> KubernetesEngine::learn_server() {
    std::set<std::string> found;
    const auto& address = options_.cluster.address;
    if (const auto range = range_of(address.host); !range.empty())
        found.insert(range);
    else if (address.unix_path.empty())
        found = co_await finish_within(clock_, resolve_limit, address.host, resolve(address.host));
    for (auto& range : co_await find_endpoints()) found.insert(std::move(range));
    place_.server.assign(found.begin(), found.end());
    for (const auto& range : place_.server)
        if (std::ranges::none_of(place_.closed, [&](const auto& all) { return covers(all, range); }))
            place_.closed.push_back(range);
    rules_.clear();
    for (const auto egress : {Egress::internet, Egress::none})
        rules_.insert(read_policy(render_policy(place_, {}, {}, egress)).rules);
}

Task<std::set<std::string>> KubernetesEngine::resolve(std::string host) {
    asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
    std::set<std::string> ranges;
    boost::system::error_code wrong;
    const auto answers =
        co_await resolver.async_resolve(host, "", asio::redirect_error(asio::use_awaitable, wrong));
    if (wrong)
        throw Error(Kind::unavailable, "cluster_unavailable",
                    fmt::format("{} has no address: {}", host, wrong.message()));
    for (const auto& answer : answers) ranges.insert(range_of(answer.endpoint().address().to_string()));
    co_return ranges;
}

/// Of the API server, as it publishes them itself; none for an account that may not look.
///
/// https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
Task<std::vector<std::string>> KubernetesEngine::find_endpoints() {
    std::vector<std::string> ranges;
    std::optional<json::value> slice;
    try {
        slice = co_await client_.find(kube::endpoint_slices, {"default", "kubernetes"});
    } catch (const Error& error) {
        if (error.kind != Kind::forbidden) throw;
        log::info("the API server's own addresses are not known", {{"because", error.user}});
    }
    const auto* endpoints = slice ? kube::find_at(*slice, {"endpoints"}) : nullptr;
    if (endpoints == nullptr || !endpoints->is_array()) co_return ranges;
    for (const auto& endpoint : endpoints->get_array()) {
        const auto* addresses = kube::find_at(endpoint, {"addresses"});
        if (addresses == nullptr || !addresses->is_array()) continue;
        for (const auto& address : addresses->get_array())
            if (auto range =
                    address.is_string() ? range_of(std::string(address.get_string())) : std::string();
                !range.empty())
                ranges.push_back(std::move(range));
    }
    co_return ranges;
}

}  // namespace berth::engine
