#pragma once

#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <vector>

namespace berth::store {

/// Jobs that wait for threads, in order, at most `limit`.
template <class Job>
class Queue {
  public:
    enum class Offer { taken, full, closed };

    explicit Queue(std::size_t limit) : limit_(limit) {}

    /// Leaves `job` alone unless it is taken.
    Offer push(Job& job) {
        {
            const std::lock_guard lock(mutex_);
            if (closed_) return Offer::closed;
            if (jobs_.size() >= limit_) return Offer::full;
            jobs_.push_back(std::move(job));
        }
        ready_.notify_one();
        return Offer::taken;
    }

    /// Waits for jobs and takes up to `most`. None: the queue was closed and is empty.
    std::vector<Job> take(std::size_t most) {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
        const auto count = static_cast<std::ptrdiff_t>(std::min(most, jobs_.size()));
        std::vector<Job> taken(std::make_move_iterator(jobs_.begin()),
                               std::make_move_iterator(jobs_.begin() + count));
        jobs_.erase(jobs_.begin(), jobs_.begin() + count);
        return taken;
    }

    /// No more jobs; those that wait are still taken.
    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        ready_.notify_all();
    }

  private:
    const std::size_t limit_;
    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Job> jobs_;
    bool closed_ = false;
};

}  // namespace berth::store
