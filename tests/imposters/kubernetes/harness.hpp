#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <stdexcept>

#include "base/error.hpp"
#include "imposters/kubernetes/api_server.hpp"

namespace berth::imposter {

/// One loop in virtual time with an API server on it, for one test.
class Harness {
  public:
    ~Harness() {
        server.close();
        tasks.cancel();
        settle();
    }

    /// Runs a coroutine to its end; time passes when nothing else happens, at most an hour.
    template <class T>
    T run(Task<T> task) {
        std::optional<std::exception_ptr> ended;
        if constexpr (std::is_void_v<T>) {
            asio::co_spawn(io, std::move(task), [&](std::exception_ptr failure) { ended = failure; });
            wait([&] { return ended.has_value(); });
            if (*ended) std::rethrow_exception(*ended);
        } else {
            std::optional<T> result;
            asio::co_spawn(io, std::move(task), [&](std::exception_ptr failure, T value) {
                ended = failure;
                result = std::move(value);
            });
            wait([&] { return ended.has_value(); });
            if (*ended) std::rethrow_exception(*ended);
            return std::move(*result);
        }
    }

    /// The error of a call that has to fail.
    template <class T>
    Error failure_of(Task<T> task) {
        try {
            run(std::move(task));
        } catch (const Error& error) {
            return error;
        }
        return Error(Kind::internal, "did_not_fail", "did not fail");
    }

    void pass(Duration length) {
        const auto until = clock.now() + length;
        while (true) {
            settle();
            const auto next = clock.next();
            if (!next || *next > until) break;
            clock.advance(*next);
        }
        clock.advance(until);
        settle();
    }

    void settle() {
        io.restart();
        while (io.poll() > 0) {
        }
    }

    VirtualClock clock{Time(std::chrono::hours(500'000))};
    asio::io_context io{1};
    ApiServer server{io.get_executor(), clock, 1};
    TaskGroup tasks{io.get_executor()};

  private:
    template <class Condition>
    void wait(Condition ended) {
        const auto give_up = clock.now() + std::chrono::hours(1);
        while (true) {
            settle();
            if (ended()) return;
            const auto next = clock.next();
            if (!next || *next > give_up) throw std::runtime_error("it never ends");
            clock.advance(*next);
        }
    }
};

}  // namespace berth::imposter
