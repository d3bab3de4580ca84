#include "imposters/kubernetes/nodes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "imposters/kubernetes/process_1.hpp"

namespace berth::imposter {
namespace {

constexpr Duration full_most{std::chrono::seconds(40)};
constexpr Duration backoff{std::chrono::seconds(10)};
constexpr Duration life_most{std::chrono::minutes(1)};
constexpr Duration look_again{std::chrono::seconds(1)};
constexpr Duration driven_out_after{std::chrono::minutes(5)};
constexpr int init_port = 61117;
constexpr const char* all_nodes[] = {"node-1", "node-2", "node-3"};

bool is_ending(const json::value& object) {
    return value_at(object, {"metadata", "deletionTimestamp"}) != nullptr;
}

bool has_ended(const json::value& pod) {
    const auto phase = text_at(pod, {"status", "phase"});
    return phase == "Succeeded" || phase == "Failed";
}

std::vector<std::string> claims_of(const json::value& pod) {
    std::vector<std::string> names;
    for (const auto& volume : pod.at("spec").at("volumes").as_array())
        if (auto name = text_at(volume, {"persistentVolumeClaim", "claimName"}); !name.empty())
            names.push_back(std::move(name));
    return names;
}

/// What a pod's projected volumes take from, as `configmaps` or `secrets` and a name.
std::vector<std::pair<std::string, std::string>> sources_of(const json::value& pod) {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& volume : pod.at("spec").at("volumes").as_array()) {
        const auto* sources = value_at(volume, {"projected", "sources"});
        if (sources == nullptr) continue;
        for (const auto& source : sources->as_array()) {
            if (auto name = text_at(source, {"configMap", "name"}); !name.empty())
                found.emplace_back("configmaps", name);
            if (auto name = text_at(source, {"secret", "name"}); !name.empty())
                found.emplace_back("secrets", name);
        }
    }
    return found;
}

std::set<int> ports_of(const json::value& pod) {
    std::set<int> ports;
    const auto& spec = pod.at("spec").at("containers").as_array().front().as_object();
    if (const auto* open = spec.if_contains("ports"))
        for (const auto& one : open->as_array())
            ports.insert(static_cast<int>(one.at("containerPort").as_int64()));
    return ports;
}

json::object& status_of(json::object& pod) {
    auto& status = pod["status"];
    if (!status.is_object()) status = json::object();
    return status.as_object();
}

json::object container(const json::object& pod, json::object state) {
    const auto& spec = pod.at("spec").at("containers").as_array().front().as_object();
    return {{"name", spec.at("name")}, {"image", spec.at("image")}, {"state", state}};
}

/// The last word of what its container runs; empty: what its image says.
std::string program_of(const json::value& pod) {
    const auto& spec = pod.at("spec").at("containers").as_array().front().as_object();
    const auto* command = spec.if_contains("command");
    return command == nullptr ? std::string() : std::string(command->as_array().back().as_string());
}

void set_condition(json::object& status, const char* type, bool holds, const std::string& message, Time now) {
    json::array kept;
    if (const auto* there = status.if_contains("conditions"))
        for (const auto& condition : there->as_array())
            if (text_at(condition, {"type"}) != type) kept.push_back(condition);
    kept.push_back(json::object{{"type", type},
                                {"status", holds ? "True" : "False"},
                                {"message", message},
                                {"lastTransitionTime", to_string(now)}});
    status["conditions"] = kept;
}

/// Where a pod is that shares a volume with this one; empty: nowhere.
std::string node_of_sharer(const Objects& objects, const Where& where) {
    const auto* pod = objects.find(where);
    if (pod == nullptr) return {};
    const auto claims = claims_of(*pod);
    for (const auto& [other, there] : objects.list("pods", {.namespace_ = where.namespace_})) {
        const auto node = text_at(there, {"spec", "nodeName"});
        if (other.name == where.name || node.empty() || has_ended(there)) continue;
        for (const auto& claim : claims_of(there))
            if (std::ranges::find(claims, claim) != claims.end()) return node;
    }
    return {};
}

}  // namespace

Nodes::Nodes(asio::any_io_executor executor, Clock& clock, ApiServer& server, std::uint64_t seed)
    : clock_(clock), server_(server), objects_(server.objects), dice_(seed), tasks_(executor) {
    objects_.listeners.emplace_back([this](const Change& change) { hear(change); });
    server_.listener = [this](const json::value& pod, int port) { return listen(pod, port); };
    server_.log = [](const json::value& pod) {
        return text_at(pod, {"metadata", "creationTimestamp"}) + " the last words\n";
    };
}

