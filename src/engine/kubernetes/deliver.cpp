// What is brought into a component: who waits for it, and bringing it.

#include "engine/kubernetes/kubernetes_engine.hpp"

namespace berth::engine {

using namespace kubernetes;

/// Asks its process 1 once, which listens a little after its pod runs.
Task<> KubernetesEngine::ask_what_came(WorkloadId id, SeenPod pod, std::shared_ptr<Readiness> readiness) {
    readiness->asked = true;
    try {
        readiness->came = co_await ask_delivery(init_of(id, pod.seen.name), clock_);
    } catch (const Error& error) {
        readiness->message = error.user;
    }
}

/// Who has not said anything yet has not come up.
void KubernetesEngine::add_what_came(const SeenPod& pod, ObservedComponent& component) const {
    if (component.state != ContainerState::running) return;
    const auto judged = readiness_.find(pod.object.uid);
    if (judged == readiness_.end() || !judged->second->came) {
        component.state = ContainerState::creating;
        return;
    }
    component.waiting = judged->second->came->waiting;
    if (component.waiting) component.message = waiting_words;
    component.delivered = judged->second->came->delivered.secrets;
}

bool KubernetesEngine::runs(const WorkloadId& id, const std::string& uid) const {
    for (const auto* pod : pods_->of(id))
        if (pod->object.uid == uid) return pod->seen.state == ContainerState::running;
    return false;
}

void KubernetesEngine::judge_anew(const WorkloadId& id, const std::string& uid) {
    if (const auto judged = readiness_.extract(uid)) judged.mapped()->wanted = false;
    probe_where_needed(id);
}

Task<> KubernetesEngine::make(WorkloadId id, BindComponent change) {
    if (!runs(id, change.handle)) co_return;
    const auto init = init_of(id, change.component.name);
    std::exception_ptr failure;
    try {
        co_await bind(init, clock_, {id, std::move(change.component), options_.materials});
    } catch (...) {
        failure = std::current_exception();
    }
    judge_anew(id, change.handle);
    if (failure) std::rethrow_exception(failure);
}

Task<> KubernetesEngine::make(WorkloadId id, UpdateFiles change) {
    if (!runs(id, change.handle)) co_return;
    const auto init = init_of(id, change.component.name);
    co_await update_files(init, clock_, {id, change.component, options_.materials});
    if (const auto judged = readiness_.find(change.handle); judged != readiness_.end())
        judged->second->asked = false;
}

}  // namespace berth::engine
