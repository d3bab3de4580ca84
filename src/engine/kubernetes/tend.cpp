// What only the process that acts does, now and then: what all workloads need is there, and what none needs
// any more goes.

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"
#include "kube/refusal.hpp"

namespace berth::engine {

using namespace kubernetes;

namespace {

/// What keeps a namespace: of the first three whatever it is.
constexpr kube::Resource keepers[] = {kube::pods, kube::claims, kube::services, kube::config_maps,
                                      kube::secrets};
/// ConfigMaps that clusters put into every namespace.
const std::set<std::string> everywhere{"kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"};
/// On the Secrets that clusters make for accounts.
constexpr const char* of_accounts[] = {"kubernetes.io/service-account.name",
                                       "openshift.io/internal-registry-auth-token.service-account"};

/// Neither what we gave the namespace for all workloads nor what a cluster gives every one.
bool keeps(const kube::Resource& resource, const json::value& object, const std::string& instance) {
    if (resource.plural != kube::config_maps.plural && resource.plural != kube::secrets.plural) return true;
    if (kube::text_at(object, {"metadata", "labels", label_instance}) == instance)
        return !read_object(object).workload.empty();
    const auto of_account = [&](const char* note) {
        return !kube::text_at(object, {"metadata", "annotations", note}).empty();
    };
    return !everywhere.contains(kube::text_at(object, {"metadata", "name"})) &&
           std::ranges::none_of(of_accounts, of_account);
}

}  // namespace

/// While it is there nobody puts anything into the namespace.
class KubernetesEngine::Leaving {
  public:
    Leaving(KubernetesEngine& engine, std::string home) : engine_(engine), home_(std::move(home)) {
        engine_.leaving_.insert(home_);
    }
    ~Leaving() { engine_.leaving_.erase(home_); }
    Leaving(const Leaving&) = delete;
    Leaving& operator=(const Leaving&) = delete;

  private:
    KubernetesEngine& engine_;
    std::string home_;
};

Task<> KubernetesEngine::tend() {
    require_up();
    if (options_.spread != Spread::shared)
        co_await prepare_namespace();
    else if (!has_init(options_.namespace_))
        co_await prepare_home(options_.namespace_);
    co_await remove_old_inits();
    if (options_.spread == Spread::shared) co_return;
    if (!homes_known_) {
        // Those of an earlier process, too.
        const auto homes = co_await read_homes();
        for (const auto& home : homes) perhaps_empty_.insert(kube::text_at(home, {"metadata", "name"}));
        homes_known_ = true;
    }
    const auto now = perhaps_empty_;
    for (const auto& home : now) {
        std::optional<Error> failure;
        try {
            co_await leave_home(home);
        } catch (const Error& error) {
            failure = error;
        }
        // The next time everything is looked at anew.
        if (!failure)
            perhaps_empty_.erase(home);
        else
            log::warning("a namespace is not removed", {{"namespace", home}, {"error", failure->what()}});
    }
}

bool KubernetesEngine::is_lived_in(const std::string& home) const {
    const auto of_a_workload = [](const SeenObject* object) { return !object->workload.empty(); };
    return stays_.contains(home) || !claims_->in(home).empty() || !pods_->in(home).empty() ||
           !services_->in(home).empty() || std::ranges::any_of(config_maps_->in(home), of_a_workload) ||
           std::ranges::any_of(secrets_->in(home), of_a_workload);
}

/// What is in it, as the cluster itself says: `ConfigMap "theirs"`; empty: nothing.
Task<std::string> KubernetesEngine::find_keeper(std::string home) {
    for (const auto& resource : keepers) {
        std::string next;
        do {
            const auto page =
                co_await client_.list(resource, {.namespace_ = home}, 500, next, kube::Detail::metadata);
            for (const auto& item : page.items)
                if (keeps(resource, item, options_.instance))
                    co_return std::string(resource.kind) + " " +
                        quoted(kube::text_at(item, {"metadata", "name"}));
            next = page.next;
        } while (!next.empty());
    }
    co_return "";
}

/// Removes the namespace if it is ours and nothing is in it, of ours or of anybody.
Task<> KubernetesEngine::leave_home(std::string home) {
    if (is_lived_in(home)) co_return;
    const Leaving leaving(*this, home);
    const auto there = co_await client_.find(kube::namespaces, {"", home}, kube::Detail::metadata);
    if (!there || kube::find_at(*there, {"metadata", "deletionTimestamp"}) != nullptr) co_return;
    // One that somebody else made carries no space.
    if (kube::text_at(*there, {"metadata", "labels", label_instance}) != options_.instance ||
        kube::text_at(*there, {"metadata", "labels", label_space}).empty())
        co_return;
    if (const auto what = co_await find_keeper(home); !what.empty()) {
        log::info("a namespace stays: something is in it", {{"namespace", home}, {"what", what}});
        co_return;
    }
    // What is ours may have come by a watch meanwhile, of a process before this one.
    if (is_lived_in(home)) co_return;
    const kube::Removal removal{
        .uid = kube::text_at(*there, {"metadata", "uid"}), .background = true, .once = true};
    co_await client_.remove(kube::namespaces, {"", home}, removal);
    limited_.erase(home);
    inits_.erase(home);
    spaces_.erase(home);
    log::info("namespace removed", {{"namespace", home}});
}

/// Those of other versions, once no pod is from their time any more.
Task<> KubernetesEngine::remove_old_inits() {
    std::vector<SeenObject> old;
    for (const auto* map : config_maps_->of(WorkloadId{})) {
        const auto& key = map->object.key;
        if (key.name.starts_with(init_prefix) && key.name != place_.init_config_map && !map->object.ending)
            old.push_back(map->object);
    }
    if (old.empty()) co_return;
    std::set<kube::Key> mounted;
    for (const auto& [id, keys] : pods_->workloads())
        for (const auto* pod : pods_->of(id)) mounted.insert({pod->object.key.namespace_, pod->init});
    for (const auto& object : old) {
        if (mounted.contains(object.key)) continue;
        const auto left = co_await client_.remove(kube::config_maps, object.key, {.uid = object.uid});
        if (!left) config_maps_->gone(object);
        log::info("an old berth-init is removed",
                  {{"namespace", object.key.namespace_}, {"name", object.key.name}});
    }
}

}  // namespace berth::engine
