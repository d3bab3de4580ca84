#pragma once

#include <map>
#include <mutex>

#include "plan/lifecycle.hpp"
#include "store/store.hpp"

namespace berth::acts {

/// When somebody last used a session, and how that was seen.
struct Seen {
    Time at{};
    std::string source;
};

/// What people did, until it is written down: `last_active_at` and its source of each session, and how far
/// this process has told what it saw. What it does not come to tell is unknown afterwards, and unknown is not
/// idle.
///
/// `note` may be called on any loop, as often as something happens. The rest belongs to one executor. Not an
/// event: nothing else happens because of activity, except that it takes a warning back.
class Activity {
  public:
    /// `holder` is the name of this process in the watermarks; no two have the same.
    Activity(store::Store& store, Clock& clock, std::string holder)
        : store_(store), clock_(clock), holder_(std::move(holder)) {}

    void note(const SessionId& session, Time at, std::string_view source);

    /// Asked before each report for what was counted elsewhere. Set before `run`.
    std::function<void(Activity&)> collect = [](Activity&) {};

    /// A report every `every`, for ever; one that fails is made up for by the next.
    Task<> run(Duration every);
    Task<> report();
    /// The last report of a process that ends: nothing that it saw is unknown.
    Task<> end();

  private:
    using News = std::map<SessionId, Seen>;
    Task<> write(bool last);

    store::Store& store_;
    Clock& clock_;
    std::string holder_;
    std::mutex mutex_;
    News news_;
};

/// What is known of what people did, from the reports of all processes.
plan::Knowledge knowledge_of(store::Rows& rows, Time now);

/// A process that has told nothing for so long is not there any more.
inline constexpr Duration silence_limit = std::chrono::minutes(2);

}  // namespace berth::acts
