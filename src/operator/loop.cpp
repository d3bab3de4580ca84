#include "operator/loop.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>

#include "acts/activity.hpp"
#include "acts/consent.hpp"
#include "acts/quota.hpp"
#include "acts/rows.hpp"
#include "acts/stay.hpp"
#include "base/log.hpp"
#include "operator/failure.hpp"
#include "operator/report.hpp"
#include "plan/admit.hpp"
#include "plan/diff.hpp"

namespace berth::control {

/// One look at one session: what it reads, and what it decides.
struct Loop::Look {
    plan::Facts facts;
    engine::Engine* engine = nullptr;
    Observed have;
    plan::Wanted wanted;
    bool changed = false;  // Something was applied: the world is to be observed again at once.
};

namespace {

constexpr Duration clock_every = std::chrono::seconds(10);  // A clock that was set is noticed by then.

Allowance allowance_of(const plan::Limits& limits) {
    Allowance allowance;
    if (const auto cpu = limits.find(plan::Resource::cpu); cpu != limits.end())
        allowance.cpu = MilliCpu{cpu->second.most};
    if (const auto memory = limits.find(plan::Resource::memory); memory != limits.end())
        allowance.memory = Bytes{memory->second.most};
    return allowance;
}

/// Everything a decision needs, in one snapshot; nothing when the session is not there or long gone.
std::optional<plan::Facts> read_facts(store::Rows& rows, const SessionId& id, Time now) {
    auto session = rows.find_session(Caller::system(), id);
    if (!session) return std::nullopt;
    plan::Facts facts{.session = std::move(*session)};
    facts.revision = rows.get_revision(Caller::system(), facts.session.template_, facts.session.revision);
    if (const auto user = rows.find_user(facts.session.user)) {
        const auto standing = acts::standing_of(rows, *user);
        facts.user_name = user->name;
        facts.allowance = allowance_of(plan::limits(standing));
        facts.stay = plan::stay_rules(facts.revision.spec.lifecycle, standing, facts.session.stay.limits);
    }
    if (facts.stay.idle || facts.stay.freeze) facts.known = acts::knowledge_of(rows, now);
    const auto add_volumes = [&](const std::string& owner, VolumeScope scope) {
        for (auto& volume : rows.volumes_of(owner))
            if (volume.scope == scope && !volume.deleted_at) facts.volumes.push_back(std::move(volume));
    };
    facts.granted = acts::granted_to(rows, facts.session.user, facts.session.template_, facts.revision.spec);
    if (facts.session.workspace) add_volumes(facts.session.workspace->text, VolumeScope::workspace);
    add_volumes(facts.session.user.text, VolumeScope::user);
    add_volumes(facts.session.id.text, VolumeScope::session);
    // Volumes of a user that other templates made are not this template's.
    std::erase_if(facts.volumes, [&](const Volume& volume) {
        const auto& specs = facts.revision.spec.volumes;
        return std::none_of(specs.begin(), specs.end(), [&](const auto& spec) {
            return spec.name == volume.name && spec.scope == volume.scope;
        });
    });
    return facts;
}

bool changes_material(const Event& event) {
    return event.subject_kind == "secret" || event.subject_kind == "file" || event.subject_kind == "consent";
}

}  // namespace

Loop::Loop(store::Store& store, Clock& clock, Engines engines,
           std::function<std::string(const Session&)> url_of, LoopOptions options,
           asio::any_io_executor executor)
    : store_(store),
      clock_(clock),
      engines_(std::move(engines)),
      url_of_(std::move(url_of)),
      options_(std::move(options)),
      executor_(executor),
      random_(options.seed != 0 ? options.seed : std::random_device()()),
      work_(executor, asio::steady_timer::time_point::max()),
      prober_(
          clock, executor, [this](auto work) { return write(std::move(work)); },
          [this](const SessionId& id) { poke(id); }),
      clock_watch_(clock, options_.passed),
      tasks_(executor) {
    std::weak_ptr<bool> alive = alive_;
    subscription_ = store_.subscribe([this, alive, executor](const std::vector<Event>& events) {
        asio::post(executor, [this, alive, events] {
            if (!alive.expired()) hear(events);
        });
    });
    for (auto& [name, engine] : engines_) {
        engine->watch([this, alive, executor](WorkloadId id) {
            asio::post(executor, [this, alive, id] {
                if (!alive.expired()) hear_engine(plan::session_of(id));
            });
        });
    }
}

Loop::~Loop() = default;

void Loop::poke(const SessionId& id) {
    queue_.add(id, clock_.now());
    wake_up();
}

void Loop::wake_up() {
    work_.cancel();
}

void Loop::hear(const std::vector<Event>& events) {
    // What the loop wrote itself needs no look; what somebody asked for does.
    for (const auto& event : events) {
        hear_of_room(event);
        if (event.subject_kind == "session" && event.actor != loop_actor) {
            asked_.insert({event.subject});
            poke({event.subject});
        } else if (event.class_ == EventClass::state && changes_material(event)) {
            tasks_.start("look for " + event.owner.text, look_for_owner(event.owner));
        } else if (event.kind == "sweep.asked") {
            tasks_.start("sweep as asked", sweep_as_asked());
        } else if (event.kind == "workspace.deleted") {
            tasks_.start("remove a workspace", remove_given_up());
        }
    }
}

/// What a user's running sessions were given may be another thing now.
Task<> Loop::look_for_owner(UserId owner) {
    auto read = [owner](store::Rows& rows) { return rows.sessions_of(owner); };
    for (const auto& session : co_await store_.read(read))
        if (takes_part(session)) poke(session.id);
}

/// What our own failed attempt moved in the engine must not cut its pause short.
void Loop::hear_engine(const SessionId& id) {
    const auto failing = failing_.find(id);
    if (failing == failing_.end())
        queue_.add(id, clock_.now(), Cause::news);
    else
        queue_.add(id, std::max(clock_.now(), failing->second.again_at));
    wake_up();
}

Task<> Loop::load_unsettled() {
    auto read = [](store::Rows& rows) { return rows.unsettled_sessions(); };
    const auto due = co_await store_.read(read);
    for (const auto& [id, when] : due) queue_.add(id, when);
    wake_up();
}

/// What ran when the last process ended may have ended with it or since; nothing told anybody.
Task<> Loop::load_running() {
    auto read = [](store::Rows& rows) { return rows.running_sessions(); };
    for (const auto& id : co_await store_.read(read)) queue_.add(id, clock_.now());
    wake_up();
}

/// Nothing that fails once ends it.
Task<> Loop::keep_sweeping() {
    bool loaded = false;
    for (;;) {
        std::exception_ptr failure;
        try {
            if (!loaded) co_await load_running();
            loaded = true;
            co_await sweep();
        } catch (...) {
            failure = std::current_exception();
        }
        if (failure)
            log::warning("sweep failed", {{"error", as_error(failure, "engine_unavailable").what()}});
        co_await clock_.sleep(failure ? options_.retry_longest : options_.sweep_every);
    }
}

/// Nothing is judged by a clock that was set and of which the rows do not know. False: they do not yet.
Task<bool> Loop::follow_clock() {
    const auto found = clock_watch_.look();
    set_ = {set_.set + found.set, set_.within + found.within};
    if (set_.set == Duration(0)) set_ = {};
    if (set_.set == Duration(0)) co_return true;
    try {
        const auto now = clock_.now();
        const auto set = set_.set;
        auto move = [set, now, since = now - set_.within](store::Tx& tx) {
            return acts::follow_clock(tx, {.by = set, .since = since, .now = now});
        };
        const auto moved = co_await write(std::move(move));
        set_ = {};
        log::warning("the clock was set, and what counts from it moves along",
                     {{"from", to_string(clock_.now() - set)}, {"to", to_string(clock_.now())}});
        prober_.forget();
        for (const auto& id : moved) queue_.add(id, clock_.now());
        co_return true;
    } catch (const std::exception& error) {
        log::warning("the clock was set, and that could not be written down", {{"error", error.what()}});
    }
    co_return false;
}

Task<> Loop::run() {
    tasks_.start("sweeper", keep_sweeping());
    tasks_.start("let in", let_in());
    for (;;) {
        const bool follows = co_await follow_clock();
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) break;
        while (follows && static_cast<int>(tasks_.size()) < options_.looks_at_once + 1) {
            const auto key = queue_.take(clock_.now());
            if (!key) break;
            tasks_.start("look at " + key->text, look(*key));
        }
        const auto later = clock_.now() + clock_every;
        const bool full = static_cast<int>(tasks_.size()) >= options_.looks_at_once + 1;
        const auto until = full || !follows ? later : std::min(later, queue_.next().value_or(later));
        auto race = asio::experimental::make_parallel_group(
            asio::co_spawn(executor_, clock_.sleep_until(until), asio::deferred),
            work_.async_wait(asio::deferred));
        co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
        // The group swallows a cancellation, and no look may begin after it.
        const auto cancelled = co_await asio::this_coro::cancellation_state;
        if (cancelled.cancelled() != asio::cancellation_type::none) break;
    }
    // What looks began ends before we do: it speaks of us.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    // And nothing begins any more, whatever is still heard while others beside us end.
    subscription_.reset();
    alive_.reset();
    tasks_.cancel();
    co_await tasks_.join();
    co_await prober_.stop();
}

