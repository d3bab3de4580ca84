// What any loop may ask: connections, terminals, programs and logs; and usage and images.

#include <fmt/format.h>

#include "engine/container/container_engine.hpp"
#include "engine/container/names.hpp"
#include "engine/cpu_use.hpp"

namespace berth::engine {

InitClient ContainerEngine::init_of(const WorkloadId& id, const std::string& component) const {
    std::optional<int> process;
    const std::lock_guard lock(processes_mutex_);
    if (const auto known = processes_.find({id, component}); known != processes_.end())
        process = known->second;
    return InitClient(unix_door(init_socket(options_.data, id, component), process), clock_);
}

// These need the component's process 1 only: they work while the engine is away.

Task<Stream> ContainerEngine::dial(WorkloadId id, std::string component, int port) {
    const auto init = init_of(id, component);
    co_return co_await init.dial(port);
}

Task<std::unique_ptr<Process>> ContainerEngine::terminal(WorkloadId id, TerminalRequest request) {
    const auto init = init_of(id, request.component);
    co_return co_await init.terminal(std::move(request));
}

Task<std::unique_ptr<Process>> ContainerEngine::exec(WorkloadId id, ExecRequest request) {
    const auto init = init_of(id, request.component);
    co_return co_await init.exec(std::move(request));
}

Task<> ContainerEngine::logs(WorkloadId id, LogRequest request, std::function<Task<bool>(LogLine)> take) {
    auto labels = labels_of(place_, id);
    labels[label_component] = request.component;
    const auto containers = co_await client_->list(std::move(labels));
    if (containers.empty())
        throw Error(
            Kind::not_found, "not_running",
            fmt::format("component {} has no container, so it has no log", quoted(request.component)));
    auto translate = [&take](container::LogLine line) {
        return take({.at = line.at, .error_output = line.error_output, .text = std::move(line.text)});
    };
    const container::LogOptions options{.tail = request.tail, .follow = request.follow};
    co_await client_->logs(containers.front().id, options, std::move(translate));
}

Task<Usage> ContainerEngine::usage(WorkloadId id) {
    require_up();
    Usage usage;
    std::uint64_t cpu = 0;
    const auto containers = co_await client_->list(labels_of(place_, id));
    for (const auto& summary : containers) {
        const auto state = state_of(summary.state);
        if (state != ContainerState::running && state != ContainerState::frozen) continue;
        const auto stats = co_await client_->stats(summary.id);
        cpu += stats.cpu_nanoseconds;
        usage.memory.count += stats.memory.count;
    }
    usage.cpu = note_use(cpu_, id, clock_.now(), cpu);
    co_return usage;
}

Task<std::optional<Image>> ContainerEngine::resolve_image(std::string reference) {
    require_up();
    const auto details = co_await images_->resolve(std::move(reference));
    if (!details) co_return std::nullopt;
    co_return to_image(*details);
}

Task<> ContainerEngine::prepare_image(std::string reference) {
    require_up();
    co_await images_->prepare(std::move(reference));
}

ObservedImage ContainerEngine::image_state(const std::string& reference) const {
    return images_->state(reference);
}

void ContainerEngine::watch_images(std::function<void(const std::string&, const ObservedImage&)> changed) {
    images_->watch(std::move(changed));
}

}  // namespace berth::engine
