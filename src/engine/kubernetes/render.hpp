#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/secret_text.hpp"
#include "engine/kubernetes/names.hpp"
#include "engine/kubernetes/ranges.hpp"
#include "engine/probe.hpp"

/// Workloads as a cluster's objects. Pure.
namespace berth::engine::kubernetes {

/// Who may come in from outside a workload, or answer its questions: pods by their labels, or a range of
/// addresses.
struct Peers {
    std::string namespace_;                     ///< Empty: of every namespace.
    std::map<std::string, std::string> labels;  ///< That the pods carry.
    std::string range;                          ///< Set: these addresses, and no pods.
};

/// Where we are and what an administrator decided, as rendering needs it.
struct Place {
    std::string instance;
    std::string namespace_;  ///< Of what is rendered.
    Spread spread = Spread::shared;
    std::string init_config_map;                         ///< Name of the one that carries berth-init.
    std::string architecture;                            ///< Of that berth-init: `amd64`.
    bool fixed_users = true;                             ///< Name all users; OpenShift gives one by itself.
    std::string storage_class;                           ///< Empty: the cluster's default.
    std::map<std::string, std::string> storage_classes;  ///< Of volumes of a kind, instead.
    std::vector<std::string> pull_secrets;               ///< Names, in the namespace of the pods.
    std::string gpu_resource = "nvidia.com/gpu";         ///< What a GPU is called here.
    bool user_namespaces = false;                        ///< Every pod gets one, not only compat ones.
    std::optional<Peers> gateway;                  ///< Our own pods; absent: we come through the API server.
    std::vector<Peers> dns;                        ///< Who answers names.
    std::vector<std::string> closed;               ///< Ranges of egress `internet` that stay closed.
    std::vector<Range> open;                       ///< Of those, what it reaches after all,
    std::vector<std::string> server;               ///< but for these of the API server within a wider one.
    json::object overlay;                          ///< Merged into every pod (RFC 7386), by an administrator.
    std::map<std::string, json::object> overlays;  ///< Then into the pods of a kind.
    int overcommit = 1;  ///< Sessions that share what each may use: limit / request of CPU.
};

/// What had to exist before: its uid makes the cluster collect the rest with it.
struct Owner {
    std::string name, uid;
};

json::object render_config_map(const Place& place, const WorkloadId& id, const CreateNetwork& network);
json::object render_secret(const Place& place, const WorkloadId& id, const Owner& owner,
                           const SecretText& key);
json::object render_policy(const Place& place, const WorkloadId& id, const Owner& owner, Egress egress);
json::object render_service(const Place& place, const WorkloadId& id, const Owner& owner,
                            const NetworkMember& member);
/// A claim belongs to nobody in the cluster: it goes when a person says so.
json::object render_claim(const Place& place, const WorkloadId& id, const WorkloadVolume& volume);
/// `addresses`: of the workload's services, by component. `program`: what the image runs, when that is
/// known; else its own entry point is process 1 and berth-init comes beside it.
json::object render_pod(const Place& place, const WorkloadId& id, const Owner& owner,
                        const WorkloadComponent& component,
                        const std::map<std::string, std::string>& addresses,
                        const std::optional<std::vector<std::string>>& program);
/// A namespace for one space, with the level of the Pod Security Standards that it enforces.
json::object render_namespace(const Place& place, const Space& space, const std::string& level);
json::object render_quota(const Place& place, const Allowance& allowance);
json::object render_limits(const Place& place, const Allowance& allowance);
/// The same Secret in another namespace.
json::object render_pull_secret(const Place& place, const json::value& source);
/// berth-init as an object that pods mount.
json::object render_init(const Place& place, std::string_view base64);

/// Throws `invalid` (`invalid_config`) for an overlay that touches what makes a pod ours or keeps it in: what
/// it is called and marked with, what it runs and mounts, as whom, and what it shares with its node. To the
/// nodes, neighbours and pull secrets that an overlay names ours are added. `key`: of the configuration, for
/// the message.
void check_overlay(const std::string& key, const json::object& overlay);

/// Ranges that egress `internet` does not reach, whatever the cluster: private, shared, link-local,
/// loopback, documentation, multicast and reserved ones (RFC 6890), and the one public address that is an
/// agent of its cloud (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
const std::vector<std::string>& special_ranges();

}  // namespace berth::engine::kubernetes
