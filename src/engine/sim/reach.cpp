// What any loop may ask: connections, terminals, programs and logs; and usage and images.

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "engine/sim/demo.hpp"
#include "engine/sim/sim.hpp"

namespace berth::engine {

Task<std::optional<Image>> SimEngine::resolve_image(std::string reference) {
    co_await call();
    for (const auto& [name, image] : images_)
        if (image.state == ImageState::present && (name == reference || image.digest == reference))
            co_return Image{.digest = image.digest};
    co_return std::nullopt;
}

Task<> SimEngine::prepare_image(std::string reference) {
    co_await call();
    apply_one({}, PrepareImage{std::move(reference)});
    places_.erase(WorkloadId{});
}

ObservedImage SimEngine::image_state(const std::string& reference) const {
    const auto found = images_.find(reference);
    return found == images_.end() ? ObservedImage{} : found->second;
}

void SimEngine::watch_images(std::function<void(const std::string&, const ObservedImage&)> changed) {
    image_listeners_.push_back(std::move(changed));
}

Task<> SimEngine::remove_volume(std::string handle) {
    co_await call();
    volumes_.erase(handle);
}

Task<Usage> SimEngine::usage(WorkloadId id) {
    co_await call();
    co_return Usage{.cpu = processor(id), .memory = {64 << 20}, .storage = {}};
}

Task<std::vector<Check>> SimEngine::examine() {
    std::vector<Check> checks{
        {.name = "engine", .passed = true, .message = "simulated: nothing runs for real"}};
    co_return checks;
}

Task<Stream> SimEngine::dial(WorkloadId id, std::string component, int) {
    auto ends = demo::connect(co_await asio::this_coro::executor, executor_);
    // The caller may be on any loop; the page is answered on ours.
    asio::post(executor_, [this, far = std::make_shared<Stream>(std::move(ends.second)), id, component] {
        tasks_.start("demo page", answer(std::move(*far), id, component));
    });
    co_return std::move(ends.first);
}

/// What is frozen answers once it goes on.
Task<> SimEngine::answer(Stream far, WorkloadId id, std::string component) {
    while (true) {
        const auto* container = find(id, component, {});
        if (container == nullptr || container->seen.state != ContainerState::frozen) break;
        co_await clock_.sleep(std::chrono::milliseconds(1));
    }
    co_await demo::answer(std::move(far), application(id));
}

Task<std::unique_ptr<Process>> SimEngine::terminal(WorkloadId, TerminalRequest) {
    co_return demo::terminal(co_await asio::this_coro::executor);
}

Task<std::unique_ptr<Process>> SimEngine::exec(WorkloadId, ExecRequest request) {
    const auto executor = co_await asio::this_coro::executor;
    if (request.terminal) co_return demo::terminal(executor);
    co_return demo::program(executor, request.command);
}

Task<> SimEngine::logs(WorkloadId, LogRequest, std::function<Task<bool>(LogLine)> take) {
    LogLine line{.at = clock_.now(), .text = "this is a simulated session"};
    co_await take(line);
}

}  // namespace berth::engine
