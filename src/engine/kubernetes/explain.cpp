// Why a pod keeps somebody waiting where its own status does not say: the Events of the pod and of its
// claims. They are asked for only then.

#include "base/log.hpp"
#include "base/timeout.hpp"
#include "engine/kubernetes/happened.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"

namespace berth::engine {

using namespace kubernetes;

namespace {

constexpr std::chrono::seconds patience{3};  // Most pods run by then.
constexpr std::chrono::seconds ask_again{5};
constexpr std::chrono::seconds answer_limit{5};
constexpr std::chrono::seconds overdue{20};  // A node that lives has ended a pod by then.
constexpr int events_max = 100;

bool lacks_its_image(const SeenPod& pod) {
    return pod.seen.message.starts_with("image ");
}

}  // namespace

bool KubernetesEngine::wants_explanation(const SeenPod& pod) {
    if (pod.seen.state != ContainerState::creating) return false;
    const auto now = clock_.now();
    auto& known = explanations_.try_emplace(pod.object.uid, Explanation{.since = now}).first->second;
    if (known.asked_at && now < *known.asked_at + ask_again) return false;
    if (lacks_its_image(pod)) return pod.has_pull_secrets;
    if (now < known.since + patience) return false;
    // What the scheduler says of a node's room needs no more words; of volumes the claims know more.
    return pod.node.empty() ? !pod.volumes.empty() : pod.seen.message.empty();
}

Task<> KubernetesEngine::explain(SeenPod pod) {
    std::string words;
    try {
        auto work = find_words(pod);
        words = co_await finish_within(clock_, answer_limit, "events", std::move(work));
    } catch (const Error& error) {
        log::debug("no events", {{"pod", pod.object.key.name}, {"error", error.what()}});
    }
    const auto known = explanations_.find(pod.object.uid);
    if (known == explanations_.end()) co_return;
    known->second.asked_at = clock_.now();
    known->second.words = std::move(words);
}

Task<std::string> KubernetesEngine::find_words(SeenPod pod) {
    const auto& home = pod.object.key.namespace_;
    const auto events_of = [this, home](std::string uid) -> Task<std::vector<json::value>> {
        const kube::Selection of{.namespace_ = home, .fields = "involvedObject.uid=" + uid};
        auto page = co_await client_.list(kube::events, of, events_max);
        co_return std::move(page.items);
    };
    if (lacks_its_image(pod)) co_return read_pull_secret_trouble(co_await events_of(pod.object.uid));
    if (!pod.node.empty()) co_return read_events(co_await events_of(pod.object.uid));
    for (const auto& handle : pod.volumes) {
        const auto* claim = claims_->find({home, handle});
        if (claim == nullptr) continue;
        const auto words = read_events(co_await events_of(claim->uid));
        if (!words.empty()) co_return "volume " + quoted(handle) + ": " + words;
    }
    co_return "";
}

/// What a pod says of itself, with what its cluster says of it.
void KubernetesEngine::add_words(const SeenPod& pod, ObservedComponent& component) const {
    const auto known = explanations_.find(pod.object.uid);
    if (component.state != ContainerState::creating || known == explanations_.end()) return;
    const auto& words = known->second.words;
    if (words.empty()) return;
    const bool says_little = component.message.empty() || component.message == waiting_for_a_node;
    component.message = says_little ? words : component.message + "; " + words;
}

/// A node that does not answer may still run its pods: another one under the same name is made only when the
/// cluster is sure that they have ended.
void KubernetesEngine::judge_node(const SeenPod& pod, Observed& observed) {
    bool lost = pod.lost;
    if (pod.object.ending && !pod.node.empty()) {
        const auto now = clock_.now();
        const auto since = ending_since_.try_emplace(pod.object.uid, now).first->second;
        lost = lost || now > since + std::chrono::seconds(pod.grace_seconds) + overdue;
    }
    if (!lost) return;
    observed.conditions.push_back(
        {.type = "NodeLost",
         .message =
             "node " + quoted(pod.node) + " does not answer; " + quoted(pod.seen.name) +
             " can run elsewhere once an administrator deletes that node, or confirms that it is off by the "
             "taint node.kubernetes.io/out-of-service"});
}

}  // namespace berth::engine
