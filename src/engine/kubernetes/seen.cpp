#include "engine/kubernetes/seen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/kubernetes/image_id.hpp"
#include "engine/kubernetes/mark.hpp"
#include "kube/refusal.hpp"

namespace berth::engine::kubernetes {
namespace {

using kube::find_at;
using kube::number_at;
using kube::text_at;

/// The status of the pod's one container; null while there is none.
const json::value* container_status(const json::value& pod) {
    const auto* statuses = find_at(pod, {"status", "containerStatuses"});
    if (statuses == nullptr || !statuses->is_array() || statuses->get_array().empty()) return nullptr;
    return &statuses->get_array().front();
}

const json::value* condition_of(const json::value& pod, std::string_view type) {
    const auto* conditions = find_at(pod, {"status", "conditions"});
    if (conditions == nullptr || !conditions->is_array()) return nullptr;
    for (const auto& condition : conditions->get_array())
        if (text_at(condition, {"type"}) == type) return &condition;
    return nullptr;
}

constexpr std::array<std::string_view, 7> image_reasons{
    "ErrImagePull",      "ImagePullBackOff",    "InvalidImageName",         "ErrImageNeverPull",
    "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"};

/// What registries and container runtimes say of an image that another try will not bring. All else, a
/// registry that is out of reach, too busy or in doubt who asks, may be over the next time.
constexpr std::array<std::string_view, 8> no_image{
    "not found",          "manifest unknown",
    "name unknown",       "invalid reference format",
    "pull access denied", "requested access to the resource is denied",
    "insufficient_scope", "403 Forbidden"};

/// A node that has failed to get an image tries again, ever more seldom.
Waiting read_image_trouble(const std::string& reason, const std::string& message, const std::string& image) {
    // No registry answers there: such an image is on the node, or nowhere.
    const bool on_nodes_only = image.starts_with("localhost/");
    const bool hopeless =
        on_nodes_only || reason == "InvalidImageName" || reason == "ErrImageNeverPull" ||
        std::ranges::any_of(no_image, [&](std::string_view words) { return message.contains(words); });
    return {.message = fmt::format("image {}: {}", berth::quoted(image), message.empty() ? reason : message),
            .trouble = hopeless ? "" : "ImagePullFailed",
            .hopeless = hopeless ? "ImageNotFound" : ""};
}

/// When a pod ended whose containers left no word of it: it never runs again, so its last change comes close.
std::optional<Time> last_change(const json::value& pod) {
    auto last = time_at(pod, {"metadata", "creationTimestamp"});
    if (const auto* conditions = find_at(pod, {"status", "conditions"});
        conditions != nullptr && conditions->is_array())
        for (const auto& condition : conditions->get_array())
            last = std::max(last, time_at(condition, {"lastTransitionTime"}));
    return last;
}

void read_end(const json::value& pod, ObservedComponent& seen) {
    seen.state = ContainerState::exited;
    const auto* status = container_status(pod);
    const auto* ended = status == nullptr ? nullptr : find_at(*status, {"state", "terminated"});
    if (ended == nullptr) {
        // No container is left to tell.
        seen.exit_code = 137;
        seen.exited_at = last_change(pod);
        return;
    }
    seen.exit_code = static_cast<int>(number_at(*ended, {"exitCode"}));
    seen.out_of_memory = text_at(*ended, {"reason"}) == "OOMKilled";
    seen.exited_at = time_at(*ended, {"finishedAt"});
    if (!seen.exited_at) seen.exited_at = last_change(pod);
    seen.started_at = time_at(*ended, {"startedAt"});
}

/// The node's own agent says of a container whether it is ready, together with that it runs. That a pod is
/// not is said in its place, without a reason, once the node has been silent for a while.
///
/// https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
bool is_lost(const json::value& pod) {
    const auto* ready = condition_of(pod, "Ready");
    const auto* status = container_status(pod);
    return ready != nullptr && text_at(*ready, {"status"}) == "False" &&
           text_at(*ready, {"reason"}).empty() && status != nullptr &&
           find_at(*status, {"state", "running"}) != nullptr;
}

/// Why the cluster takes a pod away though nobody asked us: drained, preempted, evicted, its node lost.
///
/// https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
std::string read_disruption(const json::value& pod) {
    const auto* condition = condition_of(pod, "DisruptionTarget");
    if (condition == nullptr || text_at(*condition, {"status"}) != "True") {
        const auto of_node = text_at(pod, {"status", "reason"});
        const bool refused = of_node == "Evicted" || of_node == "NodeShutdown";
        return refused ? text_at(pod, {"status", "message"}) : "";
    }
    const auto reason = text_at(*condition, {"reason"});
    const auto message = text_at(*condition, {"message"});
    if (reason == "EvictionByEvictionAPI") return "its node is being emptied";
    if (reason == "DeletionByTaintManager")
        return is_lost(pod) ? "its node does not answer" : "a taint of its node drives it out";
    return message.empty() ? reason : message;
}

/// A node evicts also what has passed a limit of its own for files: that is the program's end, not the
/// node's.
///
/// https://kubernetes.io/docs/concepts/storage/ephemeral-storage/#resource-emphemeralstorage-consumption
bool passed_its_limit(std::string_view why) {
    return why.contains("exceeds the limit") || why.contains("exceeds the total limit") ||
           why.contains("exceeded its local ephemeral storage limit");
}

bool is_edited(const json::value& object, std::string (*mark)(const json::value&)) {
    const auto* spec = find_at(object, {"spec"});
    return spec == nullptr || mark(*spec) != text_at(object, {"metadata", "annotations", note_mark});
}

/// The ConfigMap that is mounted together with a key.
std::string read_init(const json::value& volume) {
    const auto* sources = find_at(volume, {"projected", "sources"});
    if (sources == nullptr || !sources->is_array()) return {};
    for (const auto& source : sources->get_array())
        if (auto name = text_at(source, {"configMap", "name"}); name.starts_with(init_prefix)) return name;
    return {};
}

}  // namespace

std::optional<Time> time_at(const json::value& tree, std::initializer_list<std::string_view> path) {
    const auto text = text_at(tree, path);
    if (text.empty()) return std::nullopt;
    try {
        Time time;
        json::read(json::value(text), time);
        return time;
    } catch (const Error&) {
        return std::nullopt;
    }
}

SeenObject read_object(const json::value& object) {
    SeenObject seen{
        .key = {text_at(object, {"metadata", "namespace"}), text_at(object, {"metadata", "name"})},
        .uid = text_at(object, {"metadata", "uid"}),
        .version = text_at(object, {"metadata", "resourceVersion"}),
        .workload = {text_at(object, {"metadata", "labels", label_workload})},
        .component = text_at(object, {"metadata", "labels", label_component}),
        .ending = find_at(object, {"metadata", "deletionTimestamp"}) != nullptr,
        .source = text_at(object, {"metadata", "annotations", note_source})};
    if (const auto* owners = find_at(object, {"metadata", "ownerReferences"});
        owners != nullptr && owners->is_array() && !owners->get_array().empty())
        seen.owner = text_at(owners->get_array().front(), {"uid"});
    return seen;
}

SeenObject read_policy(const json::value& policy) {
    auto seen = read_object(policy);
    seen.edited = is_edited(policy, policy_mark);
    if (const auto* spec = find_at(policy, {"spec"})) seen.rules = policy_rules(*spec);
    return seen;
}

Waiting read_waiting(const json::value& pod) {
    if (const auto* scheduled = condition_of(pod, "PodScheduled");
        scheduled != nullptr && text_at(*scheduled, {"status"}) == "False")
        return {.message = "no node takes it: " + text_at(*scheduled, {"message"})};
    const auto* status = container_status(pod);
    if (status == nullptr) return {.message = waiting_for_a_node};
    const auto reason = text_at(*status, {"state", "waiting", "reason"});
    const auto message = text_at(*status, {"state", "waiting", "message"});
    const auto image = text_at(*status, {"image"});
    if (std::ranges::find(image_reasons, reason) != image_reasons.end())
        return read_image_trouble(reason, message, image);
    if (reason == "ContainerCreating" || reason == "PodInitializing" || reason.empty())
        return {.message = message};
    return {.message = message.empty() ? reason : fmt::format("{}: {}", reason, message)};
}

SeenPod read_pod(const json::value& pod) {
    SeenPod read{.object = read_object(pod),
                 .address = text_at(pod, {"status", "podIP"}),
                 .node = text_at(pod, {"spec", "nodeName"})};
    auto& seen = read.seen;
    seen.name = read.object.component;
    seen.handle = read.object.uid;
    seen.generation = text_at(pod, {"metadata", "annotations", note_generation});
    read.bound_late = !text_at(pod, {"metadata", "annotations", note_delivery}).empty();
    if (const auto probe = text_at(pod, {"metadata", "annotations", note_probe}); !probe.empty()) {
        try {
            json::read(json::parse(probe), read.probe);
        } catch (const Error&) {
            read.probe = {};  // Somebody edited it: its process 1 has to answer, no more is known.
        }
    }
    if (const auto* volumes = find_at(pod, {"spec", "volumes"}); volumes != nullptr && volumes->is_array())
        for (const auto& volume : volumes->get_array()) {
            if (auto claim = text_at(volume, {"persistentVolumeClaim", "claimName"}); !claim.empty())
                read.volumes.push_back(std::move(claim));
            if (auto init = read_init(volume); !init.empty()) read.init = std::move(init);
        }
    const auto phase = text_at(pod, {"status", "phase"});
    const auto* status = container_status(pod);
    seen.started_at = status == nullptr ? std::nullopt : time_at(*status, {"state", "running", "startedAt"});
    if (phase == "Succeeded" || phase == "Failed") {
        read_end(pod, seen);
    } else if (seen.started_at) {
        seen.state = ContainerState::running;
    } else {
        seen.state = ContainerState::creating;
        auto waiting = read_waiting(pod);
        seen.message = std::move(waiting.message);
        seen.trouble = std::move(waiting.trouble);
        seen.hopeless = std::move(waiting.hopeless);
    }
    if (read.object.ending) {
        seen.state = ContainerState::stopping;
        seen.message.clear();
        seen.trouble.clear();
        seen.hopeless.clear();
    }
    read.lost = is_lost(pod);
    read.has_pull_secrets = find_at(pod, {"spec", "imagePullSecrets"}) != nullptr;
    if (const auto* containers = find_at(pod, {"spec", "containers"});
        containers != nullptr && containers->is_array() && !containers->get_array().empty())
        read.image = text_at(containers->get_array().front(), {"image"});
    if (status != nullptr) read.fixed_image = fixed_image(read.image, text_at(*status, {"imageID"}));
    read.grace_seconds = static_cast<int>(number_at(pod, {"metadata", "deletionGracePeriodSeconds"}));
    if (auto why = read_disruption(pod); !why.empty()) {
        seen.disrupted = !seen.out_of_memory && !passed_its_limit(why);
        seen.message = std::move(why);
    }
    return read;
}

std::string read_namespace_end(const json::value& object) {
    const auto since = text_at(object, {"metadata", "deletionTimestamp"});
    if (since.empty()) return {};
    std::string why;
    if (const auto* conditions = find_at(object, {"status", "conditions"});
        conditions != nullptr && conditions->is_array())
        for (const auto& condition : conditions->get_array())
            // https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/namespace-v1/#NamespaceStatus
            if (text_at(condition, {"status"}) == "True")
                why += fmt::format("{}{}", why.empty() ? ": " : "; ", text_at(condition, {"message"}));
    return fmt::format("being removed since {}{}", since, why);
}

std::string why_no_user_namespaces(const json::value& nodes) {
    const auto* items = find_at(nodes, {"items"});
    if (items == nullptr || !items->is_array() || items->get_array().empty()) return "there are no nodes";
    for (const auto& node : items->get_array()) {
        bool can = false;
        if (const auto* handlers = find_at(node, {"status", "runtimeHandlers"});
            handlers != nullptr && handlers->is_array())
            for (const auto& handler : handlers->get_array()) {
                const auto* said = find_at(handler, {"features", "userNamespaces"});
                // The one without a name is what pods get that name none.
                can = can || (text_at(handler, {"name"}).empty() && said != nullptr && said->is_bool() &&
                              said->get_bool());
            }
        if (!can)
            return fmt::format("node {} does not have them",
                               berth::quoted(text_at(node, {"metadata", "name"})));
    }
    return {};
}

SeenRoute read_route(const json::value& route) {
    SeenRoute seen{.object = read_object(route)};
    seen.note = text_at(route, {"metadata", "annotations", note_route});
    // The server counts every change of a spec.
    seen.edited = number_at(route, {"metadata", "generation"}) > 1;
    const auto each = [](const json::value* list, auto&& take) {
        if (list == nullptr || !list->is_array()) return;
        for (const auto& item : list->get_array()) take(item);
    };
    each(find_at(route, {"spec", "hostnames"}), [&](const json::value& host) {
        if (host.is_string()) seen.hosts.emplace_back(host.get_string());
    });
    each(find_at(route, {"spec", "rules"}), [&](const json::value& rule) {
        if (const auto host = text_at(rule, {"host"}); !host.empty()) seen.hosts.push_back(host);
    });
    each(find_at(route, {"status", "parents"}), [&](const json::value& parent) {
        each(find_at(parent, {"conditions"}), [&](const json::value& condition) {
            const auto type = text_at(condition, {"type"});
            if ((type == "Accepted" || type == "ResolvedRefs") && text_at(condition, {"status"}) == "False")
                seen.refused = fmt::format("gateway {}: {}", text_at(parent, {"parentRef", "name"}),
                                           text_at(condition, {"message"}));
        });
    });
    return seen;
}

SeenService read_service(const json::value& service) {
    SeenService read{.object = read_object(service), .address = text_at(service, {"spec", "clusterIP"})};
    read.object.edited = is_edited(service, service_mark);
    return read;
}

SeenConfigMap read_config_map(const json::value& config_map) {
    SeenConfigMap read{.object = read_object(config_map)};
    const auto members = text_at(config_map, {"metadata", "annotations", note_members});
    try {
        if (!members.empty()) json::read(json::parse(members), read.members);
    } catch (const Error&) {
        read.members.clear();  // Somebody edited it.
    }
    return read;
}

}  // namespace berth::engine::kubernetes
