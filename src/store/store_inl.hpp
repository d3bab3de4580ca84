#pragma once

// The typed faces of `enqueue_write` and `enqueue_read`. Included by store.hpp only.

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

namespace berth::store {
namespace detail {

/// Starts `enqueue(work, done)` and resumes the calling coroutine on its own executor with the result.
template <class T, class Enqueue>
Task<T> await(Enqueue enqueue) {
    struct Slot {
        std::exception_ptr failure;
        std::conditional_t<std::is_void_v<T>, char, std::optional<T>> result{};
    };
    auto slot = std::make_shared<Slot>();
    auto executor = co_await asio::this_coro::executor;
    auto initiate = [enqueue = std::move(enqueue), slot, executor]<class Handler>(Handler handler) mutable {
        auto shared = std::make_shared<Handler>(std::move(handler));
        enqueue(slot,
                [slot, shared, work = asio::make_work_guard(executor)](std::exception_ptr failure) mutable {
                    // The coroutine's alone from here on: this thread keeps nothing that it would destroy.
                    slot->failure = std::move(failure);
                    slot.reset();
                    asio::post(work.get_executor(), [shared = std::move(shared)] { (*shared)(); });
                });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(initiate),
                                                                          asio::use_awaitable);
    if (slot->failure) std::rethrow_exception(slot->failure);
    if constexpr (!std::is_void_v<T>) co_return std::move(*slot->result);
}

}  // namespace detail

template <class F>
Task<std::invoke_result_t<F, Tx&>> Store::write(F work) {
    using T = std::invoke_result_t<F, Tx&>;
    auto enqueue = [this, work = std::move(work)](auto slot, Done done) mutable {
        auto run = [slot, work = std::move(work)](Tx& tx) mutable {
            if constexpr (std::is_void_v<T>)
                work(tx);
            else
                slot->result.emplace(work(tx));
        };
        enqueue_write(std::move(run), std::move(done));
    };
    return detail::await<T>(std::move(enqueue));
}

template <class F>
Task<std::invoke_result_t<F, Rows&>> Store::read(F work) {
    using T = std::invoke_result_t<F, Rows&>;
    auto enqueue = [this, work = std::move(work)](auto slot, Done done) mutable {
        auto run = [slot, work = std::move(work)](Rows& rows) mutable {
            if constexpr (std::is_void_v<T>)
                work(rows);
            else
                slot->result.emplace(work(rows));
        };
        enqueue_read(std::move(run), std::move(done));
    };
    return detail::await<T>(std::move(enqueue));
}

}  // namespace berth::store
