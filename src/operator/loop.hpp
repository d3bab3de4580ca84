#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <span>

#include "acts/sweep.hpp"
#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "engine/engine.hpp"
#include "operator/clock_watch.hpp"
#include "operator/prober.hpp"
#include "operator/queue.hpp"
#include "plan/session.hpp"
#include "store/store.hpp"

namespace berth::control {

struct LoopOptions {
    int looks_at_once = 32;                         ///< Sessions looked at side by side.
    Duration sweep_every{std::chrono::minutes(1)};  ///< Orphans, volumes given up, expired rows.
    Duration retry_first{200};                      ///< Pause after the first failed look; doubled each time.
    Duration retry_longest{std::chrono::seconds(30)};
    std::uint64_t seed = 0;  ///< Of the jitter; 0: from the system.
    /// Of the leadership under which it acts: nothing is written once another has begun. Absent: alone.
    std::optional<std::int64_t> epoch;
    Metrics* metrics = nullptr;                      ///< What is counted goes here; null: nowhere.
    std::function<Duration()> passed = time_passed;  ///< What no clock that is set changes.
};

/// Makes what is there what is wanted, one session at a time: the six lines of the architecture.
///
/// All of it runs on one executor. It remembers nothing that matters: a loop that is killed and started again
/// goes on from the rows. Meets the API and the gateway only in the store and its change feed.
class Loop {
  public:
    using Engines = std::map<std::string, engine::Engine*>;

    /// `url_of` gives a session's address from its host label.
    Loop(store::Store& store, Clock& clock, Engines engines,
         std::function<std::string(const Session&)> url_of, LoopOptions options,
         asio::any_io_executor executor);
    ~Loop();

    /// Loads what is unsettled, then looks until cancelled, and returns when every look has ended.
    Task<> run();

    /// Looks at that session as soon as there is room.
    void poke(const SessionId& id);

  private:
    struct Look;
    /// Work that one does at a time, and once more for whoever asked meanwhile.
    struct Rounds {
        bool running = false;
        bool due = false;
    };
    Task<> load_unsettled();
    Task<> load_running();
    Task<> look_for_owner(UserId owner);
    Task<> keep_sweeping();
    Task<bool> follow_clock();
    Task<> look(SessionId id);
    Task<> look_at_row(Look& look);
    Task<> look_at_orphan(SessionId id);
    Task<> fill_images(Look& look);
    Task<ObservedImage> find_image(engine::Engine& engine, const TemplateRevision& revision, std::string name,
                                   ObservedImage known);
    Task<> report(Look& look, std::optional<Error> error);
    Task<> sweep();
    Task<> sweep_engine(engine::Engine& engine);
    Task<> tend(engine::Engine& engine);
    Task<> look_for_hosts(engine::Engine& engine, std::span<const WorkloadId> there);
    Task<> go_round(Rounds& rounds, Task<> (Loop::*work)());
    Task<> sweep_as_asked();
    Task<> answer_open_sweep();
    Task<> answer_sweep(acts::SweepAsk ask);
    Task<> remove_given_up();
    Task<> remove_all_given_up();
    Task<> remove_volumes();
    Task<> remove_workspaces();
    Task<> note_engines();
    Task<bool> was_down(std::string engine);
    Task<> let_in();
    Task<> let_in_once();
    void hear_of_room(const Event& event);
    void hear(const std::vector<Event>& events);
    void hear_engine(const SessionId& id);
    void retry(const SessionId& id, const Error& error);
    void wake_up();
    /// Runs a write under our epoch.
    template <class F>
    auto write(F work) {
        return store_.write([epoch = options_.epoch, work = std::move(work)](store::Tx& tx) mutable {
            if (epoch) tx.require_epoch(*epoch);
            return work(tx);
        });
    }

    store::Store& store_;
    Clock& clock_;
    Engines engines_;
    std::function<std::string(const Session&)> url_of_;
    LoopOptions options_;
    asio::any_io_executor executor_;
    Queue queue_;
    struct Failing {
        int count = 0;  // Failed looks in a row.
        Time again_at{};
    };
    std::map<SessionId, Failing> failing_;
    std::set<SessionId> asked_;               // Somebody asked for something since the last look began.
    std::map<std::string, bool> down_;        // Engines, as was last told.
    std::set<std::string> hosts_looked_for_;  // Engines of which those of resting sessions were.
    Rounds sweeping_;                         // As somebody asked.
    Rounds letting_in_;                       // From the queue.
    bool anybody_waits_ = true;               // As far as is known.
    Rounds removing_;                         // Volumes and workspaces that were given up.
    std::mt19937_64 random_;
    std::shared_ptr<void> subscription_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    asio::steady_timer work_;  // Cancelled when the queue has something earlier.
    Prober prober_;
    ClockWatch clock_watch_;
    ClockWatch::Found set_;  // How the clock was set, and the rows do not know it yet.
    TaskGroup tasks_;
};

}  // namespace berth::control
