#include "operator/leader.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>

#include "base/log.hpp"

namespace berth::control {
namespace {

constexpr const char* resigned_kind = "leader.resigned";
/// Between two looks at a lead that is about to be free.
constexpr Duration shortest_wait{20};

/// Waits for whichever ends first, and cancels the other. Throws what the first threw.
Task<> first_of(asio::any_io_executor executor, Task<> one, Task<> other) {
    auto race =
        asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(one), asio::deferred),
                                                asio::co_spawn(executor, std::move(other), asio::deferred));
    const auto [order, failure, other_failure] =
        co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto& thrown = order[0] == 0 ? failure : other_failure;
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
    if (thrown) std::rethrow_exception(thrown);
}

/// Waits so long, or until the bell rings.
Task<> sleep_or_hear(asio::any_io_executor executor, Clock& clock, Duration length,
                     asio::steady_timer& bell) {
    auto race = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, clock.sleep(length), asio::deferred), bell.async_wait(asio::deferred));
    co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace

Duration steady_time() {
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

/// The lead while it is ours.
struct Leader::Hold {
    Hold(const asio::any_io_executor& executor, Duration until)
        : sure_until(until), bell(executor, asio::steady_timer::time_point::max()) {}
    void lose() {
        lost = true;
        bell.cancel();
    }
    Duration sure_until;  // By the steady time.
    bool lost = false;
    asio::steady_timer bell;
};

Leader::Leader(store::Store& store, Clock& clock, LeaderOptions options, asio::any_io_executor executor)
    : store_(store),
      clock_(clock),
      options_(std::move(options)),
      executor_(executor),
      chance_(std::make_shared<Chance>(executor)),
      renewals_(executor) {
    std::weak_ptr<Chance> chance = chance_;
    subscription_ = store_.subscribe([chance, executor](const std::vector<Event>& events) {
        for (const auto& event : events)
            if (event.kind == resigned_kind)
                asio::post(executor, [chance] {
                    if (const auto there = chance.lock()) there->come();
                });
    });
}

Task<std::optional<store::Leadership>> Leader::take() {
    auto write = [holder = options_.holder, lease = options_.lease](store::Tx& tx) {
        return tx.take_leadership(holder, lease);
    };
    try {
        co_return co_await store_.write(write);
    } catch (const Error& error) {
        log::debug("no word on who leads", {{"error", error.what()}});
    }
    co_return std::nullopt;
}

/// Renews, and only says how it went: nobody waits for a database that does not answer.
Task<> Leader::renew(std::int64_t epoch, std::shared_ptr<Hold> hold) {
    while (!hold->lost) {
        co_await clock_.sleep(options_.renew);
        const auto asked = options_.steady();
        const auto taken = co_await take();
        if (taken && taken->epoch != epoch) hold->lose();
        if (taken && !hold->lost) hold->sure_until = asked + options_.lease;
    }
}

/// Until another has taken the lead, or ours may have ended unnoticed.
Task<> Leader::keep(std::shared_ptr<Hold> hold) {
    while (!hold->lost) {
        const auto left = hold->sure_until - options_.renew - options_.steady();
        if (left <= Duration(0)) co_return;
        co_await sleep_or_hear(executor_, clock_, left, hold->bell);
    }
}

/// Until when another leads; by the database's clock, so that nobody's own matters.
Task<Duration> Leader::time_left() {
    auto read = [](store::Rows& rows) {
        const auto there = rows.leadership();
        return there ? there->expires_at - rows.now() : Duration(0);
    };
    try {
        co_return std::max(co_await store_.read(read), shortest_wait);
    } catch (const Error& error) {
        log::debug("no word on who leads", {{"error", error.what()}});
    }
    co_return options_.renew;
}

/// `came`: how many chances had come when the lead was not to be had.
Task<> Leader::wait_for_chance(std::uint64_t came) {
    const auto length = co_await time_left();
    if (chance_->came != came) co_return;
    co_await sleep_or_hear(executor_, clock_, length, chance_->bell);
}

Task<> Leader::run(std::function<Task<>(std::int64_t)> lead) {
    std::exception_ptr ended;
    try {
        while (true) co_await follow_lead(lead);
    } catch (...) {
        ended = std::current_exception();
    }
    // What asks the database still ends before we do: it speaks of us.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    renewals_.cancel();
    co_await renewals_.join();
    std::rethrow_exception(ended);
}

/// Leads once, or waits for another that does.
Task<> Leader::follow_lead(const std::function<Task<>(std::int64_t)>& lead) {
    const auto came = chance_->came;
    const auto asked = options_.steady();
    const auto taken = co_await take();
    if (!taken) {
        co_await wait_for_chance(came);
        co_return;
    }
    const auto epoch = taken->epoch;
    log::info("leading", {{"epoch", std::to_string(epoch)}, {"holder", options_.holder}});
    const auto hold = std::make_shared<Hold>(executor_, asked + options_.lease);
    renewals_.start("renew the lead", renew(epoch, hold));
    std::optional<Error> failure;
    try {
        co_await first_of(executor_, lead(epoch), keep(hold));
    } catch (const Error& error) {
        failure = error;
    }
    hold->lost = true;
    log::warning("not leading any more", {{"epoch", std::to_string(epoch)},
                                          {"why", failure ? failure->what() : "the lead was lost"}});
}

Task<> Leader::resign() {
    auto write = [holder = options_.holder, now = clock_.now()](store::Tx& tx) {
        const auto there = tx.leadership();
        if (!there || there->holder != holder) return;
        tx.release_leadership(holder, there->epoch);
        tx.append({.at = now,
                   .class_ = EventClass::state,
                   .actor = "berth",
                   .kind = resigned_kind,
                   .subject_kind = "leader",
                   .subject = holder,
                   .owner = {"berth"}});  // Names of our processes are for administrators only.
    };
    co_await store_.write(write);
}

}  // namespace berth::control
