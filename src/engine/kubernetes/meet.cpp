// Whether the components of a workload reach each other. Network policies and the rules of services come into
// force some moments after a pod runs; until then "ready" would be a lie.

#include <algorithm>

#include "engine/kubernetes/kubernetes_engine.hpp"

namespace berth::engine {

using namespace kubernetes;

namespace {

constexpr std::chrono::seconds reach_limit{1};

/// The port that a component's readiness has shown to listen, or 0.
int proven_port(const ProbeSpec& spec) {
    if (!spec.readiness) return 0;
    std::string name;
    if (spec.readiness->http)
        name = spec.readiness->http->port;
    else if (spec.readiness->tcp && (!spec.readiness->exec || spec.readiness->exec->empty()))
        name = *spec.readiness->tcp;
    const auto found = std::ranges::find(spec.ports, name, &Port::name);
    return found == spec.ports.end() ? 0 : found->port;
}

}  // namespace

/// A component as the others of its workload see it.
struct KubernetesEngine::Peer {
    std::string uid, name;
    std::string address, service;  ///< Of its pod, and of its service when it has one.
    int port = 0;                  ///< That is known to listen; 0: none.
    bool is_asked = false;         ///< It has ports that others may want.
};

/// Those whose own probe has succeeded. Only they are waited for: one that listens once it reaches another
/// keeps nobody waiting.
std::vector<KubernetesEngine::Peer> KubernetesEngine::answering(const WorkloadId& id) const {
    std::vector<Peer> peers;
    for (const auto* pod : pods_->of(id)) {
        const auto judged = readiness_.find(pod->object.uid);
        if (judged == readiness_.end() || !judged->second->answers || !judged->second->wanted) continue;
        const auto* service = services_->find(pod->object.key);
        peers.push_back({.uid = pod->object.uid,
                         .name = pod->seen.name,
                         .address = pod->address,
                         .service = service == nullptr ? "" : service->address,
                         .port = proven_port(pod->probe),
                         .is_asked = !pod->probe.ports.empty()});
    }
    return peers;
}

/// Waits until the pod and every other that answers reach each other. Of two the one that answers last finds
/// the other here, so each pair is tried once.
Task<> KubernetesEngine::meet(WorkloadId id, std::string uid, std::shared_ptr<Readiness> readiness) {
    std::set<std::string> met{uid};
    Duration pause = probe_first;
    while (readiness->wanted) {
        const auto peers = answering(id);
        const auto self = std::ranges::find(peers, uid, &Peer::uid);
        const auto other =
            std::ranges::find_if(peers, [&](const Peer& peer) { return !met.contains(peer.uid); });
        if (self == peers.end() || other == peers.end()) co_return;
        const auto gap = co_await find_gap(id, *self, *other);
        if (!gap) {
            met.insert(other->uid);
            continue;
        }
        if (!readiness->wanted) co_return;
        say(id, *readiness, *gap);
        co_await clock_.sleep(pause);
        pause = std::min<Duration>(pause * 3 / 2, probe_most);
    }
}

/// Why one of the two does not reach the other yet, in the words of the first.
Task<std::optional<std::string>> KubernetesEngine::find_gap(WorkloadId id, Peer one, Peer other) {
    try {
        if (const auto problem = co_await reach(id, one, other))
            co_return "does not reach " + quoted(other.name) + " yet: " + *problem;
        if (const auto problem = co_await reach(id, other, one))
            co_return quoted(other.name) + " does not reach it yet: " + *problem;
        co_return std::nullopt;
    } catch (const Error& error) {
        co_return error.user;
    }
}

/// By its service when a port is known to listen, as the application does; else process 1, whose port is
/// subject to the same policy.
Task<std::optional<std::string>> KubernetesEngine::reach(WorkloadId id, Peer from, Peer to) {
    if (!to.is_asked) co_return std::nullopt;
    auto address = to.address;
    int port = init_port;
    if (to.port != 0 && !to.service.empty()) {
        // What listens on the loopback address only is reached by nobody, whatever the rules.
        const auto init = init_of(id, to.name);
        const auto closed = co_await init.reach(to.address, to.port, reach_limit);
        if (!closed) {
            address = to.service;
            port = to.port;
        }
    }
    const auto init = init_of(id, from.name);
    co_return co_await init.reach(address, port, reach_limit);
}

}  // namespace berth::engine
