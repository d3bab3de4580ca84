#pragma once

#include <thread>

#include "store/feed.hpp"
#include "store/group.hpp"
#include "store/queue.hpp"
#include "store/store.hpp"

namespace berth::store {

/// A store whose work is done on threads of its own: one writes, some read beside it, each with a connection
/// of its own.
///
/// A derived class calls `close` in its destructor, before what `publish` uses goes.
class ThreadedStore : public Store {
  public:
    ThreadedStore(const Options& options, Clock& clock);
    ~ThreadedStore() override { close(); }

    std::shared_ptr<void> subscribe(Listener listener) override {
        return feed_->subscribe(std::move(listener));
    }
    void close() override;

  protected:
    /// Publishes what the writer has committed, on its thread and before its callers go on.
    using Publish = std::function<void(Connection& writer, const std::vector<Event>& events)>;

    /// Starts the threads; nothing that may throw comes after it in a constructor.
    void start(std::unique_ptr<Connection> writer, std::vector<std::unique_ptr<Connection>> readers,
               Publish publish);
    Feed& feed() { return *feed_; }
    const Options& options() const { return options_; }

    void enqueue_write(std::function<void(Tx&)> work, Done done) override;
    void enqueue_read(std::function<void(Rows&)> work, Done done) override;

  private:
    struct ReadJob {
        std::function<void(Rows&)> work;
        std::function<void(std::exception_ptr)> done;
    };

    template <class Job>
    void offer(Queue<Job>& queue, Job& job);
    void write_until_closed(Connection& db, const Publish& publish);
    void read_until_closed(Connection& db);

    const Options options_;
    Clock& clock_;
    std::shared_ptr<Feed> feed_ = std::make_shared<Feed>();
    Queue<Group::Job> writes_;
    Queue<ReadJob> reads_;
    std::mutex closing_;
    std::vector<std::thread> threads_;
};

}  // namespace berth::store