Task<> Loop::look(SessionId id) {
    std::exception_ptr failure;
    Look look;
    asked_.erase(id);
    try {
        auto read = [id, now = clock_.now()](store::Rows& rows) { return read_facts(rows, id, now); };
        auto facts = co_await store_.read(read);
        if (!facts || facts->session.status.phase == Phase::gone) {
            co_await look_at_orphan(id);
        } else {
            look.facts = std::move(*facts);
            co_await look_at_row(look);
        }
        failing_.erase(id);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) retry(id, as_error(failure, "engine_unavailable"));
    // What a failed look moved in the engine was heard already; only a person's ask cuts its pause short.
    const bool wait = failure && !asked_.contains(id);
    queue_.done(id, wait ? failing_[id].again_at : Time::min());
    if (!failure && look.changed) queue_.add(id, clock_.now(), Cause::news);
    if (!failure && look.wanted.look_at) queue_.add(id, *look.wanted.look_at);
    const auto ask_at =
        !failure && look.engine != nullptr ? prober_.look_at(look.facts, look.wanted.status) : std::nullopt;
    if (ask_at) queue_.add(id, *ask_at);
    wake_up();
}

Task<> Loop::look_at_row(Look& look) {
    const auto found = engines_.find(look.facts.session.engine);
    if (found == engines_.end())
        throw Error(Kind::unavailable, "engine_unavailable",
                    "engine " + quoted(look.facts.session.engine) + " is not configured");
    look.engine = found->second;
    look.facts.url = url_of_(look.facts.session);
    prober_.look(look.facts, *look.engine);
    const auto id = plan::workload_of(look.facts.session.id);
    std::exception_ptr failure;
    try {
        look.have = co_await look.engine->observe(id);
        co_await fill_images(look);
        look.wanted = plan::decide(look.facts, look.have, clock_.now());
        auto changes = plan::diff(look.wanted.workload, look.have);
        // An image that is on its way tells by itself; everything else is to be observed again.
        look.changed = std::any_of(changes.begin(), changes.end(), [](const Change& change) {
            return !std::holds_alternative<PrepareImage>(change);
        });
        if (!changes.empty()) co_await look.engine->apply(id, std::move(changes));
    } catch (...) {
        failure = std::current_exception();
    }
    std::optional<Error> error;
    if (failure) error = as_error(failure, "engine_unavailable");
    co_await report(look, error);
    if (error) throw Error(*error);
}

