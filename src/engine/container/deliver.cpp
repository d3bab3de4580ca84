// What is brought into a component: who waits for it, and bringing it.

#include "base/log.hpp"
#include "engine/container/container_engine.hpp"

namespace berth::engine {
namespace {

constexpr int asks_max = 50;
constexpr std::chrono::milliseconds ask_pause{2};
constexpr std::chrono::milliseconds look_pause{100};

}  // namespace

/// Process 1 listens a little after its container runs. Who does not answer yet has not come up.
Task<> ContainerEngine::ask_what_came(WorkloadId id, Known& known) {
    std::string why;
    for (int asked = 0; asked < asks_max; ++asked) {
        try {
            auto state = co_await ask_delivery(init_of(id, known.seen.name), clock_);
            known.seen.waiting = state.waiting;
            known.seen.message = state.waiting ? waiting_words : "";
            known.seen.delivered = std::move(state.delivered.secrets);
            co_return;
        } catch (const Error& error) {
            why = error.user;
            if (error.code != "not_running") break;
        }
        co_await clock_.sleep(ask_pause);
    }
    log::debug("a component's process 1 does not answer",
               {{"workload", id.text}, {"component", known.seen.name}, {"why", why}});
    known.seen.state = ContainerState::creating;
    known.inspected = false;
    tasks_.start("look again at " + known.seen.name, look_again(id));
}

Task<> ContainerEngine::look_again(WorkloadId id) {
    co_await clock_.sleep(look_pause);
    touch(id);
}

/// What is known of a container that runs; nullptr: it has gone, and so has what was to come into it.
ContainerEngine::Known* ContainerEngine::find_running(const WorkloadId& id, const std::string& handle) {
    auto& containers = entry(id).containers;
    const auto found = containers.find(handle);
    const bool runs = found != containers.end() && found->second.seen.state == ContainerState::running;
    return runs ? &found->second : nullptr;
}

Task<> ContainerEngine::make(WorkloadId id, BindComponent change) {
    if (auto* known = find_running(id, change.handle))
        known->inspected = false;
    else
        co_return;
    const auto init = init_of(id, change.component.name);
    co_await bind(init, clock_, {id, std::move(change.component), options_.materials});
}

Task<> ContainerEngine::make(WorkloadId id, UpdateFiles change) {
    if (auto* known = find_running(id, change.handle))
        known->inspected = false;
    else
        co_return;
    const auto init = init_of(id, change.component.name);
    co_await update_files(init, clock_, {id, std::move(change.component), options_.materials});
}

}  // namespace berth::engine
