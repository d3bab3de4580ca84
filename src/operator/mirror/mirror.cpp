#include "operator/mirror/mirror.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "kube/refusal.hpp"

namespace berth::control {

using namespace mirror;

namespace {

constexpr int rows_at_once = 200;
constexpr std::size_t graves_max = 4096;
constexpr Duration burst{100};   // What a row goes through within it is one look.
constexpr Duration aside{1000};  // What a launch is not to wait for.
constexpr Duration long_time = std::chrono::hours(1);
constexpr Duration told_every = std::chrono::minutes(10);
constexpr Noun nouns[] = {Noun::template_, Noun::workspace, Noun::session};

std::optional<Noun> noun_of(const std::string& kind) {
    if (kind == "session") return Noun::session;
    if (kind == "workspace") return Noun::workspace;
    if (kind == "template") return Noun::template_;
    return std::nullopt;
}

/// Whether it may make room for what was refused, or make there be what was not there. What happens to one's
/// own things is of no help to others.
bool may_help(const Event& event, const Refusal& refusal) {
    if (event.subject_kind == "template" || event.subject_kind == "quota") return true;
    if (event.kind == "user.created" || event.kind == "user.updated")
        return refusal.user.empty() || refusal.user.text == event.subject;
    if (event.kind == "session.updated" || event.kind == "session.started" || event.kind == "session.created")
        return false;
    const bool makes_room = event.subject_kind == "session" || event.subject_kind == "workspace";
    return makes_room && refusal.user == event.owner;
}

}  // namespace

/// Hears of the resources of one kind.
class Mirror::Ears final : public kube::Follower {
  public:
    Ears(Mirror& owner, Noun noun) : owner_(owner), noun_(noun) {}

    bool listed() const { return listed_; }

    void listing() override {
        touched_.clear();
        listing_ = true;
    }
    void seen(const json::value& object) override {
        auto name = kube::text_at(object, {"metadata", "name"});
        const bool news = owner_.keep(noun_, object);
        // The first list is compared with the rows as a whole.
        if (news && listed_) owner_.poke(key_of(noun_, owner_.entries_[noun_].at(name)));
        if (listing_) touched_.insert(std::move(name));
    }
    void gone(const json::value& object) override {
        owner_.gone(noun_, kube::text_at(object, {"metadata", "name"}),
                    kube::text_at(object, {"metadata", "uid"}),
                    kube::text_at(object, {"metadata", "resourceVersion"}));
    }
    void listed(const std::string& version) override {
        std::vector<Seen> lost;
        for (const auto& [name, entry] : owner_.entries_[noun_])
            if (!touched_.contains(name) && kube::is_older(entry.seen.version, version))
                lost.push_back(entry.seen);
        for (const auto& seen : lost) owner_.gone(noun_, seen.name, seen.uid, version);
        touched_.clear();
        listing_ = false;
        listed_ = true;
        owner_.wake_up();
    }
    void lost(const Error& why) override {
        if (why.kind == Kind::not_found)
            owner_.went_ = true;
        else
            warn(why);
        owner_.wake_up();
    }
    void resumed() override {}

  private:
    /// Once for each cause, and again when it stays so.
    void warn(const Error& why) {
        const auto now = owner_.clock_.now();
        if (why.code == cause_ && now < told_ + told_every) return;
        log::warning("custom resources cannot be followed",
                     {{"kind", std::string(resource_of(noun_).plural)}, {"error", why.what()}});
        cause_ = why.code;
        told_ = now;
    }

