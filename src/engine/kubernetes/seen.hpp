#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/kubernetes/names.hpp"
#include "engine/probe.hpp"

/// A cluster's objects as we need to know them. Pure.
namespace berth::engine::kubernetes {

/// What every object of ours says of itself.
struct SeenObject {
    kube::Key key;
    std::string uid;
    std::string version;  ///< Grows with every change of the object.
    WorkloadId workload;  ///< Empty: of none.
    std::string component;
    std::string owner;  ///< Uid of what it belongs to.
    bool ending = false;
    bool edited = false;  ///< Somebody changed what we made: of policies and services only.
    std::string rules;    ///< Of a policy: see `policy_rules`.
    std::string source;   ///< Of a copy: the version of what it was copied from.
    bool operator==(const SeenObject&) const = default;
};

struct SeenPod {
    SeenObject object;
    ObservedComponent seen;  ///< But for readiness and last lines.
    ProbeSpec probe;
    bool bound_late = false;  ///< Its process 1 waits for what it starts with.
    std::string address;      ///< Its IP; empty until it has one.
    std::string node;
    std::vector<std::string> volumes;
    std::string init;         ///< The ConfigMap that its berth-init is from.
    std::string image;        ///< By the name that it was asked for.
    std::string fixed_image;  ///< By its digest, when any node can get it so.
    bool has_pull_secrets = false;
    bool lost = false;      ///< It runs as far as is known, and its node does not say so any more.
    int grace_seconds = 0;  ///< When it is ending: how long it may take for that.
    bool operator==(const SeenPod&) const = default;
};

struct SeenService {
    SeenObject object;
    std::string address;  ///< Its cluster IP.
    bool operator==(const SeenService&) const = default;
};

struct SeenConfigMap {
    SeenObject object;
    std::vector<std::string> members;  ///< Components that have to have a service.
    bool operator==(const SeenConfigMap&) const = default;
};

/// An Ingress or HTTPRoute.
struct SeenRoute {
    SeenObject object;
    std::vector<std::string> hosts;
    std::string note;     ///< What it was rendered from.
    bool edited = false;  ///< Its spec is not what it was made with.
    std::string refused;  ///< Why a Gateway does not take it, in its controller's words.
    bool operator==(const SeenRoute&) const = default;
};

/// The time there; nothing when there is none.
std::optional<Time> time_at(const json::value& tree, std::initializer_list<std::string_view> path);

SeenObject read_object(const json::value& object);
SeenObject read_policy(const json::value& policy);
SeenRoute read_route(const json::value& route);
SeenPod read_pod(const json::value& pod);
SeenService read_service(const json::value& service);
SeenConfigMap read_config_map(const json::value& config_map);

inline constexpr const char* waiting_for_a_node = "waiting for a node";

/// Why a namespace that is being removed is still there, in the cluster's words; empty: it is not being
/// removed.
std::string read_namespace_end(const json::value& object);

/// Why pods cannot count on a user namespace of their own, from the list of nodes; empty: they can.
std::string why_no_user_namespaces(const json::value& nodes);

/// Why a pod does not run yet, in the cluster's words; empty when there is nothing to say.
struct Waiting {
    std::string message;
    std::string trouble = {}, hopeless = {};  ///< See `ObservedComponent`.
};
Waiting read_waiting(const json::value& pod);

}  // namespace berth::engine::kubernetes
