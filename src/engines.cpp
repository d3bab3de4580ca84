#include "engines.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "embedded.hpp"
#include "engine/container/container_engine.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"
#include "engine/sim/sim.hpp"
#include "operator/mirror/definitions.hpp"

namespace berth {
namespace {

/// Puts the carried berth-init where containers can have it mounted.
std::string unpack_init(const Config& config) {
    const auto path = std::filesystem::absolute(data_path(config, "bin/berth-init"));
    std::filesystem::create_directories(path.parent_path());
    for (const auto& entry : embedded::below("/bin/berth-init")) {
        // Running containers hold the old file open: replace its name, never its bytes.
        const auto fresh = path.string() + ".new";
        std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
        file.write(entry.bytes.data(), static_cast<std::streamsize>(entry.bytes.size()));
        file.close();
        if (!file) throw Error(Kind::unavailable, "storage_failed", "cannot write " + fresh);
        std::filesystem::permissions(fresh, std::filesystem::perms(0755));
        std::filesystem::rename(fresh, path);
    }
    return path.string();
}

/// Where the cluster is, from what is configured or else from where we are.
kube::Cluster find_cluster(const Config& config) {
    if (!config.kubeconfig.empty()) return kube::read_kubeconfig(config.kubeconfig, config.kube_context);
    if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) return kube::inside_cluster();
    if (const char* named = std::getenv("KUBECONFIG"); named != nullptr && *named != '\0')
        return kube::read_kubeconfig(named, config.kube_context);
    const char* home = std::getenv("HOME");
    return kube::read_kubeconfig(std::string(home == nullptr ? "" : home) + "/.kube/config",
                                 config.kube_context);
}

/// `NAMESPACE/LABEL=VALUE` or a range of addresses.
std::optional<engine::kubernetes::Peers> read_peers(const std::string& text) {
    if (text.empty()) return std::nullopt;
    const auto slash = text.find('/');
    if (slash != text.npos && text.find_first_not_of("0123456789", slash + 1) == text.npos)
        return engine::kubernetes::Peers{.range = text};
    const auto equals = text.rfind('=');
    if (slash == text.npos || equals == text.npos || equals < slash)
        throw Error(Kind::invalid, "invalid_config",
                    "gatewayPods: expected NAMESPACE/LABEL=VALUE or a range of addresses");
    engine::kubernetes::Peers peers{.namespace_ = text.substr(0, slash)};
    peers.labels[text.substr(slash + 1, equals - slash - 1)] = text.substr(equals + 1);
    return peers;
}

engine::kubernetes::RouteOptions read_routes(const Config& config) {
    engine::kubernetes::RouteOptions routes{.class_ = config.route_class,
                                            .tls_secret = config.route_tls_secret,
                                            .annotations = config.route_annotations};
    if (config.session_routes == "none") return routes;
    routes.kind = config.session_routes == "ingress" ? engine::kubernetes::RouteKind::ingress
                                                     : engine::kubernetes::RouteKind::http_route;
    engine::kubernetes::read_service(config.gateway_service, routes);
    routes.parents = engine::kubernetes::read_parents(words_of(config.route_parents));
    return routes;
}

/// Of the machine that berth-init was built for, as nodes say it.
constexpr const char* architecture =
#if defined(__aarch64__)
    "arm64";
#else
    "amd64";
#endif

/// Without the definitions Berth works, but not for kubectl; older ones are a mistake, and so are any without
/// the policy that says who may write what.
Task<engine::Check> check_definitions(kube::Client& client) {
    engine::Check check{.name = "custom resources"};
    try {
        const auto known = co_await control::mirror::look_at_definitions(client);
        check.passed = known != control::mirror::Known::older;
        std::tie(check.message, check.fix) = control::mirror::words_of(known);
        if (check.passed) check.fix.clear();
        if (known != control::mirror::Known::yes) co_return check;
        if (const auto why = co_await control::mirror::find_unguarded(client))
            check = {.name = check.name, .passed = false, .message = why->user, .fix = why->next};
    } catch (const Error& error) {
        check.message = error.user;
        check.fix = "let Berth's account get the definitions of berth.dev";
    }
    co_return check;
}

engine::KubernetesOptions kubernetes_options(const Config& config, const Installation& installation) {
    engine::KubernetesOptions options{.cluster = find_cluster(config),
                                      .instance = installation.instance,
                                      .secret = installation.secret,
                                      .namespace_ = config.session_namespace,
                                      .pod_security = config.pod_security,
                                      .space_quota = config.namespace_quota,
                                      .architecture = architecture,
                                      .storage_class = config.storage_class,
                                      .storage_classes = config.storage_classes,
                                      .gpu_resource = config.gpu_resource,
                                      .pull_secrets = words_of(config.pull_secrets),
                                      .open_ranges = words_of(config.open_ranges),
                                      .closed_ranges = words_of(config.closed_ranges),
                                      .dns_ranges = words_of(config.dns_ranges),
                                      .gateway = read_peers(config.gateway_pods),
                                      .pod_overlay = config.pod_overlay,
                                      .pod_overlays = config.pod_overlays,
                                      .overcommit = config.cpu_overcommit,
                                      .routes = read_routes(config)};
    options.checks.emplace_back(check_definitions);
    options.client.requests_max = config.cluster_requests;
    options.client.user_agent = std::string("berth/") + BERTH_VERSION;
    for (const auto& entry : embedded::below("/bin/berth-init")) options.init_program = entry.bytes;
    if (config.session_namespaces == "user") options.spread = engine::kubernetes::Spread::by_owner;
    if (config.session_namespaces == "workspace") options.spread = engine::kubernetes::Spread::by_part;
    if (config.user_namespaces == "on") options.user_namespaces = engine::UserNamespaces::on;
    if (config.user_namespaces == "auto") options.user_namespaces = engine::UserNamespaces::automatic;
    if (config.pod_access == "direct") options.reach = engine::Reach::direct;
    if (config.pod_access == "forward") options.reach = engine::Reach::forward;
    return options;
}

}  // namespace

