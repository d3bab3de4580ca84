#include "store/threaded_store.hpp"

#include "store/stores.hpp"

namespace berth::store {

ThreadedStore::ThreadedStore(const Options& options, Clock& clock)
    : options_(options),
      clock_(clock),
      writes_(static_cast<std::size_t>(options.queue_max)),
      reads_(static_cast<std::size_t>(options.queue_max)) {}

void ThreadedStore::start(std::unique_ptr<Connection> writer,
                          std::vector<std::unique_ptr<Connection>> readers, Publish publish) {
    threads_.emplace_back(
        [this, db = std::move(writer), publish = std::move(publish)] { write_until_closed(*db, publish); });
    for (auto& reader : readers)
        threads_.emplace_back([this, db = std::move(reader)] { read_until_closed(*db); });
}

void ThreadedStore::close() {
    const std::lock_guard lock(closing_);
    writes_.close();
    reads_.close();
    for (auto& thread : threads_)
        if (thread.joinable()) thread.join();
}

void ThreadedStore::enqueue_write(std::function<void(Tx&)> work, Done done) {
    Group::Job job{std::move(work), std::move(done)};
    offer(writes_, job);
}

void ThreadedStore::enqueue_read(std::function<void(Rows&)> work, Done done) {
    ReadJob job{std::move(work), std::move(done)};
    offer(reads_, job);
}

template <class Job>
void ThreadedStore::offer(Queue<Job>& queue, Job& job) {
    using Offer = Queue<Job>::Offer;
    const auto offer = queue.push(job);
    if (offer == Offer::closed) job.done(refusal_when_closed());
    if (offer == Offer::full)
        job.done(std::make_exception_ptr(Error(
            Kind::busy, "store_busy", "too many requests wait for the database", "try again in a moment")));
}

void ThreadedStore::write_until_closed(Connection& db, const Publish& publish) {
    Group group(db, clock_, {options_.keep_state_events, options_.keep_audit_events},
                [&](const std::vector<Event>& events) { publish(db, events); });
    for (;;) {
        auto jobs = writes_.take(static_cast<std::size_t>(options_.batch_max));
        if (jobs.empty()) return;
        group.run(jobs);
    }
}

void ThreadedStore::read_until_closed(Connection& db) {
    SqlRows rows(db, clock_, {});
    for (;;) {
        auto jobs = reads_.take(1);
        if (jobs.empty()) return;
        auto& job = jobs.front();
        std::exception_ptr failure;
        try {
            db.begin(Access::read);
            job.work(rows);
        } catch (...) {
            failure = std::current_exception();
        }
        db.roll_back();
        job.work = nullptr;
        job.done(std::move(failure));
    }
}

}  // namespace berth::store
