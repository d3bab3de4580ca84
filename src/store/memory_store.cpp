#include <mutex>

#include "store/feed.hpp"
#include "store/group.hpp"
#include "store/migrations.hpp"
#include "store/stores.hpp"

namespace berth::store {
namespace {

/// The same SQL on a database in memory. Everything happens on the caller's thread before the call returns,
/// so that equal calls in equal order do equal things.
class MemoryStore final : public Store {
  public:
    MemoryStore(const Options& options, Clock& clock)
        : group_(db_, clock, {options.keep_state_events, options.keep_audit_events},
                 [this](const std::vector<Event>& events) { feed_->publish(events); }) {
        migrate(db_, migrations(), clock.now());
    }

    std::shared_ptr<void> subscribe(Listener listener) override {
        return feed_->subscribe(std::move(listener));
    }

    void close() override {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }

  protected:
    void enqueue_write(std::function<void(Tx&)> work, Done done) override {
        std::exception_ptr failure;
        Group::Job job{std::move(work), [&](std::exception_ptr thrown) { failure = std::move(thrown); }};
        {
            const std::lock_guard lock(mutex_);
            if (closed_)
                failure = refusal_when_closed();
            else
                group_.run({&job, 1});
        }
        done(std::move(failure));
    }

    void enqueue_read(std::function<void(Rows&)> work, Done done) override {
        std::exception_ptr failure;
        {
            const std::lock_guard lock(mutex_);
            try {
                if (closed_) std::rethrow_exception(refusal_when_closed());
                work(group_.rows());
            } catch (...) {
                failure = std::current_exception();
            }
        }
        work = nullptr;
        done(std::move(failure));
    }

  private:
    std::mutex mutex_;
    bool closed_ = false;
    std::shared_ptr<Feed> feed_ = std::make_shared<Feed>();
    Connection db_{""};
    Group group_;
};

}  // namespace

std::unique_ptr<Store> open_memory(const Options& options, Clock& clock) {
    return std::make_unique<MemoryStore>(options, clock);
}

}  // namespace berth::store
