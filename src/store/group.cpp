#include "store/group.hpp"

#include "base/log.hpp"

namespace berth::store {

void Group::run(std::span<Job> jobs) {
    std::vector<Event> events;
    try {
        connection_.begin(Access::write);
        for (auto& job : jobs) run_in_savepoint(job);
        rows_.store_events();
        connection_.commit(rows_.note(), true);
        events = rows_.take_events();
    } catch (const std::exception& error) {
        connection_.roll_back();
        rows_.take_events();
        log::error("writes were not stored",
                   {{"count", std::to_string(jobs.size())}, {"error", error.what()}});
        for (auto& job : jobs)
            if (!job.failure) job.failure = std::current_exception();
    }
    publish_(events);
    for (auto& job : jobs) {
        // What the closure holds may be the caller's: it goes before the caller goes on.
        job.work = nullptr;
        job.done(std::exchange(job.failure, nullptr));
    }
}

void Group::run_in_savepoint(Job& job) {
    const auto progress = rows_.progress();
    auto& dialect = connection_.dialect();
    dialect.start_job();
    try {
        job.work(rows_);
    } catch (...) {
        job.failure = std::current_exception();
    }
    // A disk that failed may have ended the transaction with all that came before, whether or not the closure
    // minded.
    if (connection_.failure()) throw *connection_.failure();
    if (!job.failure) return dialect.keep_job();
    dialect.undo_job();
    rows_.go_back(progress);
}

}  // namespace berth::store
