#include "store/group.hpp"

#include "base/log.hpp"

namespace berth::store {

void Group::run(std::span<Job> jobs) {
    std::vector<Event> events;
    try {
        connection_.begin("IMMEDIATE");
        for (auto& job : jobs) run_in_savepoint(job);
        connection_.commit();
        events = rows_.take_events();
    } catch (const std::exception& error) {
        connection_.roll_back();
        rows_.take_events();
        log::error("writes were not stored",
                   {{"count", std::to_string(jobs.size())}, {"error", error.what()}});
        for (auto& job : jobs)
            if (!job.failure) job.failure = std::current_exception();
    }
    feed_.publish(events);
    for (auto& job : jobs) {
        // What the closure holds may be the caller's: it goes before the caller goes on.
        job.work = nullptr;
        job.done(std::exchange(job.failure, nullptr));
    }
}

void Group::run_in_savepoint(Job& job) {
    const auto appended = rows_.appended();
    connection_.run("SAVEPOINT job");
    try {
        job.work(rows_);
    } catch (...) {
        job.failure = std::current_exception();
    }
    // A disk that failed may have ended the transaction with all that came before, whether or not the closure
    // minded.
    if (connection_.failed())
        throw Error(Kind::unavailable, "storage_failed", "the database could not be written",
                    "see that its disk has room and is writable, then try again");
    if (job.failure) {
        connection_.run("ROLLBACK TO job");
        rows_.drop_events(appended);
    }
    connection_.run("RELEASE job");
}

}  // namespace berth::store
