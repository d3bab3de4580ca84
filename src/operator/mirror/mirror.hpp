#pragma once

#include <deque>
#include <map>
#include <random>

#include "kube/watch.hpp"
#include "operator/mirror/decide.hpp"
#include "operator/mirror/definitions.hpp"
#include "operator/queue.hpp"

namespace berth::control {

struct MirrorOptions {
    std::string instance;    ///< Short hex; on every resource that is ours.
    std::string namespace_;  ///< Of the resources.
    std::string engine;      ///< Where sessions of kubectl run.
    mirror::UrlOf url_of;
    std::optional<std::int64_t> epoch;  ///< Of the leadership under which it acts. Absent: alone.
    int looks_at_once = 8;
    /// What is on its way is told of this often; what has arrived at once.
    Duration progress_every{std::chrono::seconds(5)};
    Duration definitions_every{std::chrono::seconds(30)};  ///< Asked for while they are not there.
    Duration retry_first{std::chrono::milliseconds(250)};
    Duration retry_longest{std::chrono::minutes(1)};
    std::uint64_t seed = 0;  ///< Of the jitter; 0: from the system.
};

/// Keeps the rows and the custom resources of a cluster telling the same, both ways.
///
/// All of it runs on one executor, of the leader only. It remembers nothing that matters: hashes and versions
/// of the resources, which a list gives back. Killed at any point, its successor goes on. Where the
/// definitions are not installed it says so once and waits for them.
class Mirror {
  public:
    Mirror(store::Store& store, Clock& clock, kube::Client& client, MirrorOptions options,
           asio::any_io_executor executor);
    ~Mirror();

    /// Until cancelled, and returns when every look has ended.
    Task<> run();

    /// Nothing waits to be looked at, as far as is known now.
    bool idle() const { return queue_.idle(); }

  private:
    /// A row by its id, or by its name a resource that no row is known for.
    struct Key {
        Noun noun = Noun::session;
        enum class By { row, name } by = By::row;
        std::string id;
        auto operator<=>(const Key&) const = default;
    };
    /// A resource as last heard of.
    struct Entry {
        mirror::Seen seen;
        std::string row;        // That it stands for; empty: not known.
        std::string wanted_by;  // The row whose resource would be made here.
        // Hashes of what we wrote and the cluster did not keep.
        std::uint64_t unkept_spec = 0, unkept_status = 0;
    };
    using Entries = std::map<std::string, Entry>;  // By name.
    class Ears;
    /// What one look knows.
    struct Facts {
        std::optional<mirror::Face> face;
        std::optional<Mirrored> record;
        std::optional<mirror::Seen> seen;
        bool taken = false;  // Where its resource would be made is another's.
    };
    enum class Turn { again, enough };

    // mirror.cpp
    Task<> serve();
    Task<> wait_for_definitions();
    Task<> listen();
    Task<> work();
    Task<> wait(Time until);
    Task<> scan(Noun noun);
    Task<std::vector<Facts>> page_of(Noun noun, std::string& cursor);
    Task<> scan_records(Noun noun, std::vector<std::string> alive);
    void hear(const std::vector<Event>& events);
    void hear(const Event& event);
    /// What was heard of a resource; whether it is news.
    bool keep(Noun noun, const json::value& object);
    void gone(Noun noun, const std::string& name, const std::string& uid, const std::string& version);
    void poke(const Key& key, Duration later = {});
    void judge_again(const Event& event);
    static Key key_of(Noun noun, const Entry& entry);
    void wake_up() { work_.cancel(); }

    // look.cpp
    Task<> look(Key key);
    Task<Turn> look_once(const Key& key);
    Task<Facts> read(Key key);
    void place(const Key& key, Facts& facts);
    static mirror::Sides sides_of(Noun noun, const Facts& facts);
    Entry* find(Noun noun, const std::string& name);
    Task<Turn> act(mirror::Step step, const Key& key, const Facts& facts);
    void retry(const Key& key, const Error& error);
    const mirror::Refusal* refusal_of(const mirror::Seen& seen) const;

    // guard.cpp
    Task<std::optional<Error>> unguarded(Noun noun);
    Task<> look_at_guard();
    Task<> look_for_guard();

    // step.cpp
    Task<std::optional<json::value>> unchanged(Noun noun, const mirror::Seen& seen);
    Task<> create(const Facts& facts);
    Task<> link(const Facts& facts, mirror::Seen made);
    Task<> claim(Noun noun, const mirror::Seen& seen);
    Task<> take(Noun noun, const mirror::Seen& seen);
    Task<> ask(const Key& key, const Facts& facts);
    Task<> write_spec(const Key& key, const Facts& facts);
    Task<> write_state(Noun noun, const mirror::Face& face, const mirror::Seen& seen);
    Task<Turn> write_status(const Key& key, const Facts& facts);
    Task<> end_row(const Key& key, const Facts& facts);
    void poke_what_it_uses(const mirror::Face& face);
    Task<> release(Noun noun, const mirror::Seen& seen);
    Task<> remove(Noun noun, const mirror::Seen& seen);
    Task<> forget(const Mirrored& record);
    Task<bool> all_goes();
    Task<> refresh(Noun noun, std::string name);
    Task<> refuse(Noun noun, const mirror::Seen& seen, Error error);
    void forgive(const std::string& uid, const Key& key);
    Task<> tell(Noun noun, mirror::Seen seen, std::string reason, std::string message);
    json::object about(const mirror::Seen& seen) const;

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
    kube::Client& client_;
    MirrorOptions options_;
    asio::any_io_executor executor_;
    std::map<Noun, Entries> entries_;
    std::map<std::string, mirror::Refusal> refusals_;  // By uid.
    std::set<std::string> judge_again_;                // Uids of those whose refusal may not hold any more.
    std::map<std::string, std::string> graves_;        // By uid, as of which version.
    std::deque<std::string> graves_in_order_;
    std::map<Key, Time> told_;     // When what is on its way was last told of, or began.
    std::map<Key, int> failures_;  // Failed looks in a row.
    QueueOf<Key> queue_;
    std::vector<std::unique_ptr<Ears>> ears_;
    std::string said_;                // What was logged of the definitions last.
    std::optional<Error> unguarded_;  // Why nobody vouches for what sessions and workspaces say.
    Time guard_due_;                  // When that is asked again.
    bool served_ = false;             // The resources are known.
    bool went_ = false;               // The definitions did.
    std::mt19937_64 random_;
    std::shared_ptr<void> subscription_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    asio::steady_timer work_;  // Cancelled when there is something new.
    TaskGroup tasks_;          // Following and looking.
};

}  // namespace berth::control