/// Adds what the engine knows of the images of what is to start and not there yet.
Task<> Loop::fill_images(Look& look) {
    if (!takes_part(look.facts.session)) co_return;
    for (const auto& image : plan::images_to_start(look.facts, look.have)) {
        auto state = look.engine->image_state(image);
        if (state.state != ImageState::pulling)
            state = co_await find_image(*look.engine, look.facts.revision, image, state);
        look.have.images[image] = std::move(state);
    }
}

/// The image that the revision fixed, or that its name means now when nothing is fixed yet.
Task<ObservedImage> Loop::find_image(engine::Engine& engine, const TemplateRevision& revision,
                                     std::string name, ObservedImage known) {
    const auto pinned = revision.digests.find(name);
    if (pinned != revision.digests.end()) {
        const auto fixed = co_await engine.resolve_image(pinned->second);
        if (fixed) co_return ObservedImage{.state = ImageState::present, .digest = fixed->digest};
    }
    const auto named = co_await engine.resolve_image(name);
    if (named && pinned == revision.digests.end())
        co_return ObservedImage{.state = ImageState::present, .digest = named->digest};
    if (named)
        co_return ObservedImage{
            .state = ImageState::missing,
            .message = "image " + quoted(name) + " is another one now, and the one that revision " +
                       std::to_string(revision.revision) + " of template " + quoted(revision.name) +
                       " was used with is gone; save the template again to use the new one",
            .missing_since = clock_.now()};
    if (known.state == ImageState::present) known = {};
    co_return known;
}

