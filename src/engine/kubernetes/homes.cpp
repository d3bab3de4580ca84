// The namespaces of workloads: one for all, or one for each owner or part, made and removed by us.

#include <fmt/format.h>

#include <utility>

#include "base/log.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"
#include "kube/refusal.hpp"

namespace berth::engine {

using namespace kubernetes;

namespace {

/// What a merge patch has to say to make one tree the other: what is too much is null (RFC 7386).
json::object difference(const json::object& from, const json::object& to) {
    json::object patch = to;
    for (const auto& [key, value] : from) {
        const auto* wanted = to.if_contains(key);
        if (wanted == nullptr)
            patch[key] = nullptr;
        else if (wanted->is_object() && value.is_object())
            patch[key] = difference(value.get_object(), wanted->get_object());
    }
    return patch;
}

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
        if (claims_->find(object.key) == nullptr) note_perhaps_empty(object.key.namespace_);
        return;
    }
    const bool there = !config_maps_->of(id).empty() || !pods_->of(id).empty() ||
                       !services_->of(id).empty() || !secrets_->of(id).empty() || !policies_->of(id).empty();
    if (!there) note_perhaps_empty(object.key.namespace_);
    const std::lock_guard lock(places_mutex_);
    if (there)
        homes_.try_emplace(id, object.key.namespace_);
    else
        homes_.erase(id);
}

/// Before `tend` has looked at all of them nothing is remembered: most processes never do.
void KubernetesEngine::note_perhaps_empty(const std::string& home) {
    if (homes_known_) perhaps_empty_.insert(home);
}

bool KubernetesEngine::has_init(const std::string& home) const {
    return config_maps_->find({home, place_.init_config_map}) != nullptr;
}

/// The namespace of a workload, with all that has to be in it first.
Task<std::string> KubernetesEngine::enter_home(WorkloadId id, CreateNetwork change) {
    if (options_.spread == Spread::shared) {
        if (!has_init(options_.namespace_)) co_await prepare_home(options_.namespace_);
        co_return options_.namespace_;
    }
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
    if (!has_init(home)) co_await prepare_home(home);
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
    const Error other_turn(
        Kind::busy, "changing",
        fmt::format("{} is just being written for another workload", berth::quoted(key.name)));
    const auto there = co_await client_.find(resource, key);
    if (!there) {
        if (!co_await create_if_missing(resource, std::move(object))) throw Error(other_turn);
        co_return;
    }
    if (kube::text_at(*there, {"metadata", "labels", label_instance}) != options_.instance)
        throw taken(resource, key.name);
    const auto* spec = kube::find_at(*there, {"spec"});
    const json::object none;
    const auto& wanted = object["spec"].as_object();
    const auto& now = spec != nullptr && spec->is_object() ? spec->get_object() : none;
    if (now == wanted) co_return;
    const json::object about{{"uid", kube::text_at(*there, {"metadata", "uid"})},
                             {"resourceVersion", kube::text_at(*there, {"metadata", "resourceVersion"})}};
    bool lost = false;
    try {
        co_await client_.patch(resource, key, {{"metadata", about}, {"spec", difference(now, wanted)}});
    } catch (const Error& error) {
        if (error.kind != Kind::conflict) throw;
        lost = true;
    }
    if (lost) throw Error(other_turn);
}

/// A Secret with which nodes pull has to be where the pod is: it is copied from the configured namespace, and
/// anew when it has changed there. One that is missing there is the node's to report.
Task<> KubernetesEngine::bring_pull_secrets(std::string home, WorkloadComponent component) {
    if (options_.spread == Spread::shared) co_return;
    auto names = options_.pull_secrets;
    if (component.pull_secret) names.push_back(*component.pull_secret);
    for (const auto& name : names) {
        const auto source =
            co_await client_.find(kube::secrets, {options_.namespace_, name}, kube::Detail::metadata);
        if (!source) continue;
        const auto* copy = secrets_->find({home, name});
        if (copy != nullptr && copy->source == kube::text_at(*source, {"metadata", "resourceVersion"}))
            continue;
        if (copy != nullptr) co_await remove_copy(*copy);
        const auto whole = co_await client_.find(kube::secrets, {options_.namespace_, name});
        if (whole) co_await create_if_missing(kube::secrets, render_pull_secret(place_in(home), *whole));
    }
}

Task<> KubernetesEngine::remove_copy(SeenObject copy) {
    try {
        co_await client_.remove(kube::secrets, copy.key, {.uid = copy.uid});
    } catch (const Error& error) {
        // For another pod of the same start it was made anew.
        if (error.kind != Kind::conflict) throw;
    }
    secrets_->gone(copy);
}

const SeenObject* KubernetesEngine::find_claim(const std::string& handle) const {
    if (options_.spread == Spread::shared) return claims_->find({options_.namespace_, handle});
    return claims_->find_anywhere(handle);
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
