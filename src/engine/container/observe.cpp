// What is there: the cache of each workload, and the jobs that judge readiness.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "base/log.hpp"
#include "engine/container/container_engine.hpp"
#include "engine/container/names.hpp"
#include "engine/probe.hpp"

namespace berth::engine {
namespace {

constexpr int last_lines = 20;
constexpr int killed_status = 137;
constexpr std::chrono::milliseconds probe_first{10};
constexpr std::chrono::milliseconds probe_most{250};
constexpr std::chrono::milliseconds running_settles{2};

Task<bool> keep_line(std::vector<std::string>& lines, std::string text) {
    lines.push_back(std::move(text));
    co_return true;
}

ProbeSpec read_spec(const container::Labels& labels) {
    const auto found = labels.find(label_spec);
    if (found == labels.end()) return {};
    try {
        return json::from_json<ProbeSpec>(json::parse(found->second));
    } catch (const Error& error) {
        log::warning("a container's label cannot be read", {{"label", label_spec}, {"error", error.what()}});
        return {};
    }
}

}  // namespace

bool killed_for_memory(const std::string& container_id) {
    // /dev/kmsg gives one record a read. The line names the memory group that ran out, which is the
    // container's.
    const int log = ::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (log < 0) return false;
    std::array<char, 8192> record{};
    bool found = false;
    while (!found) {
        const auto count = ::read(log, record.data(), record.size());
        if (count < 0 && errno == EPIPE) continue;  // Overwritten meanwhile: the next read goes on.
        if (count <= 0) break;
        const std::string_view text(record.data(), static_cast<std::size_t>(count));
        const auto at = text.find("oom_memcg=");
        found = at != std::string_view::npos &&
                text.substr(at, text.find(',', at) - at).find(container_id) != text.npos;
    }
    ::close(log);
    return found;
}

Task<Observed> ContainerEngine::observe(WorkloadId id) {
    require_up();
    const auto known = cache_.find(id);
    const bool stale = known == cache_.end() || known->second.fresh != known->second.changed;
    if (stale || std::ranges::any_of(known->second.containers | std::views::values, is_unasked))
        co_await refresh(id);
    const auto& cached = entry(id);
    auto observed = report(cached);
    // A workload of which nothing is left needs no memory.
    if (observed == Observed{} && cached.claimed.empty()) cache_.erase(id);
    // Without root, version 1 of cgroups lets nobody freeze anything.
    observed.freezable = !(info_.rootless && info_.cgroup_version == 1);
    co_return observed;
}

Task<> ContainerEngine::refresh(WorkloadId id) {
    const auto seen = entry(id).changed;
    const auto labels = labels_of(place_, id);
    const auto summaries = co_await client_->list(labels);
    std::map<std::string, Known> containers;
    for (const auto& summary : summaries) {
        auto known = co_await look_at(summary);
        if (known.seen.handle.empty()) continue;
        const bool gone = co_await roll_back(id, known);
        if (!gone) containers.emplace(known.seen.handle, std::move(known));
    }
    const auto network = co_await client_->inspect_network(network_name(options_.instance, id));
    const auto volumes = co_await client_->list_volumes(labels);
    std::set<std::string> handles;
    for (const auto& volume : volumes) handles.insert(volume.name);
    const auto claimed = entry(id).claimed;
    for (const auto& handle : claimed) {
        if (handles.contains(handle)) continue;
        const auto volume = co_await client_->inspect_volume(handle);
        if (volume) handles.insert(handle);
    }
    auto& cached = entry(id);
    for (const auto& [handle, known] : cached.containers)
        if (!containers.contains(handle))
            if (const auto judged = readiness_.extract(handle)) judged.mapped()->wanted = false;
    cached.containers = std::move(containers);
    for (const auto& [handle, known] : cached.containers)
        handles.insert(known.volumes.begin(), known.volumes.end());
    cached.volumes = std::move(handles);
    cached.network = network && is_ours(network->labels, id);
    cached.closed = network && network->internal;
    cached.fresh = seen;
    probe_where_needed(id, cached);
}

const ContainerEngine::Known* ContainerEngine::find_known(const container::Labels& labels,
                                                          const std::string& handle) const {
    const auto workload = labels.find(label_workload);
    if (workload == labels.end()) return nullptr;
    const auto cached = cache_.find({workload->second});
    if (cached == cache_.end()) return nullptr;
    const auto known = cached->second.containers.find(handle);
    return known == cached->second.containers.end() ? nullptr : &known->second;
}

ContainerState ContainerEngine::state_now(const std::string& engine_state,
                                          const std::optional<Freezer>& freezer) {
    const auto state = state_of(engine_state);
    if (!freezer || (state != ContainerState::running && state != ContainerState::frozen)) return state;
    const auto frozen = freezer->frozen();
    if (!frozen) return state;
    return *frozen ? ContainerState::frozen : ContainerState::running;
}

/// One container: from the list where that says enough, else looked at.
Task<ContainerEngine::Known> ContainerEngine::look_at(container::ContainerSummary summary) {
    const auto workload = summary.labels.find(label_workload);
    if (const auto* known = find_known(summary.labels, summary.id);
        known != nullptr && known->inspected && known->engine_state == summary.state) {
        auto same = *known;
        same.seen.state = state_now(summary.state, same.freezer);
        if (!is_unasked(same)) co_return same;
    }
    const auto details = co_await client_->inspect(summary.id);
    Known known;
    if (!details) co_return known;
    known.seen = observe_component(*details);
    known.engine_state = details->state;
    if (details->pid > 0) known.freezer = Freezer::find(details->pid, details->id);
    known.seen.state = state_now(details->state, known.freezer);
    const bool lives =
        known.seen.state == ContainerState::running || known.seen.state == ContainerState::frozen;
    known.spec = read_spec(details->labels);
    known.volumes = summary.volumes;
    known.inspected = lives || known.seen.state == ContainerState::exited;
    if (workload != summary.labels.end())
        note_process({workload->second}, known.seen.name, lives ? details->pid : 0);
    known.bound_late = details->labels.contains(label_delivery);
    if (known.seen.state == ContainerState::exited) co_await finish_exited(known);
    if (known.bound_late && known.seen.state == ContainerState::running && workload != summary.labels.end())
        co_await ask_what_came({workload->second}, known);
    co_return known;
}

/// `process` 0: it does not run.
void ContainerEngine::note_process(const WorkloadId& id, const std::string& component, int process) {
    const std::lock_guard lock(processes_mutex_);
    if (process > 0)
        processes_[{id, component}] = process;
    else
        processes_.erase({id, component});
}

/// Why it ended: the kernel's word on memory, and its last lines.
Task<> ContainerEngine::finish_exited(Known& known) {
    auto& seen = known.seen;
    const bool stopped_by_us = stopping_.contains(seen.handle);
    if (seen.exit_code == killed_status && !seen.out_of_memory && !stopped_by_us)
        seen.out_of_memory = killed_for_memory(seen.handle);
    auto take = [&seen](container::LogLine line) { return keep_line(seen.last_log, std::move(line.text)); };
    try {
        const container::LogOptions options{.tail = last_lines};
        co_await client_->logs(seen.handle, options, std::move(take));
    } catch (const Error& error) {
        if (error.kind == Kind::unavailable) throw;
        seen.last_log = {"the log cannot be read: " + error.user};
    }
}

/// A container that was created and never started is left from a start that was interrupted: it is removed,
/// so that the next start makes it whole.
Task<bool> ContainerEngine::roll_back(const WorkloadId& id, const Known& known) {
    if (known.seen.state != ContainerState::created) co_return false;
    if (starting_.contains(container_name(options_.instance, id, known.seen.name, known.seen.generation)))
        co_return false;
    log::info("removing a container that never started",
              {{"workload", id.text}, {"component", known.seen.name}});
    co_await client_->remove(known.seen.handle, true);
    co_return true;
}

Observed ContainerEngine::report(const Cached& cached) const {
    Observed observed{.network = cached.network, .volumes = {cached.volumes.begin(), cached.volumes.end()}};
    for (const auto& [handle, known] : cached.containers) {
        auto component = known.seen;
        const bool lives =
            component.state == ContainerState::running || component.state == ContainerState::frozen;
        if (stopping_.contains(handle) && lives) component.state = ContainerState::stopping;
        // What a probe said is of no use once it has ended.
        if (const auto judged = readiness_.find(handle);
            judged != readiness_.end() && component.state == ContainerState::running && !component.waiting) {
            component.ready = judged->second->ready;
            if (!component.ready) component.message = judged->second->message;
        }
        observed.components.push_back(std::move(component));
    }
    std::ranges::sort(observed.components, {}, &ObservedComponent::name);
    if (cached.network && !cached.closed && !firewall_.problem().empty())
        observed.conditions.push_back(
            {.type = "EgressNotEnforced",
             .message = "sessions can reach private addresses and each other: " + firewall_.problem()});
    return observed;
}

void ContainerEngine::probe_where_needed(const WorkloadId& id, const Cached& cached) {
    for (const auto& [handle, known] : cached.containers) {
        if (known.seen.state != ContainerState::running || known.seen.waiting) {
            if (const auto judged = readiness_.find(handle); judged != readiness_.end())
                judged->second->wanted = false;
            continue;
        }
        auto& judged = readiness_[handle];
        if (judged && judged->wanted) continue;
        judged = std::make_shared<Readiness>();
        tasks_.start("probe " + known.seen.name, probe(id, handle, known.seen.name, known.spec, judged));
    }
}

/// Asks until it is ready, or nobody wants to know any more.
Task<> ContainerEngine::probe(WorkloadId id, std::string handle, std::string component, ProbeSpec spec,
                              std::shared_ptr<Readiness> readiness) {
    const auto init = init_of(id, component);
    Duration pause = probe_first;
    // An event that the container runs comes a little before its process 1 listens.
    co_await clock_.sleep(running_settles);
    while (readiness->wanted) {
        auto problem = co_await probe_once(init, clock_, spec.readiness, spec.ports);
        if (!readiness->wanted) co_return;
        if (!problem) break;
        if (*problem != readiness->message) {
            readiness->message = *problem;
            if (moved_) moved_(id);
        }
        co_await clock_.sleep(pause);
        pause = std::min<Duration>(pause * 3 / 2, probe_most);
    }
    if (!readiness->wanted) co_return;
    readiness->ready = true;
    if (moved_) moved_(id);
}

Task<std::vector<WorkloadId>> ContainerEngine::list() {
    require_up();
    const container::Labels ours{{label_instance, options_.instance}};
    std::set<WorkloadId> ids;
    const auto containers = co_await client_->list(ours);
    for (const auto& summary : containers)
        if (const auto label = summary.labels.find(label_workload); label != summary.labels.end())
            ids.insert({label->second});
    const auto networks = co_await client_->list_networks(ours);
    for (const auto& network : networks)
        if (const auto label = network.labels.find(label_workload); label != network.labels.end())
            ids.insert({label->second});
    co_return std::vector<WorkloadId>(ids.begin(), ids.end());
}

}  // namespace berth::engine
