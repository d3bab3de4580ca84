#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>

namespace berth {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

/// Work that runs beside its owner and never outlives it: the owner's last member.
///
/// All calls come from the group's executor, which must run one handler at a time. A task that throws
/// anything but a cancellation is logged with its name and ends alone; the others go on. The destructor
/// cancels, and what is still suspended then is destroyed with the executor's context.
class TaskGroup {
  public:
    explicit TaskGroup(asio::any_io_executor executor);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Runs `task` from the next turn of the loop on. `name` appears in the log when it fails.
    void start(std::string name, Task<> task);

    /// Asks every running task to stop: what each awaits ends with `operation_aborted`.
    void cancel();

    /// Returns when no task runs. Tasks started meanwhile are waited for too.
    Task<> join();

    std::size_t size() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace berth
