#pragma once

#include <atomic>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <memory>

#include "base/task.hpp"

namespace berth::kube {

/// Lets a number of callers through at once; the others wait their turn. Safe from any loop.
class Gate {
  public:
    Gate(asio::any_io_executor executor, int places)
        : state_(std::make_shared<State>(executor, static_cast<std::size_t>(places))) {
        for (int i = 0; i < places; ++i) state_->places.try_send(boost::system::error_code());
    }

    /// A place, until it is destroyed.
    class Pass;
    Task<Pass> enter();

    /// The most places that were ever taken together.
    int most() const { return state_->most; }

  private:
    struct State {
        State(asio::any_io_executor executor, std::size_t count) : places(executor, count) {}
        asio::experimental::concurrent_channel<void(boost::system::error_code)> places;
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
        state_->places.try_send(boost::system::error_code());
    }

  private:
    std::shared_ptr<State> state_;
};

inline Task<Gate::Pass> Gate::enter() {
    const auto state = state_;
    co_await state->places.async_receive(asio::use_awaitable);
    co_return Pass(state);
}

}  // namespace berth::kube
