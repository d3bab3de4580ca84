#include "api/race.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>

namespace berth::api {

Task<> until_first(std::vector<Task<>> tasks) {
    auto executor = co_await asio::this_coro::executor;
    using Spawned = decltype(asio::co_spawn(executor, std::declval<Task<>>(), asio::deferred));
    std::vector<Spawned> spawned;
    for (auto& task : tasks) spawned.push_back(asio::co_spawn(executor, std::move(task), asio::deferred));
    auto group = asio::experimental::make_parallel_group(std::move(spawned));
    auto wait = group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto [order, failures] = co_await std::move(wait);
    const auto first = order.front();
    if (failures[first]) std::rethrow_exception(failures[first]);
}

}  // namespace berth::api
