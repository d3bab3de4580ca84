#include "acts/activity.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>

#include "acts/ask.hpp"
#include "acts/rows.hpp"
#include "base/log.hpp"
#include "plan/uncounted.hpp"

namespace berth::acts {
namespace {

constexpr const char* gap_setting = "activity.gap";
/// For so long it is taken for granted that reports are waited for.
constexpr Duration waited_at_least = std::chrono::minutes(1);
/// So far the clocks of processes differ.
constexpr Duration ahead_at_most = std::chrono::minutes(5);

std::optional<Time> gap_of(store::Rows& rows) {
    const auto text = rows.find_setting(gap_setting);
    return text ? std::optional(parse_time(*text)) : std::nullopt;
}

/// What a process that is gone may have seen and not told ended here at the latest.
Time last_unknown(const store::Watermark& mark) {
    return mark.reported_at + silence_limit;
}

/// Processes that are gone stay as the end of what is unknown.
void forget_silent(store::Tx& tx, Time now) {
    const auto gap = knowledge_of(tx, now).gap;
    bool found = false;
    for (const auto& mark : tx.watermarks()) {
        if (last_unknown(mark) > now) continue;
        tx.delete_watermark(mark.holder);
        found = true;
    }
    if (found) tx.set_setting(gap_setting, to_string(*gap));
}

}  // namespace

void note_use(store::Tx& tx, Session& session, const Seen& seen, const std::string& actor) {
    if (session.last_active_at && *session.last_active_at >= seen.at) return;
    session.last_active_at = seen.at;
    session.last_active_source = seen.source;
    // The loop takes the warning back, and whoever saw it hears of that.
    if (session.stay.warned_at) tell_updated(tx, session, actor, seen.at);
}

void Activity::note(const SessionId& session, Time at, std::string_view source) {
    const std::lock_guard lock(mutex_);
    auto& seen = seen_[session];
    if (seen.at < at) seen = {at, std::string(source)};
    if (hurry_ || !frozen_.contains(session)) return;
    hurry_ = true;
    if (rest_) asio::post(rest_->get_executor(), [rest = rest_] { rest->cancel(); });
}

void Activity::hear(const std::vector<Event>& events) {
    const std::lock_guard lock(mutex_);
    for (const auto& event : events) {
        const auto* state = event.data.if_contains("state");
        if (event.subject_kind != "session" || state == nullptr || !state->is_string()) continue;
        if (state->get_string() == json::enum_name(State::frozen))
            frozen_.insert({event.subject});
        else
            frozen_.erase({event.subject});
    }
}

/// From here on, and those that froze before.
Task<> Activity::follow_frozen() {
    subscription_ = store_.subscribe([this](const std::vector<Event>& events) { hear(events); });
    store::Query query{.equal = {{"phase", std::string(json::enum_name(Phase::frozen))}}, .limit = 200};
    while (true) {
        auto read = [query](store::Rows& rows) { return rows.list_sessions(Caller::system(), query); };
        const auto page = co_await store_.read(std::move(read));
        const std::lock_guard lock(mutex_);
        for (const auto& session : page.items)
            if (desired(session.asks) == State::frozen) frozen_.insert(session.id);
        if (!page.next) co_return;
        query.cursor = *page.next;
    }
}

/// Ends early when there is a hurry.
Task<> Activity::rest_until(Time at) {
    const auto executor = co_await asio::this_coro::executor;
    {
        const std::lock_guard lock(mutex_);
        if (hurry_) co_return;
        rest_ = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    }
    auto race = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, clock_.sleep_until(at), asio::deferred), rest_->async_wait(asio::deferred));
    co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    // The group swallows a cancellation.
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
}

void Activity::note_uncounted(const SessionId& session, Uncounted seen) {
    const std::lock_guard lock(mutex_);
    plan::add_uncounted(uncounted_[session].book, std::move(seen));
}

Task<> Activity::run(Duration every) {
    bool followed = false;
    auto next = clock_.now();
    while (true) {
        try {
            if (!followed) co_await follow_frozen();
            followed = true;
            // Also a clock that was set back keeps no report waiting.
            if (next > clock_.now() + every) next = clock_.now();
            if (clock_.now() >= next) co_await report();
            co_await thaw();
        } catch (const Error& error) {
            log::warning("activity could not be written down", {{"error", error.what()}});
            // No sooner than the next report.
            const std::lock_guard lock(mutex_);
            hurry_ = false;
        }
        if (clock_.now() >= next) next = clock_.now() + every;
        co_await rest_until(next);
    }
}

