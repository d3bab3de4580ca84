#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <vector>

#include "base/task.hpp"

namespace berth {

/// Runs them side by side and returns when all have ended. Throws what the first of them, in this order,
/// threw. Cancelling it cancels all.
inline Task<> together(std::vector<Task<>> tasks) {
    if (tasks.size() == 1) co_return co_await std::move(tasks.front());
    if (tasks.empty()) co_return;
    const auto executor = co_await asio::this_coro::executor;
    const auto begin = [&executor](Task<> task) {
        return asio::co_spawn(executor, std::move(task), asio::deferred);
    };
    std::vector<decltype(begin(std::move(tasks.front())))> begun;
    for (auto& task : tasks) begun.push_back(begin(std::move(task)));
    auto group = asio::experimental::make_parallel_group(std::move(begun));
    const auto [order, failures] =
        co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    // The group swallows a cancellation.
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
    for (const auto& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

}  // namespace berth
