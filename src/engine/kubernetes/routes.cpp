#include "engine/kubernetes/routes.hpp"

#include <fmt/format.h>

#include <charconv>

#include "engine/container/names.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"

namespace berth::engine {
namespace kubernetes {
namespace {

json::array texts(const std::vector<std::string>& list) {
    json::array made;
    for (const auto& text : list) made.push_back(json::value(text));
    return made;
}

json::object ingress_spec(const RouteOptions& options, const std::vector<std::string>& hosts) {
    const json::object service{{"name", options.service.name},
                               {"port", json::object{{"number", options.port}}}};
    const json::object path{
        {"path", "/"}, {"pathType", "Prefix"}, {"backend", json::object{{"service", service}}}};
    json::array rules;
    for (const auto& host : hosts)
        rules.push_back(json::object{{"host", host}, {"http", json::object{{"paths", json::array{path}}}}});
    json::object spec{{"rules", rules}};
    if (!options.class_.empty()) spec["ingressClassName"] = options.class_;
    if (!options.tls_secret.empty())
        spec["tls"] = json::array{json::object{{"hosts", texts(hosts)}, {"secretName", options.tls_secret}}};
    return spec;
}

json::object http_route_spec(const RouteOptions& options, const std::vector<std::string>& hosts) {
    json::array parents;
    for (const auto& parent : options.parents) {
        json::object reference{{"group", "gateway.networking.k8s.io"},
                               {"kind", "Gateway"},
                               {"namespace", parent.namespace_},
                               {"name", parent.name}};
        if (!parent.section.empty()) reference["sectionName"] = parent.section;
        parents.push_back(std::move(reference));
    }
    const json::object backend{{"name", options.service.name}, {"port", options.port}};
    // Terminals stay open for hours, and uploads take as long as they take.
    const json::object limits{{"request", "0s"}, {"backendRequest", "0s"}};
    const json::object rule{{"backendRefs", json::array{backend}}, {"timeouts", limits}};
    return {{"parentRefs", parents}, {"hostnames", texts(hosts)}, {"rules", json::array{rule}}};
}

json::object spec_of(const RouteOptions& options, const std::vector<std::string>& hosts) {
    return options.kind == RouteKind::ingress ? ingress_spec(options, hosts)
                                              : http_route_spec(options, hosts);
}

std::string digest_of(const RouteOptions& options, const std::vector<std::string>& hosts) {
    const json::object all{{"spec", spec_of(options, hosts)}, {"annotations", options.annotations}};
    return sha256(json::write(all)).substr(0, 16);
}

}  // namespace

std::vector<RouteParent> read_parents(const std::vector<std::string>& list) {
    std::vector<RouteParent> parents;
    for (const auto& text : list) {
        const auto slash = text.find('/');
        const auto second = slash == text.npos ? slash : text.find('/', slash + 1);
        RouteParent parent;
        parent.namespace_ = text.substr(0, slash);
        if (slash != text.npos) parent.name = text.substr(slash + 1, second - slash - 1);
        if (second != text.npos) parent.section = text.substr(second + 1);
        if (parent.namespace_.empty() || parent.name.empty() || parent.section.find('/') != text.npos)
            throw Error(Kind::invalid, "invalid_config",
                        "routeParents: " + berth::quoted(text) +
                            ": expected NAMESPACE/GATEWAY or "
                            "NAMESPACE/GATEWAY/LISTENER");
        parents.push_back(std::move(parent));
    }
    return parents;
}

void read_service(const std::string& text, RouteOptions& options) {
    const auto slash = text.find('/');
    const auto colon = text.rfind(':');
    int port = 0;
    bool good = slash != text.npos && colon != text.npos && slash > 0 && colon > slash + 1;
    if (good) {
        const auto [end, failure] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
        good = failure == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65535;
    }
    if (!good)
        throw Error(Kind::invalid, "invalid_config",
                    "gatewayService: " + berth::quoted(text) + ": expected NAMESPACE/NAME:PORT");
    options.service = {text.substr(0, slash), text.substr(slash + 1, colon - slash - 1)};
    options.port = port;
}

const kube::Resource& resource_of(RouteKind kind) {
    return kind == RouteKind::ingress ? kube::ingresses : kube::http_routes;
}

json::object render_route(const Place& place, const RouteOptions& options, const WorkloadId& id,
                          const Owner& service, const std::vector<std::string>& hosts) {
    json::object notes = options.annotations;
    notes[note_route] = digest_of(options, hosts);
    const json::object owner{{"apiVersion", "v1"},
                             {"kind", "Service"},
                             {"name", service.name},
                             {"uid", service.uid},
                             {"blockOwnerDeletion", false}};
    const json::object about{{"name", workload_name(id)},
                             {"namespace", options.service.namespace_},
                             {"labels", labels_of(place.instance, id)},
                             {"annotations", notes},
                             {"ownerReferences", json::array{owner}}};
    return {{"metadata", about}, {"spec", spec_of(options, hosts)}};
}

bool is_as_rendered(const SeenRoute& route, const RouteOptions& options) {
    return !route.edited && route.note == digest_of(options, route.hosts);
}

}  // namespace kubernetes

using namespace kubernetes;

// What the engine does with them.

bool KubernetesEngine::leads_hosts() const {
    return options_.routes.kind != RouteKind::none;
}

std::optional<std::vector<std::string>> KubernetesEngine::hosts_led(const WorkloadId& id) const {
    if (!leads_hosts()) return std::nullopt;
    const auto* route = routes_->find({options_.routes.service.namespace_, workload_name(id)});
    std::vector<std::string> hosts;
    if (route == nullptr || route->object.workload != id) return hosts;
    if (!route->object.ending && is_as_rendered(*route, options_.routes)) return route->hosts;
    // One that is on its way out, or not as it should be, is there all the same.
    hosts.emplace_back();
    return hosts;
}

/// What the controller of a Gateway says against a route.
void KubernetesEngine::add_route_condition(const WorkloadId& id, Observed& observed) const {
    if (!leads_hosts()) return;
    const auto* route = routes_->find({options_.routes.service.namespace_, workload_name(id)});
    if (route != nullptr && !route->refused.empty())
        observed.conditions.push_back({.type = "RouteRefused", .message = route->refused});
}

Task<> KubernetesEngine::make(WorkloadId id, PublishHosts change) {
    const auto& routes = options_.routes;
    if (!leads_hosts()) co_return;
    const auto service = co_await client_.find(kube::services, routes.service, kube::Detail::metadata);
    if (!service)
        throw Error(Kind::unavailable, "gateway_service_missing",
                    fmt::format("there is no service {} in namespace {} to lead hosts to",
                                berth::quoted(routes.service.name), berth::quoted(routes.service.namespace_)),
                    "make it, or name the right one in gatewayService");
    const Owner owner{routes.service.name, read_object(*service).uid};
    auto object = render_route(place_, routes, id, owner, change.hosts);
    const auto made = co_await create(id, resource_of(routes.kind), std::move(object), owner.uid);
    const auto there = read_route(made);
    if (there.hosts == change.hosts && is_as_rendered(there, routes)) {
        routes_->seen(made);
        co_return;
    }
    // An older one, or one that somebody edited: the next look makes it anew.
    co_await remove_route(there.object);
    throw Error(Kind::busy, "still_ending", "the previous route of this session is being removed");
}

Task<> KubernetesEngine::make(WorkloadId id, WithdrawHosts) {
    if (!leads_hosts()) co_return;
    const auto* route = routes_->find({options_.routes.service.namespace_, workload_name(id)});
    if (route != nullptr && route->object.workload == id && !route->object.ending)
        co_await remove_route(route->object);
}

Task<> KubernetesEngine::remove_route(SeenObject object) {
    auto left = co_await client_.remove(resource_of(options_.routes.kind), object.key, {.uid = object.uid});
    if (left)
        routes_->seen(*left);
    else
        routes_->gone(object);
}

}  // namespace berth::engine