void Nodes::hear(const Change& change) {
    const auto uid = text_at(change.object, {"metadata", "uid"});
    const auto& where = change.where;
    const bool ends = is_ending(change.object) && (change.before.is_null() || !is_ending(change.before));
    if (change.type == "DELETED") {
        tasks_.start("collect", collect(uid));
        if (where.plural != "pods") return;
        processes_.erase(uid);
        release_claims(where.namespace_);
        return;
    }
    if (change.type == "ADDED") {
        if (const auto* owners = value_at(change.object, {"metadata", "ownerReferences"}))
            for (const auto& owner : owners->as_array())
                if (const auto by = text_at(owner, {"uid"}); !has_owner(by))
                    tasks_.start("collect", collect(by));
        if (where.plural != "pods") return;
        check_alone(where, change.object);
        tasks_.start("live", live(where, uid));
        return;
    }
    if (!ends) return;
    if (where.plural == "pods") {
        const auto* grace = value_at(change.object, {"metadata", "deletionGracePeriodSeconds"});
        tasks_.start("finish", finish(where, uid, static_cast<int>(grace->as_int64())));
    }
    if (where.plural == "persistentvolumeclaims") release_claims(where.namespace_);
    if (where.plural == "namespaces") tasks_.start("empty", empty_namespace(where.name));
}

void Nodes::check_alone(const Where& where, const json::value& pod) {
    const auto workload = label_of(pod, "berth.dev/workload");
    const auto component = label_of(pod, "berth.dev/component");
    if (workload.empty()) return;
    const Selector same{where.namespace_,
                        fmt::format("berth.dev/workload={},berth.dev/component={}", workload, component), ""};
    if (const auto found = objects_.list("pods", same); found.size() > 1)
        breaches_.push_back(fmt::format("{} pods of {} {}", found.size(), workload, component));
}

const json::value* Nodes::find(const Where& where, const std::string& uid) const {
    const auto* there = objects_.find(where);
    return there != nullptr && text_at(*there, {"metadata", "uid"}) == uid ? there : nullptr;
}

bool Nodes::has_owner(const std::string& uid) const {
    for (const auto& [where, object] : objects_.all())
        if (text_at(object, {"metadata", "uid"}) == uid) return true;
    return false;
}

void Nodes::say_scheduled(const Where& where, const std::string& trouble) {
    objects_.edit(where, [&](json::object& pod) {
        set_condition(status_of(pod), "PodScheduled", trouble.empty(), trouble, clock_.now());
    });
}

void Nodes::say_waiting(const Where& where, const std::string& reason, const std::string& message) {
    objects_.edit(where, [&](json::object& pod) {
        json::object waiting{{"reason", reason}};
        if (!message.empty()) waiting["message"] = message;
        status_of(pod)["containerStatuses"] = json::array{container(pod, json::object{{"waiting", waiting}})};
    });
}

void Nodes::say_disrupted(const Where& where, const std::string& reason, const std::string& message) {
    objects_.edit(where, [&](json::object& pod) {
        auto& status = status_of(pod);
        set_condition(status, "DisruptionTarget", true, message, clock_.now());
        status["conditions"].as_array().back().as_object()["reason"] = reason;
    });
}

std::string Nodes::missing_claim(const json::value& pod) const {
    const auto home = text_at(pod, {"metadata", "namespace"});
    for (const auto& name : claims_of(pod)) {
        const auto* claim = objects_.find({"persistentvolumeclaims", home, name});
        if (claim == nullptr) return fmt::format("persistentvolumeclaim \"{}\" not found", name);
        if (is_ending(*claim)) return fmt::format("persistentvolumeclaim \"{}\" is being deleted", name);
    }
    return {};
}

void Nodes::bind_claims(const json::value& pod) {
    const auto home = text_at(pod, {"metadata", "namespace"});
    for (const auto& name : claims_of(pod))
        objects_.edit({"persistentvolumeclaims", home, name},
                      [](json::object& claim) { claim["status"].as_object()["phase"] = "Bound"; });
}

