#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <deque>
#include <memory>
#include <mutex>

#include "base/task.hpp"

namespace berth::kube {

/// Lets a number of callers through at once; the others wait their turn, first come first served. Safe from
/// any loop. Who is cancelled while waiting takes no place along.
class Gate {
  public:
    Gate(asio::any_io_executor executor, int places) : state_(std::make_shared<State>(executor, places)) {}

    /// A place, until it is destroyed.
    class Pass;
    Task<Pass> enter();

    /// The most places that were ever taken together.
    int most() const { return state_->most; }

  private:
    /// Hears once that a place is free. One for each that waits: in Boost 1.81 a channel with a buffer
    /// accepts nothing any more once the only one who waited at it was cancelled.
    using Bell = asio::experimental::concurrent_channel<void(boost::system::error_code)>;
    struct State {
        State(asio::any_io_executor loop, int places) : executor(std::move(loop)), free(places) {}
        void leave() {
            const std::lock_guard lock(mutex);
            if (waiting.empty()) {
                ++free;
                return;
            }
            waiting.front()->try_send(boost::system::error_code());
            waiting.pop_front();
        }
        /// Nobody waits at that bell any more; a place that it has told of is the next one's.
        void give_up(const std::shared_ptr<Bell>& bell) {
            {
                const std::lock_guard lock(mutex);
                const auto found = std::ranges::find(waiting, bell);
                if (found != waiting.end()) {
                    waiting.erase(found);
                    return;
                }
            }
            leave();
        }
        asio::any_io_executor executor;
        std::mutex mutex;  // Of the next two.
        int free;
        std::deque<std::shared_ptr<Bell>> waiting;
        std::atomic<int> taken{0}, most{0};
    };
    std::shared_ptr<State> state_;
};

/// One of the places. It is free again once this is destroyed.
class Gate::Pass {
  public:
    explicit Pass(std::shared_ptr<State> state) : state_(std::move(state)) {
        const int now = ++state_->taken;
        int most = state_->most;
        while (now > most && !state_->most.compare_exchange_weak(most, now)) {
        }
    }
    Pass(Pass&&) noexcept = default;
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
        if (!state_) return;
        --state_->taken;
        state_->leave();
    }

  private:
    std::shared_ptr<State> state_;
};

inline Task<Gate::Pass> Gate::enter() {
    const auto state = state_;
    std::shared_ptr<Bell> bell;
    {
        const std::lock_guard lock(state->mutex);
        if (state->free > 0)
            --state->free;
        else
            state->waiting.push_back(bell = std::make_shared<Bell>(state->executor, 1));
    }
    if (!bell) co_return Pass(state);
    try {
        co_await bell->async_receive(asio::use_awaitable);
    } catch (...) {
        state->give_up(bell);
        throw;
    }
    co_return Pass(state);
}

}  // namespace berth::kube
