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
    std::string namespace_;
    std::string init_config_map;            ///< Name of the one that carries berth-init.
    std::string architecture;               ///< Of that berth-init: `amd64`.
    bool fixed_users = true;                ///< Name the user; OpenShift gives one by itself.
    std::string storage_class;              ///< Empty: the cluster's default.
    std::vector<std::string> pull_secrets;  ///< Names, in the namespace of the pods.
    std::optional<Peers> gateway;           ///< Our own pods; absent: we come through the API server.
    std::vector<Peers> dns;                 ///< Who answers names.
    std::vector<std::string> closed;        ///< Ranges of egress `internet` that stay closed.
    std::vector<Range> open;                ///< Of those, what it reaches after all.
    json::object overlay;                   ///< Merged into every pod (RFC 7386), by an administrator.
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
/// berth-init as an object that pods mount.
json::object render_init(const Place& place, std::string_view base64);

/// Throws `invalid` (`invalid_config`) for an overlay that would take away what makes a pod ours or keeps it
/// in.
void check_overlay(const json::object& overlay);

/// Ranges that egress `internet` does not reach, whatever the cluster: private, shared, link-local,
/// loopback, documentation, multicast and reserved ones (RFC 6890).
const std::vector<std::string>& special_ranges();

}  // namespace berth::engine::kubernetes