/// A claim that was deleted goes once no pod on a node uses it.
void Nodes::release_claims(const std::string& namespace_) {
    std::set<std::string> used;
    for (const auto& [where, pod] : objects_.list("pods", {.namespace_ = namespace_}))
        if (!text_at(pod, {"spec", "nodeName"}).empty() && !has_ended(pod))
            for (auto& name : claims_of(pod)) used.insert(std::move(name));
    for (const auto& [where, claim] : objects_.list("persistentvolumeclaims", {.namespace_ = namespace_}))
        if (is_ending(claim) && !used.contains(where.name))
            objects_.edit(where, [](json::object& object) {
                object["metadata"].as_object()["finalizers"] = json::array();
            });
}

Task<bool> Nodes::find_node(Where where, std::string uid) {
    co_await clock_.sleep(dice_.up_to(server_.pace.schedule));
    if (find(where, uid) != nullptr && dice_.chance(server_.faults.unschedulable)) {
        say_scheduled(where, "0/3 nodes are available: 3 Insufficient memory.");
        co_await clock_.sleep(dice_.up_to(full_most));
    }
    while (true) {
        const auto* pod = find(where, uid);
        if (pod == nullptr) co_return false;
        const auto trouble = missing_claim(*pod);
        if (trouble.empty()) break;
        say_scheduled(where, trouble);
        co_await clock_.sleep(look_again);
    }
    // The affinity of pods that share a volume.
    const auto pick = [&]() -> std::string {
        const auto shared = node_of_sharer(objects_, where);
        if (shared.empty() || lost_.contains(shared)) return pick_node();
        return closed_.contains(shared) ? "" : shared;
    };
    std::string node = pick();
    while (node.empty()) {
        say_scheduled(where, "0/3 nodes are available: 3 node(s) were unschedulable.");
        co_await clock_.sleep(look_again);
        if (find(where, uid) == nullptr) co_return false;
        node = pick();
    }
    objects_.edit(where, [&](json::object& pod) { pod["spec"].as_object()["nodeName"] = node; });
    say_scheduled(where, "");
    bind_claims(*find(where, uid));
    co_return true;
}

Task<bool> Nodes::get_image(Where where, std::string uid) {
    if (!dice_.chance(server_.faults.image_missing)) co_return true;
    say_waiting(where, "ErrImagePull", "manifest unknown");
    co_await clock_.sleep(backoff);
    if (find(where, uid) == nullptr) co_return false;
    say_waiting(where, "ImagePullBackOff", "Back-off pulling image");
    co_await clock_.sleep(life_most);
    co_return find(where, uid) != nullptr;
}

/// Until everything is there that the pod mounts.
Task<bool> Nodes::mount(Where where, std::string uid) {
    say_waiting(where, "ContainerCreating", "");
    while (true) {
        const auto* pod = find(where, uid);
        if (pod == nullptr || is_ending(*pod)) co_return false;
        bool complete = true;
        for (const auto& [plural, name] : sources_of(*pod))
            complete = complete && objects_.find({plural, where.namespace_, name}) != nullptr;
        for (const auto& claim : claims_of(*pod))
            complete = complete && !is_elsewhere(claim, text_at(*pod, {"spec", "nodeName"}));
        if (complete) co_return true;
        co_await clock_.sleep(look_again);
    }
}

