#pragma once

#include <string>
#include <vector>

#include "engine/kubernetes/render.hpp"
#include "engine/kubernetes/seen.hpp"

/// Sessions' hosts as objects of the cluster that lead to us: an Ingress or HTTPRoute each, beside our own
/// Service, whose certificates and controllers they share. Pure.
namespace berth::engine::kubernetes {

enum class RouteKind { none, ingress, http_route };

/// A Gateway that an HTTPRoute joins, or one listener of it.
struct RouteParent {
    std::string namespace_, name;
    std::string section;  ///< Empty: every listener that allows it.
};

/// How hosts are led to us, as an administrator decided.
struct RouteOptions {
    RouteKind kind = RouteKind::none;
    kube::Key
        service;  ///< Ours: where the hosts lead. What is made stands in its namespace and belongs to it.
    int port = 80;
    std::string class_;                ///< Of an Ingress; empty: the cluster's default.
    std::string tls_secret;            ///< Of an Ingress; empty: no TLS there.
    std::vector<RouteParent> parents;  ///< Of an HTTPRoute.
    json::object annotations;          ///< On each.
};

/// `NAMESPACE/NAME[/LISTENER]`, several separated by commas. Throws `invalid` (`invalid_config`).
std::vector<RouteParent> read_parents(const std::vector<std::string>& texts);
/// `NAMESPACE/NAME:PORT` into `service` and `port`. Throws `invalid` (`invalid_config`).
void read_service(const std::string& text, RouteOptions& options);

const kube::Resource& resource_of(RouteKind kind);

/// The object, with what it says of itself in `note_route`: one that was rendered otherwise is to be made
/// anew. `service`: ours, as it is now.
json::object render_route(const Place& place, const RouteOptions& options, const WorkloadId& id,
                          const Owner& service, const std::vector<std::string>& hosts);

/// Whether it is as `render_route` makes it for its hosts, and nobody has edited it since.
bool is_as_rendered(const SeenRoute& route, const RouteOptions& options);

}  // namespace berth::engine::kubernetes
