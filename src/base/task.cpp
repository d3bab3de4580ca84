#include "base/task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"

namespace berth {

struct TaskGroup::State {
    explicit State(asio::any_io_executor executor)
        : executor(std::move(executor)), empty(this->executor, asio::steady_timer::time_point::max()) {}

    asio::any_io_executor executor;
    std::list<asio::cancellation_signal> running;
    asio::steady_timer empty;  // Cancelled each time the last task ends.
};

namespace {

void report(const std::string& name, const std::exception_ptr& failure) {
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted)
            log::error("task failed", {{"task", name}, {"error", error.what()}});
    } catch (const std::exception& error) {
        log::error("task failed", {{"task", name}, {"error", error.what()}});
    }
}

}  // namespace

TaskGroup::TaskGroup(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() {
    cancel();
}

void TaskGroup::start(std::string name, Task<> task) {
    const auto place = state_->running.emplace(state_->running.end());
    auto finish = [state = state_, place, name = std::move(name)](const std::exception_ptr& failure) {
        report(name, failure);
        state->running.erase(place);
        if (state->running.empty()) state->empty.cancel();
    };
    asio::co_spawn(state_->executor, std::move(task),
                   asio::bind_cancellation_slot(place->slot(), std::move(finish)));
}

void TaskGroup::cancel() {
    // A cancelled task may end within `emit` and erase itself, so the list is walked over a copy of its
    // places.
    std::vector<asio::cancellation_signal*> signals;
    for (auto& signal : state_->running) signals.push_back(&signal);
    for (auto* signal : signals)
        asio::post(state_->executor, [state = state_, signal] {
            for (auto& running : state->running) {
                if (&running != signal) continue;
                running.emit(asio::cancellation_type::terminal);
                break;
            }
        });
}

Task<> TaskGroup::join() {
    const auto state = state_;
    while (!state->running.empty()) {
        boost::system::error_code ec;
        co_await state->empty.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
}

std::size_t TaskGroup::size() const {
    return state_->running.size();
}

}  // namespace berth