std::unique_ptr<engine::Engine> make_engine(const Config& config, const Installation& installation,
                                            Clock& clock, asio::any_io_executor executor,
                                            const std::vector<catalog::Starter>& starters,
                                            engine::MaterialSource materials) {
    if (config.engine == "sim") {
        auto simulated = std::make_unique<engine::SimEngine>(clock, executor, engine::Faults{}, 1);
        simulated->set_materials(std::move(materials));
        return simulated;
    }
    if (config.engine == "kubernetes") {
        auto options = kubernetes_options(config, installation);
        options.materials = std::move(materials);
        return std::make_unique<engine::KubernetesEngine>(executor, clock, std::move(options));
    }
    engine::ContainerOptions options{.socket = config.engine_socket,
                                     .data = std::filesystem::absolute(config.data_directory).string(),
                                     .instance = installation.instance,
                                     .init = unpack_init(config),
                                     .base_image = config.base_image,
                                     .materials = std::move(materials)};
    for (const auto& starter : starters) options.builds.push_back({starter.image, starter.context});
    return std::make_unique<engine::ContainerEngine>(executor, clock, std::move(options));
}

std::unique_ptr<control::Lease> make_lease(const Config& config, const std::string& instance, Clock& clock,
                                           asio::any_io_executor executor) {
    if (config.engine != "kubernetes" || config.lease.empty()) return nullptr;
    control::LeaseOptions options{
        .cluster = find_cluster(config), .name = config.lease, .instance = instance};
    options.namespace_ = options.cluster.inside ? options.cluster.namespace_ : config.session_namespace;
    if (const auto slash = config.lease.find('/'); slash != config.lease.npos) {
        options.namespace_ = config.lease.substr(0, slash);
        options.name = config.lease.substr(slash + 1);
    }
    options.client.user_agent = std::string("berth/") + BERTH_VERSION;
    return std::make_unique<control::Lease>(std::move(options), clock, std::move(executor));
}

}  // namespace berth
