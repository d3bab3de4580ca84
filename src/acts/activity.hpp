#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "plan/lifecycle.hpp"
#include "store/store.hpp"

namespace berth::acts {

/// When somebody last used a session, and how that was seen.
struct Seen {
    Time at{};
    std::string source;
};

/// What people did, until it is written down: `last_active_at` and its source of each session, what was seen
/// and does not count, and how far this process has told what it saw. What it does not come to tell is
/// unknown afterwards, and unknown is not idle.
///
/// What is noted of a frozen session is written down at once, and makes it go on.
///
/// `note` and `note_uncounted` may be called on any loop, as often as something happens. The rest belongs to
/// one executor. Not an event: nothing else happens because of activity, except that it takes a warning back
/// and ends a freeze. While no session is waited for and nobody does anything nothing is written.
class Activity {
  public:
    /// `holder` is the name of this process in the watermarks; no two have the same.
    Activity(store::Store& store, Clock& clock, std::string holder)
        : store_(store), clock_(clock), holder_(std::move(holder)) {}

    void note(const SessionId& session, Time at, std::string_view source);
    /// Told once a minute at most, or with what counts.
    void note_uncounted(const SessionId& session, Uncounted seen);

    /// Asked before each report for what was counted elsewhere. Set before `run`.
    std::function<void(Activity&)> collect = [](Activity&) {};

    /// A report every `every`, for ever; one that fails is made up for by the next.
    Task<> run(Duration every);
    /// Writes down what was noted of frozen sessions.
    Task<> thaw();
    Task<> report();
    /// The last report of a process that ends: nothing that it saw is unknown.
    Task<> end();

  private:
    struct Told {
        std::optional<Seen> seen;
        std::vector<Uncounted> uncounted;
    };
    using News = std::map<SessionId, Told>;
    struct Pending {
        std::vector<Uncounted> book;
        Time told_at{};
    };

    Task<> follow_frozen();
    void hear(const std::vector<Event>& events);
    Task<> rest_until(Time at);
    News take_news(Time now);
    void put_back(News news);
    /// `until`: how far everything is told; absent: nobody has to wait for us.
    Task<> write(News news, std::optional<Time> until);
    Task<bool> waited_for(Time now);
    static void note_row(store::Tx& tx, const SessionId& id, const Told& told, Time now);

    store::Store& store_;
    Clock& clock_;
    std::string holder_;
    std::mutex mutex_;
    std::map<SessionId, Seen> seen_;
    std::map<SessionId, Pending> uncounted_;
    bool marked_ = true;  // There may be a watermark of ours.
    std::optional<Time> waited_until_;
    std::set<SessionId> frozen_;                ///< What the store's feed says of them.
    bool hurry_ = false;                        ///< Something was noted of one of them.
    std::shared_ptr<asio::steady_timer> rest_;  ///< Cancelled on its executor when there is a hurry.
    std::shared_ptr<void> subscription_;
};

/// Writes that a session was used, unless a later use is known. Whoever saw a warning hears that it is over.
void note_use(store::Tx& tx, Session& session, const Seen& seen, const std::string& actor);

/// What is known of what people did, from the reports of all processes.
plan::Knowledge knowledge_of(store::Rows& rows, Time now);

/// The clock was set: up to when was told moves as `follow` moves what was dated before.
void move_reports(store::Tx& tx, const std::function<void(Time&)>& follow);

/// A process that has told nothing for so long is not there any more.
inline constexpr Duration silence_limit = std::chrono::minutes(2);
/// What does not count is told so often at most; what came since is not in the row yet.
inline constexpr Duration uncounted_every = std::chrono::minutes(1);

}  // namespace berth::acts
