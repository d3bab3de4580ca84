// All that is ours in the cluster, what only bears a name of ours, and what does not go: for a person who
// wants to know.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/kubernetes/kubernetes_engine.hpp"
#include "kube/refusal.hpp"

namespace berth::engine {

using namespace kubernetes;

namespace {

/// What has not gone this long after it should have is stuck.
constexpr Duration patience = std::chrono::minutes(1);

/// Which objects of a list are told of.
enum class Whose { any, theirs };

/// Why an object that is being removed is still there.
std::string stuck_because(const json::value& object, Time now) {
    const auto since = time_at(object, {"metadata", "deletionTimestamp"});
    if (!since || now < *since + patience) return {};
    std::string waits_for;
    if (const auto* list = kube::find_at(object, {"metadata", "finalizers"}); list && list->is_array())
        for (const auto& finalizer : list->get_array())
            if (finalizer.is_string())
                waits_for += (waits_for.empty() ? "" : ", ") + std::string(finalizer.get_string());
    const auto when = "being removed since " + to_string(*since);
    if (waits_for.empty()) return when + ": its node has not confirmed that it ended";
    return when + ": whoever set the finalizer " + waits_for + " has not taken it away";
}

ThingPart part_of(const kube::Resource& resource) {
    if (resource.plural == kube::pods.plural) return ThingPart::process;
    if (resource.plural == kube::claims.plural) return ThingPart::volume;
    if (resource.group == kube::http_routes.group || resource.plural == kube::ingresses.plural)
        return ThingPart::host;
    return ThingPart::other;
}

/// Whether we would give that name to one of these workloads, or to a part of it.
bool is_name_of(const std::string& name, const std::set<std::string>& workloads) {
    if (workloads.contains(name)) return true;
    for (auto at = name.find('-'); at != name.npos; at = name.find('-', at + 1))
        if (workloads.contains(name.substr(0, at))) return true;
    return false;
}

Thing thing_of(const kube::Resource& resource, const json::value& object, const std::string& instance,
               Time now) {
    const auto seen = read_object(object);
    Thing thing{.kind = std::string(resource.kind),
                .name = seen.key.namespace_ + "/" + seen.key.name,
                .part = part_of(resource)};
    thing.ours = kube::text_at(object, {"metadata", "labels", label_instance}) == instance;
    if (thing.ours) {
        thing.workload = seen.workload;
        thing.stuck = stuck_because(object, now);
    }
    if (thing.part == ThingPart::volume) thing.handle = seen.key.name;
    // What belongs to nothing any more the cluster will not collect.
    const bool root = resource.plural == kube::config_maps.plural;
    thing.removable = root || thing.part != ThingPart::other || !seen.owner.empty();
    return thing;
}

}  // namespace

Task<std::vector<json::value>> KubernetesEngine::list_all(kube::Resource resource, kube::Selection selection,
                                                          kube::Detail detail) {
    std::vector<json::value> all;
    std::string next;
    do {
        auto page = co_await client_.list(resource, selection, 500, next, detail);
        std::ranges::move(page.items, std::back_inserter(all));
        next = page.next;
    } while (!next.empty());
    co_return all;
}

Task<std::vector<Thing>> KubernetesEngine::inventory(std::vector<WorkloadId> known) {
    require_up();
    std::vector<Thing> things;
    std::set<std::string> names, homes;
    for (const auto& id : known) names.insert(workload_name(id));
    const auto spaces = co_await read_homes();
    for (const auto& space : spaces) {
        const auto name = kube::text_at(space, {"metadata", "name"});
        homes.insert(name);
        if (auto why = read_namespace_end(space); !why.empty())
            things.push_back({.kind = "Namespace", .name = name, .stuck = std::move(why)});
    }
    const auto volumes = fmt::format("berth-{}-", options_.instance);
    // Only what is told of is kept of a page: with it may be what others have.
    const auto look = [&](kube::Resource resource, kube::Selection where, Whose whose) -> Task<> {
        std::string next;
        do {
            const auto page = co_await client_.list(resource, where, 500, next, kube::Detail::metadata);
            for (const auto& object : page.items) {
                auto thing = thing_of(resource, object, options_.instance, clock_.now());
                const auto name = read_object(object).key.name;
                const bool told =
                    thing.ours ? whose == Whose::any : is_name_of(name, names) || name.starts_with(volumes);
                if (told) things.push_back(std::move(thing));
            }
            next = page.next;
        } while (!next.empty());
    };
    const bool spread = options_.spread != Spread::shared;
    const kube::Resource kinds[] = {kube::pods,    kube::services,         kube::config_maps,
                                    kube::secrets, kube::network_policies, kube::claims};
    for (const auto& resource : kinds) {
        if (spread) co_await look(resource, {.labels = selector_of(options_.instance)}, Whose::any);
        for (const auto& home : homes)
            co_await look(resource, {.namespace_ = home}, spread ? Whose::theirs : Whose::any);
    }
    const auto& routes = options_.routes;
    if (leads_hosts())
        co_await look(resource_of(routes.kind), {.namespace_ = routes.service.namespace_}, Whose::any);
    co_return things;
}

}  // namespace berth::engine
