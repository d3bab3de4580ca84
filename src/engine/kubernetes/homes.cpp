// The namespaces of workloads: one for all, or one for each owner or part, made and removed by us.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"
#include "kube/refusal.hpp"

namespace berth::engine {

using namespace kubernetes;

namespace {

constexpr std::chrono::seconds tidy_after{2};
constexpr std::chrono::seconds tidy_again{30};
/// What keeps a namespace, whoever made it.
constexpr std::array theirs{kube::pods, kube::claims, kube::services};

}  // namespace

/// A namespace that somebody is putting something into is not removed.
class KubernetesEngine::Stay {
  public:
    Stay(KubernetesEngine& engine, std::string home) : engine_(engine), home_(std::move(home)) {
        ++engine_.stays_[home_];
    }
    ~Stay() {
        if (--engine_.stays_[home_] == 0) engine_.stays_.erase(home_);
    }
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;

  private:
    KubernetesEngine& engine_;
    std::string home_;
};

std::shared_ptr<KubernetesEngine::Stay> KubernetesEngine::stay_in(const std::string& home) {
    if (leaving_.contains(home))
        throw Error(Kind::busy, "changing",
                    fmt::format("namespace {} is just being removed", berth::quoted(home)));
    return std::make_shared<Stay>(*this, home);
}

std::string KubernetesEngine::home_of(const WorkloadId& id) const {
    if (options_.spread == Spread::shared) return options_.namespace_;
    const std::lock_guard lock(places_mutex_);
    const auto found = homes_.find(id);
    return found == homes_.end() ? std::string() : found->second;
}

Place KubernetesEngine::place_in(const std::string& home) const {
    auto place = place_;
    place.namespace_ = home;
    return place;
}

/// Where a workload is shows in what there is of it; where nothing is left, nobody lives perhaps.
void KubernetesEngine::note_home(const SeenObject& object) {
    if (options_.spread == Spread::shared) return;
    // What leads a host to us stands beside our own service.
    if (leads_hosts() && object.key.namespace_ == options_.routes.service.namespace_) return;
    const auto& id = object.workload;
    if (id.empty()) {
        if (claims_->find(object.key) == nullptr) tidy_soon(object.key.namespace_);
        return;
    }
    const bool there = !config_maps_->of(id).empty() || !pods_->of(id).empty() ||
                       !services_->of(id).empty() || !secrets_->of(id).empty() || !policies_->of(id).empty();
    if (!there) tidy_soon(object.key.namespace_);
    const std::lock_guard lock(places_mutex_);
    if (there)
        homes_.try_emplace(id, object.key.namespace_);
    else
        homes_.erase(id);
}

/// The namespace of a workload, with all that has to be in it first.
Task<std::string> KubernetesEngine::enter_home(WorkloadId id, CreateNetwork change) {
    if (options_.spread == Spread::shared) co_return options_.namespace_;
    auto home = namespace_of(options_.namespace_, options_.spread, change.space);
    if (const auto before = home_of(id); !before.empty() && before != home)
        throw Error(Kind::busy, "still_ending",
                    fmt::format("the workload is still ending in namespace {}", berth::quoted(before)));
    const auto stay = stay_in(home);
    spaces_[home] = change.space;
    {
        const std::lock_guard lock(places_mutex_);
        homes_[id] = home;
    }
    if (config_maps_->find({home, place_.init_config_map}) == nullptr) co_await prepare_home(home);
    if (options_.space_quota) co_await limit_home(home, change.allowance);
    co_return home;
}

/// The namespace, and berth-init in it. One that is there and not ours is nobody's to use.
Task<> KubernetesEngine::prepare_home(std::string home) {
    if (options_.spread == Spread::shared) {
        co_await prepare_namespace();
        co_await prepare_init(home);
        co_return;
    }
    if (!spaces_.contains(home)) throw Error(Kind::busy, "changing", "the namespace has just gone");
    const auto there = co_await client_.find(kube::namespaces, {"", home}, kube::Detail::metadata);
    if (!there) {
        const auto made = co_await create_if_missing(
            kube::namespaces, render_namespace(place_in(home), spaces_[home], options_.pod_security));
        limited_.erase(home);
        if (made) log::info("namespace made", {{"namespace", home}});
    } else if (kube::text_at(*there, {"metadata", "labels", label_instance}) != options_.instance) {
        throw taken(kube::namespaces, home);
    }
    co_await prepare_init(home);
}

/// What the owner may take, said to the cluster. Written only when it is another than last time.
Task<> KubernetesEngine::limit_home(std::string home, Allowance allowance) {
    if (const auto known = limited_.find(home); known != limited_.end() && known->second == allowance)
        co_return;
    const auto place = place_in(home);
    co_await put(kube::resource_quotas, render_quota(place, allowance));
    co_await put(kube::limit_ranges, render_limits(place, allowance));
    limited_[home] = allowance;
}

/// Creates the object, or gives the one that is there its spec; ours only.
Task<> KubernetesEngine::put(kube::Resource resource, json::object object) {
    const kube::Key key{std::string(object["metadata"].at("namespace").as_string()),
                        std::string(object["metadata"].at("name").as_string())};
    const auto there = co_await client_.find(resource, key);
    if (!there) {
        co_await client_.create(resource, std::move(object));
        co_return;
    }
    if (kube::text_at(*there, {"metadata", "labels", label_instance}) != options_.instance)
        throw taken(resource, key.name);
    const auto* spec = kube::find_at(*there, {"spec"});
    if (spec != nullptr && *spec == object["spec"]) co_return;
    const json::object about{{"uid", kube::text_at(*there, {"metadata", "uid"})},
                             {"resourceVersion", kube::text_at(*there, {"metadata", "resourceVersion"})}};
    co_await client_.patch(resource, key, {{"metadata", about}, {"spec", object["spec"]}});
}

/// A Secret with which nodes pull has to be where the pod is: it is copied from the configured namespace.
/// One that is missing there is the node's to report.
Task<> KubernetesEngine::bring_pull_secrets(std::string home, WorkloadComponent component) {
    if (options_.spread == Spread::shared) co_return;
    auto names = options_.pull_secrets;
    if (component.pull_secret) names.push_back(*component.pull_secret);
    for (const auto& name : names) {
        if (secrets_->find({home, name}) != nullptr) continue;
        const auto source = co_await client_.find(kube::secrets, {options_.namespace_, name});
        if (!source) continue;
        co_await create_if_missing(kube::secrets, render_pull_secret(place_in(home), *source));
    }
}

bool KubernetesEngine::is_lived_in(const std::string& home) const {
    const auto of_a_workload = [](const SeenObject* object) { return !object->workload.empty(); };
    return stays_.contains(home) || !claims_->in(home).empty() || !pods_->in(home).empty() ||
           !services_->in(home).empty() || std::ranges::any_of(config_maps_->in(home), of_a_workload) ||
           std::ranges::any_of(secrets_->in(home), of_a_workload);
}

const SeenObject* KubernetesEngine::find_claim(const std::string& handle) const {
    if (options_.spread == Spread::shared) return claims_->find({options_.namespace_, handle});
    return claims_->find_anywhere(handle);
}

void KubernetesEngine::tidy_soon(const std::string& home) {
    perhaps_empty_.insert(home);
    if (!std::exchange(tidying_, true)) tasks_.start("remove empty namespaces", tidy());
}

/// The namespaces of sessions, whole.
Task<std::vector<json::value>> KubernetesEngine::read_homes() {
    if (options_.spread == Spread::shared) {
        std::vector<json::value> homes;
        auto there = co_await client_.find(kube::namespaces, {"", options_.namespace_});
        if (there) homes.push_back(std::move(*there));
        co_return homes;
    }
    co_return co_await list_all(kube::namespaces, {.labels = selector_of(options_.instance)},
                                kube::Detail::whole);
}

/// Those of an earlier process, too.
Task<> KubernetesEngine::find_homes() {
    while (down_) co_await clock_.sleep(tidy_after);
    std::optional<Error> failure;
    try {
        const auto homes = co_await read_homes();
        for (const auto& home : homes) tidy_soon(kube::text_at(home, {"metadata", "name"}));
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) log::warning("namespaces cannot be listed", {{"error", failure->what()}});
}

Task<> KubernetesEngine::tidy() {
    Duration pause = tidy_after;
    while (!perhaps_empty_.empty()) {
        co_await clock_.sleep(pause);
        pause = tidy_after;
        const auto now = std::exchange(perhaps_empty_, {});
        for (const auto& home : now) {
            std::optional<Error> failure;
            try {
                if (!down_) co_await leave_home(home);
            } catch (const Error& error) {
                failure = error;
            }
            leaving_.erase(home);
            if (!down_ && !failure) continue;
            perhaps_empty_.insert(home);
            pause = tidy_again;
            if (failure)
                log::warning("a namespace is not removed", {{"namespace", home}, {"error", failure->what()}});
        }
    }
    tidying_ = false;
}

/// Removes the namespace if it is ours and nothing is in it, of ours or of anybody.
Task<> KubernetesEngine::leave_home(std::string home) {
    if (is_lived_in(home)) co_return;
    leaving_.insert(home);
    const auto there = co_await client_.find(kube::namespaces, {"", home}, kube::Detail::metadata);
    if (!there || kube::find_at(*there, {"metadata", "deletionTimestamp"}) != nullptr) co_return;
    // One that somebody else made carries no space.
    if (kube::text_at(*there, {"metadata", "labels", label_instance}) != options_.instance ||
        kube::text_at(*there, {"metadata", "labels", label_space}).empty())
        co_return;
    for (const auto& resource : theirs) {
        const auto left =
            co_await client_.list(resource, {.namespace_ = home}, 1, {}, kube::Detail::metadata);
        if (left.items.empty()) continue;
        log::info("a namespace stays: something is in it",
                  {{"namespace", home},
                   {"kind", std::string(resource.kind)},
                   {"name", kube::text_at(left.items.front(), {"metadata", "name"})}});
        co_return;
    }
    if (is_lived_in(home)) co_return;
    co_await client_.remove(kube::namespaces, {"", home},
                            {.uid = kube::text_at(*there, {"metadata", "uid"}), .background = true});
    limited_.erase(home);
    log::info("namespace removed", {{"namespace", home}});
}

/// A namespace that does not come to its end says why.
Task<Error> KubernetesEngine::explain_ending(std::string home, Error error) {
    std::string why;
    try {
        const auto there = co_await client_.find(kube::namespaces, {"", home});
        if (there) why = read_namespace_end(*there);
    } catch (const Error& failure) {
        log::debug("a namespace cannot be read", {{"namespace", home}, {"error", failure.what()}});
    }
    if (why.empty()) co_return error;
    co_return Error(Kind::unavailable, "namespace_ending",
                    fmt::format("namespace {} is {}", berth::quoted(home), why),
                    "what is named keeps it: remove that, and Berth makes the namespace again");
}

}  // namespace berth::engine
