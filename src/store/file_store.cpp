#include <thread>

#include "store/group.hpp"
#include "store/lock.hpp"
#include "store/migrations.hpp"
#include "store/queue.hpp"
#include "store/stores.hpp"

namespace berth::store {
namespace {

struct ReadJob {
    std::function<void(Rows&)> work;
    std::function<void(std::exception_ptr)> done;
};

/// A file in WAL mode: one thread writes, some read beside it, each with a connection of its own.
class FileStore final : public Store {
  public:
    FileStore(const Options& options, Clock& clock)
        : options_(options),
          clock_(clock),
          lock_(options.path),
          writes_(static_cast<std::size_t>(options.queue_max)),
          reads_(static_cast<std::size_t>(options.queue_max)) {
        auto db = std::make_unique<Connection>(options_.path);
        // FULL: a commit is on the disk before anybody hears of it.
        db->script("PRAGMA journal_mode=WAL;\nPRAGMA synchronous=FULL;\nPRAGMA journal_size_limit=67108864;");
        migrate(*db, migrations(), clock_.now());
        std::vector<std::unique_ptr<Connection>> readers;
        for (int reader = 0; reader < options_.readers; ++reader) {
            readers.push_back(std::make_unique<Connection>(options_.path));
            readers.back()->script("PRAGMA query_only=ON;");
        }
        // Only now: nothing above may throw while a thread runs.
        threads_.emplace_back([this, db = std::move(db)] { write_until_closed(*db); });
        for (auto& reader : readers)
            threads_.emplace_back([this, db = std::move(reader)] { read_until_closed(*db); });
    }

    ~FileStore() override { close(); }

    std::shared_ptr<void> subscribe(Listener listener) override {
        return feed_->subscribe(std::move(listener));
    }

    void close() override {
        const std::lock_guard lock(closing_);
        writes_.close();
        reads_.close();
        for (auto& thread : threads_)
            if (thread.joinable()) thread.join();
    }

  protected:
    void enqueue_write(std::function<void(Tx&)> work, Done done) override {
        Group::Job job{std::move(work), std::move(done)};
        offer(writes_, job);
    }

    void enqueue_read(std::function<void(Rows&)> work, Done done) override {
        ReadJob job{std::move(work), std::move(done)};
        offer(reads_, job);
    }

  private:
    template <class Job>
    void offer(Queue<Job>& queue, Job& job) {
        using Offer = Queue<Job>::Offer;
        const auto offer = queue.push(job);
        if (offer == Offer::closed) job.done(refusal_when_closed());
        if (offer == Offer::full)
            job.done(std::make_exception_ptr(Error(Kind::busy, "store_busy",
                                                   "too many requests wait for the database",
                                                   "try again in a moment")));
    }

    void write_until_closed(Connection& db) {
        Group group(db, clock_, {options_.keep_state_events, options_.keep_audit_events}, *feed_);
        for (;;) {
            auto jobs = writes_.take(static_cast<std::size_t>(options_.batch_max));
            if (jobs.empty()) return;
            group.run(jobs);
        }
    }

    void read_until_closed(Connection& db) {
        SqlRows rows(db, clock_, {});
        for (;;) {
            auto jobs = reads_.take(1);
            if (jobs.empty()) return;
            auto& job = jobs.front();
            std::exception_ptr failure;
            try {
                db.begin("DEFERRED");
                job.work(rows);
            } catch (...) {
                failure = std::current_exception();
            }
            db.roll_back();
            job.work = nullptr;
            job.done(std::move(failure));
        }
    }

    const Options options_;
    Clock& clock_;
    const Lock lock_;
    std::shared_ptr<Feed> feed_ = std::make_shared<Feed>();
    Queue<Group::Job> writes_;
    Queue<ReadJob> reads_;
    std::mutex closing_;
    std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Store> open_file(const Options& options, Clock& clock) {
    return std::make_unique<FileStore>(options, clock);
}

}  // namespace berth::store
