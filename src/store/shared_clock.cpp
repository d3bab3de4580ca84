#include "store/shared_clock.hpp"

#include "base/log.hpp"

namespace berth::store {
namespace {

/// Who reads logs of several machines wants to know from here on.
constexpr Duration worth_telling = std::chrono::seconds(2);

}  // namespace

Task<> SharedClock::set_by(Store& store) {
    const auto asked = machine_.now();
    const auto there = co_await store.read([](Rows& rows) { return rows.now(); });
    const auto took = machine_.now() - asked;
    const auto found = there - (asked + took / 2);
    // What is within the time that the question took is no difference.
    const auto change = found - ahead();
    if (std::chrono::abs(change) <= took / 2 + Duration(2)) co_return;
    ahead_.store(found.count(), std::memory_order_relaxed);
    if (std::chrono::abs(change) >= worth_telling)
        log::warning("this machine's clock is not the database's, which is used",
                     {{"database_ahead_ms", std::to_string(found.count())}});
}

Task<> SharedClock::follow(Store& store, Duration every) {
    for (;;) {
        co_await machine_.sleep(every);
        try {
            co_await set_by(store);
        } catch (const Error& error) {
            log::debug("no word on what time it is", {{"error", error.what()}});
        }
    }
}

}  // namespace berth::store
