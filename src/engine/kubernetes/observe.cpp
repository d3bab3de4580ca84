// What is there: the shelves, and the jobs that judge readiness.

#include <algorithm>

#include "base/log.hpp"
#include "base/timeout.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"
#include "engine/kubernetes/logs.hpp"

namespace berth::engine {

using namespace kubernetes;

namespace {

constexpr int last_lines = 20;
constexpr std::chrono::seconds last_words_limit{5};

Task<bool> keep_line(std::vector<std::string>& lines, std::string text) {
    lines.push_back(std::move(text));
    co_return true;
}

}  // namespace

void KubernetesEngine::moved(const SeenObject& object) {
    const auto& id = object.workload;
    note_home(object);
    if (id.empty()) return;
    if (!object.component.empty()) {
        const auto* pod = pods_->find(object.key);
        if (pod == nullptr || pod->object.uid != object.uid) forget_pod(object.uid);
        const std::lock_guard lock(places_mutex_);
        if (pod != nullptr && pod->seen.state == ContainerState::running)
            places_[{id, object.component}] = {pod->object.key, pod->address};
        else
            places_.erase({id, object.component});
    }
    probe_where_needed(id);
    if (moved_) moved_(id);
}

void KubernetesEngine::forget_pod(const std::string& uid) {
    if (const auto judged = readiness_.find(uid); judged != readiness_.end()) {
        judged->second->wanted = false;
        readiness_.erase(judged);
    }
    last_words_.erase(uid);
    explanations_.erase(uid);
    ending_since_.erase(uid);
}

Task<Observed> KubernetesEngine::observe(WorkloadId id) {
    require_up();
    if (unsure_.contains(id)) co_await look_directly(id);
    std::vector<SeenPod> ended;
    for (const auto* pod : pods_->of(id))
        if (pod->seen.state == ContainerState::exited && !last_words_.contains(pod->object.uid))
            ended.push_back(*pod);
    for (const auto& pod : ended) co_await keep_last_words(pod);
    std::vector<SeenPod> waiting;
    for (const auto* pod : pods_->of(id))
        if (wants_explanation(*pod)) waiting.push_back(*pod);
    for (const auto& pod : waiting) co_await explain(pod);
    std::vector<SeenPod> late;
    for (const auto* pod : pods_->of(id))
        if (pod->bound_late && pod->seen.state == ContainerState::running) late.push_back(*pod);
    for (const auto& pod : late)
        if (const auto judged = readiness_.find(pod.object.uid);
            judged != readiness_.end() && !judged->second->asked)
            co_await ask_what_came(id, pod, judged->second);
    co_return report(id);
}

/// The last lines of a pod that has ended, read once.
Task<> KubernetesEngine::keep_last_words(SeenPod pod) {
    std::vector<std::string> words;
    auto take = [&words](LogLine line) { return keep_line(words, std::move(line.text)); };
    try {
        auto work = read_log(client_, pod.object.key, pod.seen.name, {.tail = last_lines}, std::move(take));
        co_await finish_within(clock_, last_words_limit, "log", std::move(work));
    } catch (const Error& error) {
        log::debug("no last words", {{"pod", pod.object.key.name}, {"error", error.what()}});
    }
    // Who has gone meanwhile is forgotten.
    const auto* there = pods_->find(pod.object.key);
    if (there != nullptr && there->object.uid == pod.object.uid)
        last_words_[pod.object.uid] = std::move(words);
}

/// Reads all of one workload: what became of a write whose answer was lost.
Task<> KubernetesEngine::look_directly(WorkloadId id) {
    kube::Selection all{.namespace_ = home_of(id), .labels = selector_of(options_.instance, id)};
    const auto look = [&](const kube::Resource& resource, kube::Detail detail, auto& shelf) -> Task<> {
        const auto page = co_await client_.list(resource, all, 500, {}, detail);
        std::set<std::string> uids;
        for (const auto& item : page.items) {
            uids.insert(read_object(item).uid);
            shelf.seen(item);
        }
        std::vector<SeenObject> lost;
        for (const auto* known : shelf.of(id)) {
            const auto& object = shelf.object_of(*known);
            if (!uids.contains(object.uid) && kube::is_older(object.version, page.version))
                lost.push_back(object);
        }
        for (const auto& object : lost) shelf.gone(object, page.version);
    };
    co_await look(kube::config_maps, kube::Detail::metadata, *config_maps_);
    co_await look(kube::secrets, kube::Detail::metadata, *secrets_);
    co_await look(kube::network_policies, kube::Detail::whole, *policies_);
    co_await look(kube::services, kube::Detail::whole, *services_);
    co_await look(kube::pods, kube::Detail::whole, *pods_);
    all.namespace_ = options_.routes.service.namespace_;
    if (leads_hosts()) co_await look(resource_of(options_.routes.kind), kube::Detail::whole, *routes_);
    unsure_.erase(id);
}

/// Whether everything is there that its components need to meet.
bool KubernetesEngine::has_network(const WorkloadId& id) const {
    const auto home = home_of(id);
    const kube::Key key{home, workload_name(id)};
    const auto* config_map = config_maps_->find(key);
    if (config_map == nullptr || config_map->object.ending) return false;
    const auto& owner = config_map->object.uid;
    const auto belongs = [&](const SeenObject* object) {
        return object != nullptr && !object->ending && !object->edited && object->owner == owner;
    };
    const auto* policy = policies_->find(key);
    if (!belongs(secrets_->find(key)) || !belongs(policy) || !is_current(*policy)) return false;
    return std::ranges::all_of(config_map->members, [&](const std::string& member) {
        const auto* service = services_->find({home, component_name(id, member)});
        return service != nullptr && belongs(&service->object);
    });
}

Observed KubernetesEngine::report(const WorkloadId& id) {
    Observed observed;
    const auto home = home_of(id);
    const auto* config_map = config_maps_->find({home, workload_name(id)});
    const auto pods = pods_->of(id);
    std::set<std::string> volumes;
    if (const auto asked = asked_volumes_.find(id); asked != asked_volumes_.end()) volumes = asked->second;
    for (const auto* pod : pods) {
        auto component = pod->seen;
        if (const auto judged = readiness_.find(pod->object.uid);
            judged != readiness_.end() && component.state == ContainerState::running) {
            component.ready = judged->second->ready;
            if (!component.ready) component.message = judged->second->message;
        }
        if (const auto words = last_words_.find(pod->object.uid); words != last_words_.end())
            component.last_log = words->second;
        if (pod->bound_late) add_what_came(*pod, component);
        add_words(*pod, component);
        judge_node(*pod, observed);
        if (component.state == ContainerState::running && !pod->fixed_image.empty())
            observed.images[pod->image] = {.state = ImageState::present, .digest = pod->fixed_image};
        observed.components.push_back(std::move(component));
        volumes.insert(pod->volumes.begin(), pod->volumes.end());
    }
    // A pod says what it mounts, not that it is there: somebody may have deleted the claim.
    std::erase_if(volumes,
                  [&](const std::string& handle) { return claims_->find({home, handle}) == nullptr; });
    // What is left of a network after its ConfigMap went is the cluster's to collect.
    observed.network = has_network(id);
    observed.network_incomplete = config_map != nullptr && !observed.network;
    observed.volumes.assign(volumes.begin(), volumes.end());
    observed.hosts = hosts_led(id);
    add_route_condition(id, observed);
    return observed;
}

void KubernetesEngine::probe_where_needed(const WorkloadId& id) {
    for (const auto* pod : pods_->of(id)) {
        const auto& uid = pod->object.uid;
        if (pod->seen.state == ContainerState::running && !pod->address.empty()) {
            auto& judged = readiness_[uid];
            if (judged) continue;
            judged = std::make_shared<Readiness>();
            tasks_.start("probe " + pod->object.key.name, probe(id, *pod, judged));
        } else if (const auto judged = readiness_.find(uid); judged != readiness_.end()) {
            judged->second->wanted = false;
        }
    }
}

void KubernetesEngine::say(const WorkloadId& id, Readiness& readiness, const std::string& problem) {
    if (problem == readiness.message) return;
    readiness.message = problem;
    if (moved_) moved_(id);
}

/// Asks until it is ready, or nobody wants to know any more.
Task<> KubernetesEngine::probe(WorkloadId id, SeenPod pod, std::shared_ptr<Readiness> readiness) {
    Duration pause = probe_first;
    while (readiness->wanted && pod.bound_late && !readiness->came) {
        co_await ask_what_came(id, pod, readiness);
        if (readiness->came && moved_) moved_(id);
        if (!readiness->came) co_await clock_.sleep(pause);
        pause = std::min<Duration>(pause * 3 / 2, probe_most);
    }
    // Once it is bound it is judged anew.
    if (readiness->came && readiness->came->waiting) co_return;
    while (readiness->wanted) {
        const auto init = init_of(id, pod.seen.name);
        const auto problem = co_await probe_once(init, clock_, pod.probe.readiness, pod.probe.ports);
        if (!readiness->wanted) co_return;
        if (!problem) break;
        say(id, *readiness, *problem);
        co_await clock_.sleep(pause);
        pause = std::min<Duration>(pause * 3 / 2, probe_most);
    }
    if (!readiness->wanted) co_return;
    readiness->answers = true;
    co_await meet(id, pod.object.uid, readiness);
    if (!readiness->wanted) co_return;
    readiness->ready = true;
    if (moved_) moved_(id);
}

Task<std::vector<WorkloadId>> KubernetesEngine::list() {
    require_up();
    std::set<WorkloadId> ids;
    for (const auto& [id, keys] : pods_->workloads()) ids.insert(id);
    for (const auto& [id, keys] : config_maps_->workloads()) ids.insert(id);
    if (routes_)
        for (const auto& [id, keys] : routes_->workloads()) ids.insert(id);
    ids.erase(WorkloadId{});
    co_return std::vector<WorkloadId>(ids.begin(), ids.end());
}

}  // namespace berth::engine
