#include "store/tail.hpp"

#include "base/log.hpp"
#include "store/tables.hpp"

namespace berth::store {
namespace {

constexpr int events_at_once = 1000;

}  // namespace

void Tail::committed(Connection& db, const std::vector<Event>& events) {
    if (events.empty()) return;
    const std::lock_guard lock(mutex_);
    // The listener was faster.
    if (events.back().sequence <= seen_) return;
    if (events.front().sequence == seen_ + 1) {
        seen_ = events.back().sequence;
        return feed_.publish(events);
    }
    try {
        read_on(db);
    } catch (const std::exception& error) {
        log::warning("events are published later", {{"error", error.what()}});
    }
}

void Tail::catch_up(Connection& db) {
    const std::lock_guard lock(mutex_);
    read_on(db);
}

std::int64_t Tail::seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
}

void Tail::read_on(Connection& db) {
    for (bool more = true; more;) {
        std::vector<Event> events;
        db.begin(Access::read);
        try {
            events = db.select<Event>("WHERE sequence > :seen ORDER BY sequence LIMIT :most", seen_,
                                      events_at_once);
            const auto last = db.value<std::int64_t>("SELECT MAX(sequence) FROM event").value_or(0);
            if (last < seen_) {
                log::error("the database has lost events that were committed before",
                           {{"seen", std::to_string(seen_)}, {"last", std::to_string(last)}});
                seen_ = last;
            }
        } catch (...) {
            db.roll_back();
            throw;
        }
        db.roll_back();
        if (!events.empty()) seen_ = events.back().sequence;
        feed_.publish(events);
        more = events.size() == events_at_once;
    }
}

}  // namespace berth::store
