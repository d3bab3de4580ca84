// Every change is one or a few writes, each with a precondition: a create under a name that is a lock, or a
// removal of one uid.

#include <fmt/format.h>

#include <array>

#include "base/log.hpp"
#include "base/together.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"
#include "kube/refusal.hpp"

namespace berth::engine {

using namespace kubernetes;

namespace {

constexpr int purge_grace = 1;
constexpr std::chrono::seconds put_back_pause{30};

}  // namespace

/// Hosts go before what they lead to and come after it, what a pod needs is there before it; what does not
/// need each other goes side by side.
Task<> KubernetesEngine::apply(WorkloadId id, Changes changes) {
    require_up();
    const auto turn_of = [](const Change& change) -> std::size_t {
        if (std::holds_alternative<WithdrawHosts>(change)) return 0;
        if (std::holds_alternative<StartComponent>(change)) return 2;
        return std::holds_alternative<PublishHosts>(change) ? 3 : 1;
    };
    std::array<Changes, 4> turns;
    for (auto& change : changes) turns[turn_of(change)].push_back(std::move(change));
    for (auto& turn : turns) co_await make_all(id, std::move(turn));
}

Task<> KubernetesEngine::make_all(WorkloadId id, Changes changes) {
    std::optional<Error> failure;
    const auto make_one = [&](Change change) -> Task<> {
        std::optional<Error> failed;
        try {
            auto make_it = [&](auto& what) { return make(id, std::move(what)); };
            co_await std::visit(make_it, change);
        } catch (const Error& error) {
            failed = error;
        }
        if (!failed) co_return;
        // The world is not what we thought: the next look asks the cluster itself.
        if (failed->code == "namespace_ending") failed = co_await explain_ending(home_of(id), *failed);
        if (failed->code == "outcome_unknown" || failed->kind == Kind::conflict) unsure_.insert(id);
        if (!failure) failure = failed;
    };
    std::vector<Task<>> tasks;
    for (auto& change : changes) tasks.push_back(make_one(std::move(change)));
    co_await together(std::move(tasks));
    if (failure) throw Error(*failure);
}

Task<json::value> KubernetesEngine::create_once(kube::Resource resource, json::object object) {
    bool missing = false;
    try {
        co_return co_await client_.create(resource, object);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
        missing = true;
    }
    if (missing) co_await prepare_home(std::string(object["metadata"].at("namespace").as_string()));
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

Task<json::value> KubernetesEngine::put_back(WorkloadId id, kube::Resource resource, json::object object) {
    const auto& about = object.at("metadata");
    const kube::Key key{kube::text_at(about, {"namespace"}), kube::text_at(about, {"name"})};
    // Whoever changes it each time, a program perhaps, would have us write without end.
    const auto again = clock_.now() - put_back_pause;
    std::erase_if(put_back_at_, [&](const auto& entry) { return entry.second <= again; });
    if (put_back_at_.contains({resource.plural, key}))
        throw Error(Kind::busy, "changed",
                    fmt::format("{} {} is changed by somebody each time that it is put back", resource.kind,
                                berth::quoted(key.name)),
                    "end what changes it");
    auto there = co_await client_.find(resource, key);
    if (!there) throw Error(Kind::busy, "changing", fmt::format("{} has just gone", berth::quoted(key.name)));
    const auto seen = read_object(*there);
    if (seen.workload != id ||
        kube::text_at(*there, {"metadata", "labels", label_instance}) != options_.instance)
        throw taken(resource, key.name);
    const bool edited = resource.plural == kube::services.plural ? read_service(*there).object.edited
                                                                 : read_policy(*there).edited;
    // Its resource version, its address and whatever else the cluster gave it stay.
    auto& kept = there->as_object();
    auto& notes = kept["metadata"].as_object()["annotations"];
    if (!notes.is_object()) notes = json::object();
    notes.as_object()[note_mark] = about.at("annotations").at(note_mark);
    auto& spec = kept["spec"].as_object();
    for (const char* foreign : {"type", "externalIPs"}) spec.erase(foreign);
    for (auto& [part, value] : object.at("spec").as_object()) spec[part] = value;
    log::warning(edited ? "put back what somebody changed" : "brought up to date",
                 {{"kind", std::string(resource.kind)}, {"name", key.name}});
    auto made = co_await client_.replace(resource, std::move(kept));
    put_back_at_[{resource.plural, key}] = clock_.now();
    co_return made;
}

Task<> KubernetesEngine::make(WorkloadId id, CreateNetwork change) {
    std::erase_if(change.members, [](const NetworkMember& member) { return member.ports.empty(); });
    const auto home = co_await enter_home(id, change);
    const auto stay = stay_in(home);
    const auto place = place_in(home);
    const kube::Key name{home, workload_name(id)};
    if (const auto* there = config_maps_->find(name); there == nullptr || there->object.ending)
        config_maps_->seen(co_await create(id, kube::config_maps, render_config_map(place, id, change), ""));
    const auto* root = config_maps_->find(name);
    if (root == nullptr) throw Error(Kind::busy, "changing", "what the objects belong to has just gone");
    const Owner owner{name.name, root->object.uid};
    const auto key = key_of(id);
    const auto missing = [&](const SeenObject* object) {
        return object == nullptr || object->ending || object->owner != owner.uid;
    };
    const auto add = [&](kube::Resource resource, json::object object, auto& shelf) -> Task<> {
        shelf.seen(co_await create(id, resource, std::move(object), owner.uid));
    };
    const auto mend = [&](kube::Resource resource, json::object object, auto& shelf) -> Task<> {
        shelf.seen(co_await put_back(id, resource, std::move(object)));
    };
    std::vector<Task<>> rest;
    const auto* policy = policies_->find(name);
    if (missing(policy))
        rest.push_back(
            add(kube::network_policies, render_policy(place, id, owner, change.egress), *policies_));
    else if (!is_current(*policy))
        rest.push_back(
            mend(kube::network_policies, render_policy(place, id, owner, change.egress), *policies_));
    if (missing(secrets_->find(name)))
        rest.push_back(add(kube::secrets, render_secret(place, id, owner, key), *secrets_));
    for (const auto& member : change.members) {
        const auto* service = services_->find({home, component_name(id, member.name)});
        if (service == nullptr || missing(&service->object))
            rest.push_back(add(kube::services, render_service(place, id, owner, member), *services_));
        else if (service->object.edited)
            rest.push_back(mend(kube::services, render_service(place, id, owner, member), *services_));
    }
    co_await together(std::move(rest));
}

Task<> KubernetesEngine::make(WorkloadId id, CreateVolume change) {
    const auto& handle = change.volume.handle;
    const auto home = namespace_of(options_.namespace_, options_.spread, change.volume.space);
    const kube::Key key{home, handle};
    asked_volumes_[id].insert(handle);
    if (claims_->find(key) != nullptr) co_return;
    if (const auto* elsewhere = find_claim(handle); elsewhere != nullptr)
        throw Error(
            Kind::invalid, "volume_elsewhere",
            fmt::format("volume {} is in namespace {}, and sessions are in {} now", berth::quoted(handle),
                        berth::quoted(elsewhere->key.namespace_), berth::quoted(home)),
            "set sessionNamespaces back to what it was, or move the volume");
    const auto stay = stay_in(home);
    // Its namespace is being made at this moment, perhaps.
    spaces_.try_emplace(home, change.volume.space);
    std::optional<json::value> made;
    try {
        made = co_await create_once(kube::claims, render_claim(place_in(home), id, change.volume));
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
    const auto home = home_of(id);
    const auto stay = stay_in(home);
    const auto* config_map = config_maps_->find({home, workload_name(id)});
    if (config_map == nullptr) throw Error(Kind::busy, "changing", "what the pods belong to has just gone");
    const Owner owner{config_map->object.key.name, config_map->object.uid};
    if (change.component.profile == Profile::compat) co_await require_baseline(home, change.component);
    // Somebody may have removed what every pod mounts.
    co_await prepare_init(home);
    co_await bring_pull_secrets(home, change.component);
    std::map<std::string, std::string> addresses;
    for (const auto* service : services_->of(id)) addresses[service->object.component] = service->address;
    std::optional<std::vector<std::string>> program;
    if (change.component.command) {
        program = change.component.command;
        if (change.component.args)
            program->insert(program->end(), change.component.args->begin(), change.component.args->end());
    }
    if (wants_delivery(change.component) && !program)
        throw Error(
            Kind::invalid, "command_needed",
            fmt::format("component {} gets secrets or files before it starts, and what its image starts "
                        "is known to its node alone",
                        berth::quoted(change.component.name)),
            "give the component a command");
    const auto made = co_await create(
        id, kube::pods, render_pod(place_in(home), id, owner, change.component, addresses, program),
        owner.uid);
    auto pod = read_pod(made);
    if (pod.seen.generation != change.component.generation)
        throw Error(Kind::busy, "still_ending", "the component's previous pod is still there");
    pods_->take(std::move(pod));
}

/// Root of a user namespace is what Pod Security Standard `baseline` lets in, and only an administrator can
/// have set that.
Task<> KubernetesEngine::require_baseline(std::string home, WorkloadComponent component) {
    const auto there = co_await client_.find(kube::namespaces, {"", home}, kube::Detail::metadata);
    const auto level = there ? kube::text_at(*there, {"metadata", "labels", label_security}) : std::string();
    if (level == "baseline") co_return;
    throw Error(
        Kind::invalid, "profile_not_possible",
        fmt::format("component {} has profile compat, for which namespace {} has to enforce Pod Security "
                    "Standard baseline; it enforces {}",
                    berth::quoted(component.name), berth::quoted(home), level.empty() ? "none" : level),
        "an administrator sets it: kubectl label namespace " + home + " --overwrite " + label_security +
            "=baseline");
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
    forget_pod(change.handle);
    co_await remove_pod(id, change.handle, std::nullopt);
}

Task<> KubernetesEngine::make(WorkloadId id, RemoveNetwork) {
    asked_volumes_.erase(id);
    cpu_.erase(id);
    const auto* config_map = config_maps_->find({home_of(id), workload_name(id)});
    if (config_map == nullptr) co_return;
    const auto object = config_map->object;
    auto left =
        co_await client_.remove(kube::config_maps, object.key, {.uid = object.uid, .background = true});
    if (left)
        config_maps_->seen(*left);
    else
        config_maps_->gone(object);
}

Task<> KubernetesEngine::make(WorkloadId, PrepareImage) {
    // A node gets it when a pod wants it there.
    co_return;
}

Task<> KubernetesEngine::remove_volume(std::string handle) {
    require_up();
    const auto* known = find_claim(handle);
    const auto key = known != nullptr ? known->key : kube::Key{options_.namespace_, handle};
    const auto there = co_await client_.find(kube::claims, key, kube::Detail::metadata);
    if (!there) co_return;
    if (kube::text_at(*there, {"metadata", "labels", label_instance}) != options_.instance)
        throw taken(kube::claims, handle);
    const auto seen = read_object(*there);
    const auto left = co_await client_.remove(kube::claims, key, {.uid = seen.uid});
    if (!left) claims_->gone(seen);
}

Task<> KubernetesEngine::purge(Volumes volumes) {
    const auto all = options_.spread == Spread::shared ? options_.namespace_ : std::string();
    const auto clear = [this](const kube::Resource& resource, std::string where) -> Task<> {
        const auto all_of_it =
            co_await list_all(resource, {.namespace_ = where, .labels = selector_of(options_.instance)},
                              kube::Detail::metadata);
        for (const auto& item : all_of_it) {
            const auto seen = read_object(item);
            co_await client_.remove(resource, seen.key,
                                    {.uid = seen.uid, .grace_seconds = purge_grace, .background = true});
        }
    };
    co_await clear(kube::pods, all);
    co_await clear(kube::services, all);
    co_await clear(kube::network_policies, all);
    co_await clear(kube::secrets, all);
    co_await clear(kube::config_maps, all);
    if (leads_hosts()) co_await clear(resource_of(options_.routes.kind), options_.routes.service.namespace_);
    if (volumes == Volumes::keep) co_return;
    co_await clear(kube::claims, all);
    if (options_.spread == Spread::shared) co_return;
    const auto homes = co_await read_homes();
    for (const auto& home : homes)
        if (!kube::text_at(home, {"metadata", "labels", label_space}).empty())
            co_await client_.remove(kube::namespaces, {"", kube::text_at(home, {"metadata", "name"})},
                                    {.uid = kube::text_at(home, {"metadata", "uid"}), .background = true});
}

}  // namespace berth::engine
