#include "engine/sim/sim.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/delivery.hpp"

namespace berth::engine {

SimEngine::SimEngine(Clock& clock, asio::any_io_executor executor, Faults faults, std::uint64_t seed)
    : clock_(clock), faults_(faults), random_(seed), executor_(executor), tasks_(std::move(executor)) {}

SimEngine::~SimEngine() = default;

Task<> SimEngine::start() {
    co_return;
}

Task<> SimEngine::stop() {
    tasks_.cancel();
    co_await tasks_.join();
}

bool SimEngine::chance(double probability) {
    return probability > 0 && std::uniform_real_distribution<>(0, 1)(random_) < probability;
}

Duration SimEngine::up_to(Duration longest) {
    return Duration(
        std::uniform_int_distribution<std::int64_t>(0, std::max<std::int64_t>(0, longest.count()))(random_));
}

std::optional<std::string> SimEngine::down_because() const {
    if (away_until_ && clock_.now() < *away_until_) return "the simulated engine is away";
    return std::nullopt;
}

Task<> SimEngine::call() {
    co_await clock_.sleep(up_to(faults_.call_time));
    if (!away_until_ && chance(faults_.outage)) {
        away_until_ = clock_.now() + up_to(std::chrono::seconds(30));
        auto back = [](SimEngine& engine, Time until) -> Task<> {
            co_await engine.clock_.sleep_until(until);
            engine.away_until_.reset();
            for (const auto& place : engine.places_) engine.tell(place.first);
        };
        tasks_.start("sim outage", back(*this, *away_until_));
    }
    if (const auto reason = down_because()) throw Error(Kind::unavailable, "engine_unavailable", *reason);
    if (chance(faults_.call_fails_before))
        throw Error(Kind::unavailable, "engine_unavailable", "a simulated call failed");
}

Task<Observed> SimEngine::observe(WorkloadId id) {
    co_await call();
    Observed seen{.freezable = faults_.freezable};
    if (const auto place = places_.find(id); place != places_.end()) {
        seen.network = place->second.network;
        for (const auto& container : place->second.containers) seen.components.push_back(container.seen);
        for (const auto& handle : place->second.volumes)
            if (volumes_.contains(handle)) seen.volumes.push_back(handle);
    }
    co_return seen;
}

Task<std::vector<WorkloadId>> SimEngine::list() {
    co_await call();
    std::vector<WorkloadId> ids;
    for (const auto& [id, place] : places_)
        if (place.network || !place.containers.empty()) ids.push_back(id);
    co_return ids;
}

Task<std::vector<Thing>> SimEngine::inventory(std::vector<WorkloadId>) {
    co_await call();
    auto things = things_;
    for (const auto& [id, place] : places_) {
        if (place.network) things.push_back({.kind = "network", .name = id.text, .workload = id});
        for (const auto& container : place.containers)
            things.push_back({.kind = "container",
                              .name = id.text + "-" + container.seen.name,
                              .part = ThingPart::process,
                              .workload = id});
    }
    for (const auto& handle : volumes_)
        things.push_back({.kind = "volume", .name = handle, .part = ThingPart::volume, .handle = handle});
    co_return things;
}

Task<> SimEngine::apply(WorkloadId id, Changes changes) {
    for (const auto& change : changes) {
        co_await call();
        if (const auto* binding = std::get_if<BindComponent>(&change))
            co_await deliver(id, binding->handle, binding->component);
        else if (const auto* update = std::get_if<UpdateFiles>(&change))
            co_await deliver(id, update->handle, update->component);
        else
            apply_one(id, change);
        if (chance(faults_.call_fails_after))
            throw Error(Kind::unavailable, "engine_unavailable", "the answer of a simulated call was lost");
    }
}

/// What is bound already stays as it is, but for files that follow changes.
Task<> SimEngine::deliver(WorkloadId id, std::string handle, WorkloadComponent component) {
    Material material;
    if (materials_) material = co_await materials_(id, component.secrets);
    auto* container = find(id, component.name, handle);
    if (container == nullptr || container->seen.state != ContainerState::running) co_return;
    if (chance(faults_.delivery_cut))
        throw Error(Kind::unavailable, "not_delivered", "a simulated delivery broke off");
    if (container->seen.waiting) {
        container->seen.waiting = false;
        Bound bound{.workload = id, .handle = handle, .env = {}};
        for (const auto& [name, value] : material.env) bound.env[name] = value.reveal();
        bound_.push_back(std::move(bound));
        tasks_.start("sim program", serve(id, component.name, handle, faults_));
    }
    container->seen.delivered = component.secrets;
    tell(id);
}

void SimEngine::apply_one(const WorkloadId& id, const Change& change) {
    auto& place = places_[id];
    if (const auto* prepare = std::get_if<PrepareImage>(&change)) {
        auto& image = images_[prepare->image];
        if (image.state == ImageState::pulling || image.state == ImageState::present) return;
        image = {.state = ImageState::pulling, .message = "pulling " + prepare->image};
        tasks_.start("sim pull", pull(prepare->image));
    } else if (std::holds_alternative<CreateNetwork>(change)) {
        place.network = true;
    } else if (const auto* volume = std::get_if<CreateVolume>(&change)) {
        volumes_.insert(volume->volume.handle);
        place.volumes.insert(volume->volume.handle);
    } else if (const auto* create = std::get_if<StartComponent>(&change)) {
        make(id, create->component);
    } else if (const auto* end = std::get_if<StopComponent>(&change)) {
        auto* container = find(id, end->name, end->handle);
        if (container == nullptr || container->seen.state == ContainerState::exited) return;
        container->seen.state = ContainerState::stopping;
        tasks_.start("sim stop", end_later(id, end->name, end->handle, up_to(end->stop_timeout)));
    } else if (const auto* freeze = std::get_if<FreezeComponent>(&change)) {
        auto* container = find(id, freeze->name, freeze->handle);
        if (!faults_.freezable) throw Error(Kind::invalid, "not_freezable", "this engine cannot freeze");
        if (container != nullptr && container->seen.state == ContainerState::running)
            container->seen.state = ContainerState::frozen;
    } else if (const auto* thaw = std::get_if<ThawComponent>(&change)) {
        auto* container = find(id, thaw->name, thaw->handle);
        if (container != nullptr && container->seen.state == ContainerState::frozen)
            container->seen.state = ContainerState::running;
    } else if (const auto* removal = std::get_if<RemoveComponent>(&change)) {
        std::erase_if(place.containers, [&](const auto& c) {
            return c.seen.name == removal->name && c.seen.handle == removal->handle;
        });
    } else if (std::holds_alternative<RemoveNetwork>(change)) {
        if (!place.containers.empty())
            throw Error(Kind::conflict, "network_in_use", "the network still has containers");
        place.network = false;
    }
    tell(id);
}

void SimEngine::make(const WorkloadId& id, const WorkloadComponent& component) {
    auto& place = places_[id];
    if (!place.network) throw Error(Kind::conflict, "network_missing", "the network is not there");
    for (const auto& container : place.containers)
        if (container.seen.name == component.name) {
            if (container.seen.generation == component.generation) return;
            throw Error(Kind::conflict, "name_taken", "an older container is still there");
        }
    const auto image = images_.find(component.image);
    if (image == images_.end() || image->second.state != ImageState::present)
        throw Error(Kind::not_found, "image_not_found",
                    fmt::format("image {} not found", quoted(component.image)));
    Container made{.seen = {.name = component.name,
                            .handle = fmt::format("c{}", ++handles_),
                            .generation = component.generation},
                   .made_from = component};
    made.seen.state = ContainerState::creating;
    place.containers.push_back(made);
    const auto same = std::count_if(place.containers.begin(), place.containers.end(),
                                    [&](const auto& c) { return c.seen.name == component.name; });
    most_at_once_ = std::max(most_at_once_, static_cast<int>(same));
    tasks_.start("sim container", live(id, component.name, made.seen.handle, faults_));
}

Task<> SimEngine::live(WorkloadId id, std::string component, std::string handle, Faults faults) {
    co_await clock_.sleep(up_to(faults.start_time));
    auto* container = find(id, component, handle);
    if (container == nullptr || container->seen.state != ContainerState::creating) co_return;
    container->seen.state = ContainerState::running;
    container->seen.started_at = clock_.now();
    container->seen.waiting = wants_delivery(container->made_from);
    if (container->seen.waiting) container->seen.message = waiting_words;
    if (!container->seen.waiting) tasks_.start("sim program", serve(id, component, handle, faults));
    tell(id);
}

/// What it runs, from its start to its end.
Task<> SimEngine::serve(WorkloadId id, std::string component, std::string handle, Faults faults) {
    const bool stuck = chance(faults.never_ready);
    const bool dies = chance(faults.container_dies);
    const bool vanishes = chance(faults.container_vanishes);
    const bool freezes = chance(faults.container_freezes);
    const auto end_after = up_to(std::chrono::minutes(1));
    auto* container = find(id, component, handle);
    if (container == nullptr || container->seen.state != ContainerState::running) co_return;
    container->seen.message = "connection refused";
    if (container->made_from.run == Run::once) {
        const bool fails = chance(faults.step_fails);
        co_await clock_.sleep(up_to(vanishes ? end_after : faults.step_time));
        container = find(id, component, handle);
        if (container == nullptr || container->seen.state != ContainerState::running) co_return;
        if (vanishes)
            vanish(id, component);
        else
            end_step(id, *container, fails ? 1 : 0);
        co_return;
    }
    co_await clock_.sleep(up_to(faults.ready_time));
    container = find(id, component, handle);
    if (container == nullptr || container->seen.state != ContainerState::running) co_return;
    if (!stuck) {
        container->seen.ready = true;
        container->seen.message.clear();
        tell(id);
    }
    co_await clock_.sleep(end_after);
    if (dies)
        kill(id, component, 1);
    else if (vanishes)
        vanish(id, component);
    else if (freezes)
        set_frozen(id, component, true);
}

void SimEngine::end_step(const WorkloadId& id, Container& container, int exit_code) {
    container.seen.state = ContainerState::exited;
    container.seen.message.clear();
    container.seen.exited_at = clock_.now();
    container.seen.exit_code = exit_code;
    if (exit_code != 0) {
        container.seen.last_log = {"the simulated step failed"};
    } else {
        Ended ended{.workload = id, .name = container.seen.name, .volumes = {}};
        for (const auto& mount : container.made_from.mounts) ended.volumes.push_back(mount.volume);
        ended_well_.push_back(std::move(ended));
    }
    tell(id);
}

Task<> SimEngine::end_later(WorkloadId id, std::string component, std::string handle, Duration after) {
    co_await clock_.sleep(after);
    auto* container = find(id, component, handle);
    if (container == nullptr) co_return;
    container->seen.state = ContainerState::exited;
    container->seen.ready = false;
    container->seen.exited_at = clock_.now();
    // What serves ends well when it is asked to; what has something to finish does not.
    if (container->made_from.run == Run::once) container->seen.exit_code = 143;
    tell(id);
}

Task<> SimEngine::pull(std::string reference) {
    co_await clock_.sleep(up_to(faults_.pull_time));
    ObservedImage image{.state = ImageState::present,
                        .digest = fmt::format("sha256:{:064x}", std::hash<std::string>()(reference))};
    if (chance(faults_.image_missing))
        image = {.state = ImageState::missing,
                 .message =
                     fmt::format("image {} not found on this machine or in its registry", quoted(reference)),
                 .missing_since = clock_.now()};
    images_[reference] = image;
    for (const auto& listener : image_listeners_) listener(reference, image);
    for (const auto& place : places_) tell(place.first);
}

SimEngine::Container* SimEngine::find(const WorkloadId& id, const std::string& component,
                                      const std::string& handle) {
    const auto place = places_.find(id);
    if (place == places_.end()) return nullptr;
    for (auto& container : place->second.containers)
        if (container.seen.name == component && (handle.empty() || container.seen.handle == handle))
            return &container;
    return nullptr;
}

void SimEngine::tell(const WorkloadId& id) {
    if (moved_) moved_(id);
}

bool SimEngine::kill(const WorkloadId& id, const std::string& component, int exit_code) {
    auto* container = find(id, component, {});
    const bool lives = container != nullptr && (container->seen.state == ContainerState::running ||
                                                container->seen.state == ContainerState::frozen);
    if (!lives) return false;
    container->seen.state = ContainerState::exited;
    container->seen.ready = false;
    container->seen.exit_code = exit_code;
    container->seen.exited_at = clock_.now();
    container->seen.last_log = {"the simulated program ended"};
    tell(id);
    return true;
}

bool SimEngine::set_frozen(const WorkloadId& id, const std::string& component, bool frozen) {
    auto* container = find(id, component, {});
    const auto before = frozen ? ContainerState::running : ContainerState::frozen;
    if (container == nullptr || container->seen.state != before) return false;
    container->seen.state = frozen ? ContainerState::frozen : ContainerState::running;
    tell(id);
    return true;
}

bool SimEngine::vanish(const WorkloadId& id, const std::string& component) {
    const auto place = places_.find(id);
    if (place == places_.end()) return false;
    const auto gone =
        std::erase_if(place->second.containers, [&](const auto& c) { return c.seen.name == component; });
    tell(id);
    return gone > 0;
}

int SimEngine::frozen() const {
    int count = 0;
    for (const auto& [id, place] : places_)
        for (const auto& container : place.containers)
            count += container.seen.state == ContainerState::frozen ? 1 : 0;
    return count;
}

int SimEngine::running() const {
    int count = 0;
    for (const auto& place : places_) count += static_cast<int>(place.second.containers.size());
    return count;
}

}  // namespace berth::engine
