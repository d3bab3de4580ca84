#include "base/clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

namespace berth {

Time SystemClock::now() const {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Task<> SystemClock::sleep_until(Time when) {
    asio::steady_timer timer(co_await asio::this_coro::executor, when - now());
    co_await timer.async_wait(asio::use_awaitable);
}

/// One coroutine that waits: its timer never fires by itself, `advance` ends it.
struct VirtualClock::Sleeper {
    explicit Sleeper(const asio::any_io_executor& executor)
        : timer(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    bool woken = false;
};

Task<> VirtualClock::sleep_until(Time when) {
    if (when <= now_) co_return;
    Sleeper sleeper(co_await asio::this_coro::executor);
    const auto place = sleepers_.emplace(when, &sleeper);
    boost::system::error_code ec;
    co_await sleeper.timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (sleeper.woken) co_return;
    sleepers_.erase(place);
    throw boost::system::system_error(asio::error::operation_aborted);
}

std::optional<Time> VirtualClock::next() const {
    if (sleepers_.empty()) return std::nullopt;
    return sleepers_.begin()->first;
}

void VirtualClock::advance(Time when) {
    now_ = std::max(now_, when);
    while (!sleepers_.empty() && sleepers_.begin()->first <= now_) {
        auto* sleeper = sleepers_.begin()->second;
        sleepers_.erase(sleepers_.begin());
        sleeper->woken = true;
        sleeper->timer.cancel();
    }
}

}  // namespace berth