Task<> Nodes::live(Where where, std::string uid) {
    if (!co_await find_node(where, uid)) co_return;
    if (!co_await get_image(where, uid)) co_return;
    if (!co_await mount(where, uid)) co_return;
    co_await clock_.sleep(dice_.up_to(server_.pace.start));
    const auto* there = find(where, uid);
    if (there == nullptr || is_ending(*there)) co_return;
    Process process{.listens_at = clock_.now() + dice_.up_to(server_.pace.listen),
                    .reached_at = clock_.now() + dice_.up_to(server_.pace.network)};
    for (const auto& [plural, name] : sources_of(*there))
        if (const auto* source = objects_.find({plural, where.namespace_, name});
            source != nullptr && plural == "secrets")
            process.key = text_at(*source, {"data", "key"});
    process.node = text_at(*there, {"spec", "nodeName"});
    if (lost_.contains(process.node)) co_return;
    for (auto& claim : claims_of(*there)) {
        if (is_elsewhere(claim, process.node)) breaches_.push_back(claim + " is at two nodes");
        process.claims.insert(std::move(claim));
    }
    processes_[uid] = process;
    ++addresses_;
    objects_.edit(where, [&](json::object& pod) {
        auto& status = status_of(pod);
        status["phase"] = "Running";
        status["podIP"] = fmt::format("10.1.{}.{}", addresses_ / 250, addresses_ % 250 + 1);
        const json::object running{{"startedAt", to_string(clock_.now())}};
        status["containerStatuses"] = json::array{container(pod, json::object{{"running", running}})};
        set_condition(status, "Ready", true, "", clock_.now());
    });
    // A program that ends by itself, as `true` and `false` do.
    const auto program = program_of(*find(where, uid));
    if (program == "true" || program == "false") {
        co_await clock_.sleep(dice_.up_to(server_.pace.run));
        if (find(where, uid) != nullptr) end(where, End::exited, program == "true" ? 0 : 1);
        co_return;
    }
    const auto& faults = server_.faults;
    std::optional<End> how;
    if (dice_.chance(faults.dies)) how = End::exited;
    if (dice_.chance(faults.out_of_memory)) how = End::out_of_memory;
    if (dice_.chance(faults.evicted)) how = dice_.chance(0.5) ? End::evicted : End::evicted_without_a_word;
    if (!how) co_return;
    co_await clock_.sleep(dice_.up_to(life_most));
    if (find(where, uid) != nullptr && !lost_.contains(process.node))
        end(where, *how, static_cast<int>(dice_.number(2)));
}

std::string Nodes::pick_node() {
    std::vector<std::string> open;
    for (const auto* node : all_nodes)
        if (!closed_.contains(node) && !lost_.contains(node)) open.emplace_back(node);
    return open.empty() ? "" : open.at(dice_.number(open.size() - 1));
}

bool Nodes::is_elsewhere(const std::string& claim, const std::string& node) const {
    return std::ranges::any_of(processes_, [&](const auto& entry) {
        return entry.second.node != node && entry.second.claims.contains(claim);
    });
}

std::vector<std::pair<Where, std::string>> Nodes::pods_on(const std::string& node) const {
    std::vector<std::pair<Where, std::string>> found;
    for (const auto& [where, pod] : objects_.list("pods", {}))
        if (text_at(pod, {"spec", "nodeName"}) == node && !has_ended(pod))
            found.emplace_back(where, text_at(pod, {"metadata", "uid"}));
    return found;
}

void Nodes::drain(const std::string& node) {
    closed_.insert(node);
    for (const auto& [where, uid] : pods_on(node)) {
        say_disrupted(where, "EvictionByEvictionAPI", "Eviction API: evicting");
        objects_.remove(where, {.uid = uid});
    }
}

void Nodes::lose(const std::string& node) {
    lost_.insert(node);
    for (const auto& [where, uid] : pods_on(node))
        objects_.edit(where, [&](json::object& pod) {
            set_condition(status_of(pod), "Ready", false, "", clock_.now());
        });
    tasks_.start("drive out", drive_out(node));
}

