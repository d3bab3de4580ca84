// Every change is one or a few writes, each with a precondition: a create under a name that is a lock, or a
// removal of one uid.

#include <fmt/format.h>

#include "base/log.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"
#include "kube/refusal.hpp"

namespace berth::engine {

using namespace kubernetes;

namespace {

constexpr int purge_grace = 1;

Error taken(const kube::Resource& resource, const std::string& name) {
    return Error(Kind::conflict, "name_taken",
                 fmt::format("{} {} is there and not ours", resource.kind, berth::quoted(name)),
                 "remove it, or give Berth a namespace of its own");
}

}  // namespace

Task<> KubernetesEngine::apply(WorkloadId id, Changes changes) {
    require_up();
    for (auto& change : changes) {
        std::optional<Error> failure;
        try {
            auto make_it = [&](auto& what) { return make(id, std::move(what)); };
            co_await std::visit(make_it, change);
        } catch (const Error& error) {
            failure = error;
        }
        if (!failure) continue;
        // The world is not what we thought: the next look asks the cluster itself.
        if (failure->code == "outcome_unknown" || failure->kind == Kind::conflict) unsure_.insert(id);
        throw *failure;
    }
}

Task<json::value> KubernetesEngine::create_once(kube::Resource resource, json::object object) {
    bool missing = false;
    try {
        co_return co_await client_.create(resource, object);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
        missing = true;
    }
    if (missing) {
        co_await prepare_namespace();
        co_await prepare_init();
    }
    co_return co_await client_.create(resource, std::move(object));
}

Task<json::value> KubernetesEngine::create(WorkloadId id, kube::Resource resource, json::object object,
                                           std::string owner) {
    const kube::Key key{std::string(object["metadata"].at("namespace").as_string()),
                        std::string(object["metadata"].at("name").as_string())};
    try {
        co_return co_await create_once(resource, std::move(object));
    } catch (const Error& error) {
        if (error.code != "already_exists") throw;
    }
    auto there = co_await client_.find(resource, key);
    if (!there) throw Error(Kind::busy, "changing", fmt::format("{} has just gone", berth::quoted(key.name)));
    const auto seen = read_object(*there);
    if (seen.workload != id ||
        kube::text_at(*there, {"metadata", "labels", label_instance}) != options_.instance)
        throw taken(resource, key.name);
    if (seen.ending)
        throw Error(
            Kind::busy, "still_ending",
            fmt::format("the previous {} {} is still ending", resource.kind, berth::quoted(key.name)));
    if (!owner.empty() && seen.owner != owner) {
        // It belonged to what is gone, and the cluster has not come to collect it yet.
        co_await client_.remove(resource, key, {.uid = seen.uid, .background = true});
        throw Error(Kind::busy, "still_ending",
                    fmt::format("a previous {} {} is being removed", resource.kind, berth::quoted(key.name)));
    }
    co_return std::move(*there);
}

Task<> KubernetesEngine::make(WorkloadId id, CreateNetwork change) {
    std::erase_if(change.members, [](const NetworkMember& member) { return member.ports.empty(); });
    auto made = co_await create(id, kube::config_maps, render_config_map(place_, id, change), "");
    config_maps_->seen(made);
    const Owner owner{workload_name(id), read_object(made).uid};
    const auto key = key_of(id);
    const kube::Key name{options_.namespace_, owner.name};
    const auto missing = [&](const SeenObject* object) {
        return object == nullptr || object->ending || object->owner != owner.uid;
    };
    if (missing(policies_->find(name)))
        policies_->seen(co_await create(id, kube::network_policies,
                                        render_policy(place_, id, owner, change.egress), owner.uid));
    if (missing(secrets_->find(name)))
        secrets_->seen(co_await create(id, kube::secrets, render_secret(place_, id, owner, key), owner.uid));
    for (const auto& member : change.members) {
        const auto* service = services_->find({options_.namespace_, component_name(id, member.name)});
        if (service == nullptr || missing(&service->object))
            services_->seen(
                co_await create(id, kube::services, render_service(place_, id, owner, member), owner.uid));
    }
}

Task<> KubernetesEngine::make(WorkloadId id, CreateVolume change) {
    const auto& handle = change.volume.handle;
    const kube::Key key{options_.namespace_, handle};
    asked_volumes_[id].insert(handle);
    if (claims_->find(key) != nullptr) co_return;
    std::optional<json::value> made;
    try {
        made = co_await create_once(kube::claims, render_claim(place_, id, change.volume));
    } catch (const Error& error) {
        if (error.code != "already_exists") throw;
    }
    if (!made) made = co_await client_.find(kube::claims, key, kube::Detail::metadata);
    if (!made)
        throw Error(Kind::busy, "changing", fmt::format("volume {} has just gone", berth::quoted(handle)));
    if (kube::text_at(*made, {"metadata", "labels", label_instance}) != options_.instance)
        throw taken(kube::claims, handle);
    claims_->seen(*made);
}

Task<> KubernetesEngine::make(WorkloadId id, StartComponent change) {
    const auto* config_map = config_maps_->find({options_.namespace_, workload_name(id)});
    if (config_map == nullptr) throw Error(Kind::busy, "changing", "what the pods belong to has just gone");
    const Owner owner{config_map->object.key.name, config_map->object.uid};
    // Somebody may have removed what every pod mounts.
    if (config_maps_->find({options_.namespace_, place_.init_config_map}) == nullptr) co_await prepare_init();
    std::map<std::string, std::string> addresses;
    for (const auto* service : services_->of(id)) addresses[service->object.component] = service->address;
    std::optional<std::vector<std::string>> program;
    if (change.component.command) {
        program = change.component.command;
        if (change.component.args)
            program->insert(program->end(), change.component.args->begin(), change.component.args->end());
    }
    const auto made = co_await create(
        id, kube::pods, render_pod(place_, id, owner, change.component, addresses, program), owner.uid);
    auto pod = read_pod(made);
    if (pod.seen.generation != change.component.generation)
        throw Error(Kind::busy, "still_ending", "the component's previous pod is still there");
    pods_->take(std::move(pod));
}

Task<> KubernetesEngine::remove_pod(WorkloadId id, const std::string& uid, std::optional<int> grace) {
    for (const auto* pod : pods_->of(id)) {
        if (pod->object.uid != uid) continue;
        const auto object = pod->object;
        auto left = co_await client_.remove(kube::pods, object.key, {.uid = uid, .grace_seconds = grace});
        if (left)
            pods_->seen(*left);
        else
            pods_->gone(object);
        co_return;
    }
}

Task<> KubernetesEngine::make(WorkloadId id, StopComponent change) {
    const auto grace = std::chrono::ceil<std::chrono::seconds>(change.stop_timeout).count();
    co_await remove_pod(id, change.handle, static_cast<int>(std::max<std::int64_t>(1, grace)));
}

Task<> KubernetesEngine::make(WorkloadId id, RemoveComponent change) {
    last_words_.erase(change.handle);
    readiness_.erase(change.handle);
    co_await remove_pod(id, change.handle, std::nullopt);
}

Task<> KubernetesEngine::make(WorkloadId id, RemoveNetwork) {
    const auto* config_map = config_maps_->find({options_.namespace_, workload_name(id)});
    if (config_map == nullptr) co_return;
    const auto object = config_map->object;
    auto left =
        co_await client_.remove(kube::config_maps, object.key, {.uid = object.uid, .background = true});
    if (left)
        config_maps_->seen(*left);
    else
        config_maps_->gone(object);
    asked_volumes_.erase(id);
}

Task<> KubernetesEngine::make(WorkloadId, PrepareImage) {
    // A node gets it when a pod wants it there.
    co_return;
}

Task<> KubernetesEngine::remove_volume(std::string handle) {
    require_up();
    const kube::Key key{options_.namespace_, handle};
    const auto there = co_await client_.find(kube::claims, key, kube::Detail::metadata);
    if (!there) co_return;
    if (kube::text_at(*there, {"metadata", "labels", label_instance}) != options_.instance)
        throw taken(kube::claims, handle);
    const auto seen = read_object(*there);
    const auto left = co_await client_.remove(kube::claims, key, {.uid = seen.uid});
    if (!left) claims_->gone(seen);
}

Task<> KubernetesEngine::purge(Volumes volumes) {
    auto home = options_.namespace_;
    const auto clear = [this, &home](const kube::Resource& resource) -> Task<> {
        while (true) {
            const auto page = co_await client_.list(
                resource, {.namespace_ = home, .labels = selector_of(options_.instance)}, 500, {},
                kube::Detail::metadata);
            for (const auto& item : page.items) {
                const auto seen = read_object(item);
                co_await client_.remove(resource, seen.key,
                                        {.uid = seen.uid, .grace_seconds = purge_grace, .background = true});
            }
            if (page.next.empty()) co_return;
        }
    };
    co_await clear(kube::pods);
    co_await clear(kube::services);
    co_await clear(kube::network_policies);
    co_await clear(kube::secrets);
    co_await clear(kube::config_maps);
    if (volumes == Volumes::remove) co_await clear(kube::claims);
    home = options_.routes.service.namespace_;
    if (leads_hosts()) co_await clear(resource_of(options_.routes.kind));
}

}  // namespace berth::engine