Task<> Activity::thaw() {
    News news;
    {
        const std::lock_guard lock(mutex_);
        hurry_ = false;
        for (const auto& id : frozen_)
            if (auto one = seen_.extract(id)) news[id].seen = std::move(one.mapped());
    }
    if (news.empty()) co_return;
    auto work = [news, now = clock_.now()](store::Tx& tx) {
        for (const auto& [id, told] : news) note_row(tx, id, told, now);
    };
    std::exception_ptr failure;
    try {
        co_await store_.write(std::move(work));
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    put_back(std::move(news));
    std::rethrow_exception(failure);
}

Task<> Activity::report() {
    // What is noted from here on counts as seen after it.
    const auto until = clock_.now();
    collect(*this);
    auto news = take_news(until);
    std::exception_ptr failure;
    try {
        const bool waited = co_await waited_for(until);
        if (!waited && !marked_ && news.empty()) co_return;
        co_await write(news, waited ? std::optional(until) : std::nullopt);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    put_back(std::move(news));
    std::rethrow_exception(failure);
}

Task<> Activity::end() {
    collect(*this);
    co_await write(take_news(Time::max()), std::nullopt);
}

Activity::News Activity::take_news(Time now) {
    News news;
    const std::lock_guard lock(mutex_);
    for (auto& [id, seen] : std::exchange(seen_, {})) news[id].seen = std::move(seen);
    for (auto at = uncounted_.begin(); at != uncounted_.end();) {
        auto& [id, pending] = *at;
        const bool due = now - uncounted_every >= pending.told_at;
        if (due && pending.book.empty()) {
            at = uncounted_.erase(at);
            continue;
        }
        if (due || news.contains(id)) {
            news[id].uncounted = std::exchange(pending.book, {});
            pending.told_at = now;
        }
        ++at;
    }
    return news;
}

/// As if it had not been taken: the next report tells it.
void Activity::put_back(News news) {
    for (auto& [id, told] : news) {
        if (told.seen) note(id, told.seen->at, told.seen->source);
        for (auto& seen : told.uncounted) note_uncounted(id, std::move(seen));
        const std::lock_guard lock(mutex_);
        if (const auto there = uncounted_.find(id); there != uncounted_.end()) there->second.told_at = {};
    }
}

/// Whether some session is to be looked at later, as each is that has a limit: only then anybody asks how far
/// we have told. That there is one is asked again now and then, that there is none each time.
Task<bool> Activity::waited_for(Time now) {
    if (waited_until_ && now < *waited_until_) co_return true;
    auto read = [](store::Rows& rows) { return !rows.unsettled_sessions().empty(); };
    const bool waited = co_await store_.read(std::move(read));
    waited_until_ = waited ? std::optional(now + waited_at_least) : std::nullopt;
    co_return waited;
}

Task<> Activity::write(News news, std::optional<Time> until) {
    auto work = [news = std::move(news), until, now = clock_.now(), holder = holder_](store::Tx& tx) {
        for (const auto& [id, told] : news) note_row(tx, id, told, now);
        if (until)
            tx.put_watermark({.holder = holder, .reported_at = *until});
        else
            tx.delete_watermark(holder);
        forget_silent(tx, now);
    };
    co_await store_.write(std::move(work));
    marked_ = until.has_value();
}

/// What is dated much later than now was seen before the clock was set back.
void Activity::note_row(store::Tx& tx, const SessionId& id, const Told& told, Time now) {
    auto session = tx.find_session(Caller::system(), id);
    if (!session) return;
    const auto before = *session;
    if (told.seen) {
        const bool ahead = told.seen->at > now + ahead_at_most;
        const Seen seen{ahead ? now : told.seen->at, told.seen->source};
        const bool news = !session->last_active_at || *session->last_active_at < seen.at;
        if (news && plan::wakes(*session, seen.at))
            return wake_used(tx, std::move(*session), seen.at, seen.source);
        note_use(tx, *session, seen, "gateway");
    }
    if (plan::running_since(*session))
        for (const auto& seen : told.uncounted) plan::add_uncounted(session->stay.uncounted, seen);
    if (*session != before) tx.update_session(*session);
}

void move_reports(store::Tx& tx, const std::function<void(Time&)>& follow) {
    for (auto mark : tx.watermarks()) {
        follow(mark.reported_at);
        tx.put_watermark(mark);
    }
    auto gap = gap_of(tx);
    if (!gap) return;
    follow(*gap);
    tx.set_setting(gap_setting, to_string(*gap));
}

plan::Knowledge knowledge_of(store::Rows& rows, Time now) {
    plan::Knowledge known{.until = now, .gap = gap_of(rows)};
    for (const auto& mark : rows.watermarks()) {
        if (last_unknown(mark) <= now)
            known.gap = std::max(known.gap.value_or(last_unknown(mark)), last_unknown(mark));
        else
            known.until = std::min(known.until, mark.reported_at);
    }
    return known;
}

}  // namespace berth::acts