/// What the default tolerations of a pod allow.
Task<> Nodes::drive_out(std::string node) {
    co_await clock_.sleep(driven_out_after);
    if (!lost_.contains(node)) co_return;
    for (const auto& [where, uid] : pods_on(node)) {
        say_disrupted(where, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
        objects_.remove(where, {.uid = uid});
    }
}

void Nodes::confirm_off(const std::string& node) {
    lost_.erase(node);
    closed_.insert(node);
    for (const auto& [where, uid] : pods_on(node)) {
        processes_.erase(uid);
        objects_.erase(where, uid);
    }
}

bool Nodes::end(const Where& where, End how, int exit_code) {
    const auto* there = objects_.find(where);
    if (there == nullptr || processes_.erase(text_at(*there, {"metadata", "uid"})) == 0) return false;
    objects_.edit(where, [&](json::object& pod) {
        auto& status = status_of(pod);
        const bool evicted = how == End::evicted || how == End::evicted_without_a_word;
        if (how == End::out_of_memory) exit_code = 137;
        status["phase"] = exit_code == 0 && how == End::exited ? "Succeeded" : "Failed";
        set_condition(status, "Ready", false, "", clock_.now());
        if (evicted) {
            status["reason"] = "Evicted";
            status["message"] = "The node was low on resource: memory.";
        }
        if (how == End::evicted_without_a_word) {
            status.erase("containerStatuses");
            return;
        }
        const json::object terminated{{"exitCode", evicted ? 137 : exit_code},
                                      {"reason", how == End::out_of_memory ? "OOMKilled" : "Error"},
                                      {"startedAt", to_string(clock_.now())},
                                      {"finishedAt", to_string(clock_.now())}};
        status["containerStatuses"] = json::array{container(pod, json::object{{"terminated", terminated}})};
    });
    release_claims(where.namespace_);
    return true;
}

Task<> Nodes::finish(Where where, std::string uid, int grace) {
    const Duration patience = std::chrono::seconds(grace);
    co_await clock_.sleep(std::min(patience, dice_.up_to(server_.pace.end)));
    const auto* there = find(where, uid);
    if (there == nullptr || lost_.contains(text_at(*there, {"spec", "nodeName"}))) co_return;
    end(where, End::exited, 0);
    co_await clock_.sleep(Duration(1) + dice_.up_to(server_.pace.call));
    objects_.erase(where, uid);
}

Task<> Nodes::collect(std::string owner) {
    co_await clock_.sleep(dice_.up_to(server_.pace.collect));
    if (has_owner(owner)) co_return;
    std::vector<Where> owned;
    for (const auto& [where, object] : objects_.all())
        if (const auto* owners = value_at(object, {"metadata", "ownerReferences"}))
            for (const auto& reference : owners->as_array())
                if (text_at(reference, {"uid"}) == owner) owned.push_back(where);
    for (const auto& where : owned)
        if (const auto* object = objects_.find(where); object != nullptr && !is_ending(*object))
            objects_.remove(where, {});
}

Task<> Nodes::empty_namespace(std::string name) {
    while (true) {
        co_await clock_.sleep(Duration(200) + dice_.up_to(server_.pace.collect));
        std::vector<Where> inside;
        for (const auto& [where, object] : objects_.all())
            if (where.namespace_ == name) inside.push_back(where);
        for (const auto& where : inside)
            if (const auto* object = objects_.find(where); object != nullptr && !is_ending(*object))
                objects_.remove(where, {});
        release_claims(name);
        if (!inside.empty()) continue;
        const Where where{"namespaces", "", name};
        if (const auto* home = objects_.find(where); home != nullptr && is_ending(*home))
            objects_.erase(where, text_at(*home, {"metadata", "uid"}));
        co_return;
    }
}

const json::value* Nodes::pod_at(const std::string& address) const {
    for (const auto& [where, object] : objects_.all())
        if (where.plural == "pods" && text_at(object, {"status", "podIP"}) == address) return &object;
    for (const auto& [where, service] : objects_.all()) {
        if (where.plural != "services" || text_at(service, {"spec", "clusterIP"}) != address) continue;
        const auto& wanted = service.at("spec").at("selector").as_object();
        for (const auto& [there, pod] : objects_.all())
            if (there.plural == "pods" && there.namespace_ == where.namespace_ &&
                std::ranges::all_of(wanted, [&](const auto& label) {
                    return label_of(pod, std::string(label.key())) == label.value().as_string();
                }))
                return &pod;
    }
    return nullptr;
}

std::string Nodes::reach(const std::string& uid, const std::string& address, int port) const {
    const std::string refused = "ECONNREFUSED";
    const auto* pod = pod_at(address);
    const auto from = processes_.find(uid);
    if (pod == nullptr || from == processes_.end()) return refused;
    const auto to = processes_.find(text_at(*pod, {"metadata", "uid"}));
    if (to == processes_.end()) return refused;
    // A policy that does not know a pod yet rejects it, and nothing stands between a pod and itself.
    const bool known = std::max(from->second.reached_at, to->second.reached_at) <= clock_.now();
    if (!known && from != to) return refused;
    const auto open = ports_of(*pod);
    const bool listens = port == init_port ? to->second.listens_at <= clock_.now() : open.contains(port);
    return listens ? "" : refused;
}

std::unique_ptr<PortHandler> Nodes::listen(const json::value& pod, int port) {
    const auto uid = text_at(pod, {"metadata", "uid"});
    const auto process = processes_.find(uid);
    if (process == processes_.end()) throw std::string("error forwarding port: the pod does not run");
    if (port != init_port || clock_.now() < process->second.listens_at)
        throw fmt::format("error forwarding port {}: connection refused", port);
    return std::make_unique<Process1>(
        SecretText(process->second.key), ports_of(pod), [this, uid] { return processes_.contains(uid); },
        [this, uid](const std::string& address, int wanted) { return reach(uid, address, wanted); });
}

}  // namespace berth::imposter
