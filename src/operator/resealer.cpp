#include "operator/resealer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>

#include "base/log.hpp"

namespace berth::control {
namespace {

constexpr Duration while_rotating = std::chrono::seconds(15);
constexpr Duration at_rest = std::chrono::hours(1);
constexpr Duration after_failure = std::chrono::seconds(30);

}  // namespace

Resealer::Resealer(store::Store& store, Clock& clock, acts::Keyring keyring,
                   std::optional<std::int64_t> epoch, asio::any_io_executor executor)
    : store_(store),
      clock_(clock),
      keyring_(std::move(keyring)),
      epoch_(epoch),
      executor_(executor),
      asked_(std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max())) {}

Task<> Resealer::run() {
    const std::weak_ptr<asio::steady_timer> asked = asked_;
    const auto subscription =
        store_.subscribe([asked, executor = executor_](const std::vector<Event>& events) {
            for (const auto& event : events)
                if (event.kind == "key.rotated")
                    asio::post(executor, [asked] {
                        if (const auto timer = asked.lock()) timer->cancel();
                    });
        });
    for (;;) {
        std::string failure;
        bool done = true;
        try {
            done = co_await finish();
        } catch (const Error& error) {
            failure = error.what();
        }
        if (!failure.empty()) log::warning("sealing anew failed", {{"error", failure}});
        const auto pause = !failure.empty() ? after_failure : done ? at_rest : while_rotating;
        auto race = asio::experimental::make_parallel_group(
            asio::co_spawn(executor_, clock_.sleep(pause), asio::deferred),
            asked_->async_wait(asio::deferred));
        co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return;
    }
}

Task<bool> Resealer::finish() {
    if (keyring_.locked_because() == nullptr)
        while (co_await reseal_next()) {
        }
    auto drop = [epoch = epoch_, now = clock_.now()](store::Tx& tx) {
        if (epoch) tx.require_epoch(*epoch);
        return acts::drop_unused_keys(tx, now);
    };
    co_return co_await store_.write(drop);
}

/// Reads and seals on a thread of the store's readers, so that the one who writes is never long at it.
Task<bool> Resealer::reseal_next() {
    auto read = [keyring = keyring_, now = clock_.now()](store::Rows& rows) {
        return acts::reseal_some(rows, keyring, now);
    };
    auto some = co_await store_.read(read);
    if (some.empty()) co_return false;
    auto write = [epoch = epoch_, some = std::move(some)](store::Tx& tx) {
        if (epoch) tx.require_epoch(*epoch);
        acts::write_resealed(tx, some);
    };
    co_await store_.write(write);
    co_return true;
}

}  // namespace berth::control