    Mirror& owner_;
    Noun noun_;
    std::set<std::string> touched_;  // From `listing` to `listed`.
    bool listing_ = false;
    bool listed_ = false;
    std::string cause_;
    Time told_;
};

Mirror::Mirror(store::Store& store, Clock& clock, kube::Client& client, MirrorOptions options,
               asio::any_io_executor executor)
    : store_(store),
      clock_(clock),
      client_(client),
      options_(std::move(options)),
      executor_(executor),
      random_(options_.seed != 0 ? options_.seed : std::random_device()()),
      work_(executor, asio::steady_timer::time_point::max()),
      tasks_(executor) {
    std::weak_ptr<bool> alive = alive_;
    subscription_ = store_.subscribe([this, alive, executor](const std::vector<Event>& events) {
        asio::post(executor, [this, alive, events] {
            if (!alive.expired()) hear(events);
        });
    });
}

Mirror::~Mirror() = default;

Task<> Mirror::run() {
    std::exception_ptr ended;
    try {
        while (true) {
            std::optional<Error> failure;
            try {
                co_await wait_for_definitions();
                co_await serve();
            } catch (const Error& error) {
                failure = error;
            }
            if (failure) log::warning("the mirror begins anew", {{"error", failure->what()}});
            served_ = false;
            tasks_.cancel();
            co_await tasks_.join();
            ears_.clear();
            co_await clock_.sleep(failure ? options_.definitions_every : options_.retry_first);
        }
    } catch (...) {
        ended = std::current_exception();
    }
    // What looks began ends before we do: it speaks of us.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    tasks_.cancel();
    co_await tasks_.join();
    std::rethrow_exception(ended);
}

Task<> Mirror::wait_for_definitions() {
    while (true) {
        auto known = Known::no;
        std::string words;
        try {
            known = co_await look_at_definitions(client_);
            words = words_of(known).first;
        } catch (const Error& error) {
            words = error.user;
        }
        if (words != said_) log::info("custom resources", {{"state", words}});
        said_ = words;
        if (known == Known::yes) co_return;
        co_await clock_.sleep(options_.definitions_every);
    }
}

/// Until the definitions are gone.
Task<> Mirror::serve() {
    entries_.clear();
    refusals_.clear();
    judge_again_.clear();
    queue_ = {};
    unguarded_.reset();
    guard_due_ = {};
    went_ = served_ = false;
    co_await listen();
    served_ = !went_;
    if (served_)
        for (const auto noun : nouns) co_await scan(noun);
    co_await work();
}

/// Begins to follow the three kinds, and returns when each was listed.
Task<> Mirror::listen() {
    ears_.clear();
    for (const auto noun : nouns) {
        auto& ears = *ears_.emplace_back(std::make_unique<Ears>(*this, noun));
        kube::WatchOptions watch{.resource = resource_of(noun),
                                 .selection = {.namespace_ = options_.namespace_},
                                 .seed = options_.seed};
        tasks_.start("follow " + std::string(watch.resource.plural),
                     kube::follow(client_, clock_, watch, ears));
    }
    const auto all_listed = [this] {
        return std::ranges::all_of(ears_, [](const auto& ears) { return ears->listed(); });
    };
    while (!went_ && !all_listed()) co_await wait(clock_.now() + long_time);
}

Task<> Mirror::work() {
    while (!went_) {
        co_await look_for_guard();
        const auto most = static_cast<std::size_t>(options_.looks_at_once) + ears_.size();
        while (tasks_.size() < most) {
            const auto key = queue_.take(clock_.now());
            if (!key) break;
            tasks_.start("mirror " + key->id, look(*key));
        }
        const auto later = clock_.now() + long_time;
        const auto due = tasks_.size() < most ? queue_.next().value_or(later) : later;
        co_await wait(unguarded_ ? std::min(due, guard_due_) : due);
    }
}

/// Until then, or until there is something new.
Task<> Mirror::wait(Time until) {
    auto race = asio::experimental::make_parallel_group(
        asio::co_spawn(executor_, clock_.sleep_until(until), asio::deferred),
        work_.async_wait(asio::deferred));
    co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
}

/// Looks at every row whose resource is not as it should be, and at every resource without a row.
Task<> Mirror::scan(Noun noun) {
    std::vector<std::string> alive;
    std::string cursor;
    do {
        for (auto& facts : co_await page_of(noun, cursor)) {
            const Key key{noun, Key::By::row, facts.face->row};
            alive.push_back(key.id);
            place(key, facts);
            if (decide(sides_of(noun, facts)) != Step::nothing) poke(key);
        }
    } while (!cursor.empty());
    co_await scan_records(noun, std::move(alive));
    for (const auto& [name, entry] : entries_[noun])
        if (entry.row.empty()) poke({noun, Key::By::name, name});
}

/// One page of the rows that are alive, each with what is written down of its resource.
Task<std::vector<Mirror::Facts>> Mirror::page_of(Noun noun, std::string& cursor) {
    auto read = [noun, cursor, url_of = options_.url_of](store::Rows& rows) {
        const auto caller = Caller::system();
        const store::Query query{.cursor = cursor, .limit = rows_at_once};
        std::pair<std::vector<Facts>, std::string> page;
        const auto add = [&](Face face) {
            auto record = rows.find_mirrored(noun, face.row);
            page.first.push_back({.face = std::move(face), .record = std::move(record)});
        };
        if (noun == Noun::session) {
            const auto found = rows.list_sessions(caller, query);
            for (const auto& row : found.items) add(session_face(rows, row, url_of));
            page.second = found.next.value_or("");
        } else if (noun == Noun::workspace) {
            const auto found = rows.list_workspaces(caller, query);
            for (const auto& row : found.items) add(workspace_face(rows, row));
            page.second = found.next.value_or("");
        } else {
            const auto found = rows.list_templates(caller, query);
            for (const auto& row : found.items)
                if (!row.owner) add(template_face(rows, row));
            page.second = found.next.value_or("");
        }
        return page;
    };
    auto [facts, next] = co_await store_.read(read);
    cursor = std::move(next);
    co_return std::move(facts);
}

/// Looks at what is written down of rows that are no more.
Task<> Mirror::scan_records(Noun noun, std::vector<std::string> alive) {
    std::ranges::sort(alive);
    std::string after;
    while (true) {
        auto read = [noun, after](store::Rows& rows) {
            return rows.mirrored_after(noun, after, rows_at_once);
        };
        const auto records = co_await store_.read(read);
        if (records.empty()) co_return;
        after = records.back().row;
        for (const auto& record : records)
            if (!std::ranges::binary_search(alive, record.row)) poke({noun, Key::By::row, record.row});
    }
}

void Mirror::hear(const std::vector<Event>& events) {
    if (!served_) return;
    for (const auto& event : events) {
        if (const auto noun = noun_of(event.subject_kind))
            poke({*noun, Key::By::row, event.subject}, *noun == Noun::workspace ? aside : burst);
        if (const auto* workspace = event.data.if_contains("workspace");
            event.kind == "session.created" && workspace != nullptr && workspace->is_string())
            poke({Noun::workspace, Key::By::row, std::string(workspace->get_string())}, aside);
        if (!refusals_.empty()) judge_again(event);
    }
}

void Mirror::judge_again(const Event& event) {
    for (const auto& [noun, entries] : entries_)
        for (const auto& [name, entry] : entries) {
            const auto refusal = refusals_.find(entry.seen.uid);
            if (refusal == refusals_.end() || !may_help(event, refusal->second)) continue;
            if (judge_again_.insert(entry.seen.uid).second) poke(key_of(noun, entry), burst);
        }
}

Mirror::Key Mirror::key_of(Noun noun, const Entry& entry) {
    if (!entry.row.empty()) return {noun, Key::By::row, entry.row};
    return {noun, Key::By::name, entry.seen.name};
}

void Mirror::poke(const Key& key, Duration later) {
    queue_.add(key, clock_.now() + later);
    wake_up();
}

void Mirror::poke_what_it_uses(const Face& face) {
    if (face.noun != Noun::session) return;
    const auto text = [&](const char* key) {
        const auto* found = face.spec.if_contains(key);
        return found == nullptr ? std::string() : std::string(found->as_string());
    };
    poke({Noun::template_, Key::By::row, text("template")}, aside);
    if (auto workspace = text("workspace"); !workspace.empty())
        poke({Noun::workspace, Key::By::row, std::move(workspace)}, aside);
}

Mirror::Entry* Mirror::find(Noun noun, const std::string& name) {
    auto& entries = entries_[noun];
    const auto found = entries.find(name);
    return found == entries.end() ? nullptr : &found->second;
}

bool Mirror::keep(Noun noun, const json::value& object) {
    auto seen = read_seen(noun, object, options_.instance);
    const auto grave = graves_.find(seen.uid);
    if (grave != graves_.end() && (grave->second.empty() || !kube::is_older(grave->second, seen.version)))
        return false;
    auto& entry = entries_[noun][seen.name];
    const bool same = entry.seen.uid == seen.uid;
    if (same ? !kube::is_older(entry.seen.version, seen.version)
             : kube::is_older(seen.version, entry.seen.version))
        return false;
    if (!same) {
        for (const auto& row : {entry.row, entry.wanted_by})
            if (!row.empty()) poke({noun, Key::By::row, row});
        refusals_.erase(entry.seen.uid);
        judge_again_.erase(entry.seen.uid);
        entry = {};
    }
    entry.seen = std::move(seen);
    return true;
}

/// That object is gone, whatever is heard of it later. `version`: but for what is newer; empty: for good.
void Mirror::gone(Noun noun, const std::string& name, const std::string& uid, const std::string& version) {
    if (graves_.insert_or_assign(uid, version).second) graves_in_order_.push_back(uid);
    if (graves_in_order_.size() > graves_max) {
        graves_.erase(graves_in_order_.front());
        graves_in_order_.pop_front();
    }
    auto* entry = find(noun, name);
    if (entry == nullptr || entry->seen.uid != uid) return;
    const std::vector rows{entry->row, entry->wanted_by};
    refusals_.erase(uid);
    judge_again_.erase(uid);
    entries_[noun].erase(name);
    for (const auto& row : rows)
        if (!row.empty()) poke({noun, Key::By::row, row});
}

}  // namespace berth::control
