#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "base/task.hpp"

/// One thread's event loop and what its connections share: no lock is taken on the way of a request.
namespace berth::net {

using Executor = asio::io_context::executor_type;

/// A coroutine of a loop. It names the concrete executor, which saves the type-erased one's dispatch on each
/// wait.
template <class T = void>
using Work = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> await{};

/// Runs a general task from a loop's coroutine and gives its result, which must be default-constructible.
template <class T>
Work<T> run_task(Executor executor, Task<T> task) {
    return asio::co_spawn(asio::any_io_executor(executor), std::move(task), await);
}

class Loop;

/// Something that has until some time, by the loop's coarse count of quarter seconds: arming costs one store.
class Deadline {
  public:
    explicit Deadline(Loop& loop) : loop_(loop) {}
    virtual ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// `expired` is called once when `length` has passed, up to half a second late. Arming again moves it.
    void arm(Duration length);
    void disarm() { at_ = never; }

  protected:
    /// Must not destroy any deadline itself: it closes sockets, and what waits on them ends in a later turn.
    virtual void expired() = 0;

  private:
    friend class Loop;
    static constexpr std::uint64_t never = ~std::uint64_t{0};
    Loop& loop_;
    Deadline* previous_ = nullptr;
    Deadline* next_ = nullptr;
    bool linked_ = false;
    std::uint64_t at_ = never;
};

/// A piece of memory that goes back to its loop.
class Block {
  public:
    Block() = default;
    Block(Loop& loop, std::unique_ptr<char[]> bytes, std::size_t size)
        : loop_(&loop), bytes_(std::move(bytes)), size_(size) {}
    Block(Block&& other) noexcept = default;
    Block& operator=(Block&& other) noexcept {
        std::swap(loop_, other.loop_);
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Block();
    char* data() const { return bytes_.get(); }
    std::size_t size() const { return size_; }
    explicit operator bool() const { return bytes_ != nullptr; }

  private:
    Loop* loop_ = nullptr;
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

/// One thread's event loop, with the memory and the deadlines of its connections.
class Loop {
  public:
    explicit Loop(int index);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    static constexpr std::size_t small_block = 16 << 10;
    static constexpr std::size_t large_block = 64 << 10;
    static constexpr Duration tick{250};
    static constexpr int large_bodies_max = 64;

    int index() const { return index_; }
    int large_bodies = 0;  ///< Request bodies above a small block that are being read whole, see `read_body`.
    Executor executor() { return context_.get_executor(); }
    asio::io_context& context() { return context_; }

    Block take_small() { return take(small_, small_block); }
    Block take_large() { return take(large_, large_block); }

    /// `Date` of now, made once a second (RFC 9110, 6.6.1).
    const std::string& date();

    /// Runs `each` every second on this loop for as long as the loop lives.
    void every_second(std::function<void()> each);
    /// Runs `last` when the loop ends, on the thread that ends it: what others keep of its sockets goes then.
    void at_end(std::function<void()> last) { at_end_.push_back(std::move(last)); }

  private:
    friend class Deadline;
    friend class Block;
    using Spare = std::vector<std::unique_ptr<char[]>>;
    static constexpr std::size_t spare_max = 64;

    Block take(Spare& spare, std::size_t size);
    void give_back(std::unique_ptr<char[]> bytes, std::size_t size);
    void link(Deadline& deadline);
    void unlink(Deadline& deadline);
    void sweep();
    void wait_for_tick();

    int index_;
    Spare small_, large_;
    Deadline* first_ = nullptr;
    std::uint64_t ticks_ = 0;
    bool ticking_ = false;
    std::vector<std::function<void()>> each_second_, at_end_;
    std::string date_;
    std::int64_t date_second_ = -1;
    // Last, so that what still waits in it ends while everything above is there.
    asio::io_context context_;
    asio::steady_timer timer_;
};

}  // namespace berth::net
