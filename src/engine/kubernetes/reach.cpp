// What any loop may ask: connections, terminals, programs and logs; and usage and images.

#include <fmt/format.h>

#include "engine/cpu_use.hpp"
#include "engine/kubernetes/forward.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"
#include "engine/kubernetes/logs.hpp"
#include "net/mac.hpp"

namespace berth::engine {

using namespace kubernetes;

/// Follows from our own secret: whoever has that needs to read no Secret of the cluster.
SecretText KubernetesEngine::key_of(const WorkloadId& id) const {
    return SecretText(net::hmac_sha256_hex(options_.secret, "berth-init key\n" + id.text));
}

InitClient KubernetesEngine::init_of(const WorkloadId& id, const std::string& component) const {
    std::optional<Place1> place;
    {
        const std::lock_guard lock(places_mutex_);
        if (const auto found = places_.find({id, component}); found != places_.end()) place = found->second;
    }
    if (!place || place->address.empty())
        throw Error(Kind::unavailable, "not_running", "the component is not running");
    const bool direct =
        options_.reach == Reach::direct || (options_.reach == Reach::automatic && options_.cluster.inside);
    if (direct) return InitClient(tcp_door(place->address, init_port, key_of(id)), clock_);
    auto connect = [this, pod = place->pod] { return forwards_->connect(pod, init_port); };
    return InitClient(InitDoor{.connect = std::move(connect), .key = key_of(id)}, clock_);
}

Task<Stream> KubernetesEngine::dial(WorkloadId id, std::string component, int port) {
    const auto init = init_of(id, component);
    co_return co_await init.dial(port);
}

Task<std::unique_ptr<Process>> KubernetesEngine::terminal(WorkloadId id, TerminalRequest request) {
    const auto init = init_of(id, request.component);
    co_return co_await init.terminal(std::move(request));
}

Task<std::unique_ptr<Process>> KubernetesEngine::exec(WorkloadId id, ExecRequest request) {
    const auto init = init_of(id, request.component);
    co_return co_await init.exec(std::move(request));
}

Task<> KubernetesEngine::logs(WorkloadId id, LogRequest request, std::function<Task<bool>(LogLine)> take) {
    const kube::Key pod{home_of(id), component_name(id, request.component)};
    auto container = request.component;
    try {
        if (pod.namespace_.empty()) throw Error(Kind::not_found, "not_found", "there is nothing of it");
        co_await read_log(client_, pod, container, std::move(request), std::move(take));
        co_return;
    } catch (const Error& error) {
        if (error.kind != Kind::not_found && error.kind != Kind::invalid) throw;
    }
    throw Error(Kind::not_found, "not_running",
                fmt::format("component {} has no container, so it has no log", berth::quoted(container)));
}

/// By the components themselves: that needs no right in the cluster, and nothing that is installed there.
Task<Usage> KubernetesEngine::usage(WorkloadId id) {
    require_up();
    Usage usage;
    std::vector<std::string> running;
    for (const auto* pod : pods_->of(id))
        if (pod->seen.state == ContainerState::running) running.push_back(pod->seen.name);
    std::uint64_t cpu = 0;
    for (const auto& component : running) {
        const auto used = co_await init_of(id, component).usage();
        cpu += used.cpu_nanoseconds;
        usage.memory.count += used.memory.count;
    }
    usage.cpu = note_use(cpu_, id, clock_.now(), cpu);
    // What has no pod any more is told no more of.
    if (pods_->of(id).empty()) cpu_.erase(id);
    co_return usage;
}

Task<std::optional<Image>> KubernetesEngine::resolve_image(std::string) {
    // A node finds out when a pod wants it there.
    co_return Image{};
}

Task<> KubernetesEngine::prepare_image(std::string) {
    co_return;
}

ObservedImage KubernetesEngine::image_state(const std::string&) const {
    return {.state = ImageState::present};
}

void KubernetesEngine::watch_images(std::function<void(const std::string&, const ObservedImage&)> changed) {
    images_moved_ = std::move(changed);
}

}  // namespace berth::engine