Task<> Loop::report(Look& look, std::optional<Error> error) {
    auto status = look.wanted.status;
    if (look.engine->down_because() || (error && look.wanted.workload.id.empty())) {
        status = look.facts.session.status;
        // What was decided is not kept, and neither is that there is nothing more to look at.
        if (!error) look.wanted.look_at = clock_.now() + options_.retry_first;
    }
    if (error) status = plan::after_failure(std::move(status), *error, look.facts.session);
    // A start that has failed is at rest; a failed session that is to stop is not.
    const auto state = desired(look.facts.session.asks);
    const bool at_rest = status.phase == Phase::failed && (state == State::running || state == State::frozen);
    auto look_at =
        error && !at_rest ? std::optional(clock_.now() + options_.retry_first) : look.wanted.look_at;
    // What was applied is to be observed, also by a successor of this process.
    if (look.changed && !look_at) look_at = clock_.now();
    Report report{.facts = look.facts, .status = std::move(status), .look_at = look_at, .now = clock_.now()};
    for (const auto* list : {&look.wanted.workload.components, &look.wanted.workload.steps})
        for (const auto& component : *list)
            if (!component.digest.empty() && !look.facts.revision.digests.contains(component.image))
                report.digests[component.image] = component.digest;
    // An engine that knows an image only once it runs.
    for (const auto& [image, seen] : look.have.images)
        if (!seen.digest.empty() && !look.facts.revision.digests.contains(image))
            report.digests.emplace(image, seen.digest);
    // Whoever cannot be stopped now is not told that they will be.
    if (!error && !look.engine->down_because()) report.stay = look.wanted.stay;
    // What was seen of a step is so, whatever became of the changes.
    report.init_done = look.wanted.init_done;
    if (!report.changes_anything()) co_return;
    auto write = [report = std::move(report)](store::Tx& tx) { return write_report(tx, report); };
    const auto id = look.facts.session.id;
    const bool stale = !co_await this->write(std::move(write));
    if (stale) queue_.add(id, clock_.now());
}

Task<> Loop::look_at_orphan(SessionId id) {
    const auto workload = plan::workload_of(id);
    for (auto& [name, engine] : engines_) {
        if (engine->down_because()) continue;
        const auto have = co_await engine->observe(workload);
        auto changes = plan::diff(Workload{.id = workload}, have);
        if (changes.empty()) continue;
        log::warning("removing what no session owns", {{"workload", workload.text}, {"engine", name}});
        co_await engine->apply(workload, std::move(changes));
    }
}

void Loop::retry(const SessionId& id, const Error& error) {
    auto& failing = failing_[id];
    const int count = ++failing.count;
    const auto pause =
        std::min(options_.retry_first * (std::int64_t{1} << std::min(count - 1, 10)), options_.retry_longest);
    const auto jittered = Duration(static_cast<std::int64_t>(
        static_cast<double>(pause.count()) * std::uniform_real_distribution<>(0.5, 1.5)(random_)));
    log::warning("look failed",
                 {{"session", id.text}, {"error", error.what()}, {"again_in", to_string(jittered)}});
    failing.again_at = clock_.now() + jittered;
    queue_.add(id, failing.again_at);
}

}  // namespace berth::control
