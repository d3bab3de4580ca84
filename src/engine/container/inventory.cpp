// All that is ours, and what only looks like it: for a person who wants to know.

#include <fmt/format.h>

#include "engine/container/container_engine.hpp"
#include "engine/container/names.hpp"

namespace berth::engine {
namespace {

/// The engine's own words for what it has begun to remove and cannot.
std::string stuck_because(const container::ContainerSummary& summary) {
    if (summary.state == "dead") return "the engine could not remove it: it is dead";
    if (summary.state == "removing") return "the engine is removing it";
    return {};
}

}  // namespace

Task<std::vector<Thing>> ContainerEngine::inventory(std::vector<WorkloadId>) {
    require_up();
    std::vector<Thing> things;
    const auto prefix = fmt::format("berth-{}-", options_.instance);
    const auto add = [&](Thing thing, const container::Labels& labels) {
        const auto instance = labels.find(label_instance);
        thing.ours = instance != labels.end() && instance->second == options_.instance;
        if (!thing.ours && !thing.name.starts_with(prefix)) return;
        if (const auto workload = labels.find(label_workload); thing.ours && workload != labels.end())
            thing.workload = {workload->second};
        things.push_back(std::move(thing));
    };
    const auto containers = co_await client_->list({});
    for (const auto& summary : containers)
        add({.kind = "container",
             .name = summary.name,
             .part = ThingPart::process,
             .stuck = stuck_because(summary)},
            summary.labels);
    const auto networks = co_await client_->list_networks({});
    for (const auto& network : networks) add({.kind = "network", .name = network.name}, network.labels);
    const auto volumes = co_await client_->list_volumes({});
    for (const auto& volume : volumes)
        add({.kind = "volume", .name = volume.name, .part = ThingPart::volume, .handle = volume.name},
            volume.labels);
    co_return things;
}

}  // namespace berth::engine
