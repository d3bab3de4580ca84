#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace berth {

/// Runs `work` for at most `limit`, then cancels it and throws `unavailable` (`timed_out`): `what: no answer
/// within 5s`.
///
/// The result or the failure of `work` comes through at once; work and timer race for whichever ends first.
template <class T>
Task<T> finish_within(Clock& clock, Duration limit, std::string what, Task<T> work) {
    auto executor = co_await asio::this_coro::executor;
    auto race =
        asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(work), asio::deferred),
                                                asio::co_spawn(executor, clock.sleep(limit), asio::deferred));
    auto wait = race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if constexpr (std::is_void_v<T>) {
        const auto [order, failure, slept] = co_await std::move(wait);
        if (order[0] == 0) {
            if (failure) std::rethrow_exception(failure);
            co_return;
        }
    } else {
        auto [order, failure, result, slept] = co_await std::move(wait);
        if (order[0] == 0) {
            if (failure) std::rethrow_exception(failure);
            co_return std::move(result);
        }
    }
    throw Error(Kind::unavailable, "timed_out", what + ": no answer within " + to_string(limit));
}

}  // namespace berth
