#include "net/pump.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>

namespace berth::net {
namespace {

/// After so many full rounds a fast stream lets the others of its loop have a turn.
constexpr int rounds_max = 16;

/// Moves what is there now. `would_block`: nothing more to read at the moment; `done`: rounds are used up.
Work<Outcome> move_available(Loop& loop, Channel& from, Channel& to, const Tap& tap) {
    const Block block = loop.take_large();
    for (int round = 0; round < rounds_max; ++round) {
        std::size_t bytes = 0;
        const auto outcome = from.try_read(block.data(), block.size(), bytes);
        if (outcome != Outcome::done) co_return outcome;
        const std::string_view piece(block.data(), bytes);
        if (tap) tap(piece);
        Slices slices{piece};
        auto sent = to.try_write(slices);
        if (sent == Outcome::would_block) sent = co_await to.write(slices) ? Outcome::done : Outcome::failed;
        if (sent != Outcome::done) co_return Outcome::failed;
    }
    co_return Outcome::done;
}

Work<> copy(Loop& loop, Channel& from, Channel& to, const Tap& tap) {
    while (true) {
        ErrorCode failure;
        co_await from.wait_readable(asio::redirect_error(await, failure));
        auto outcome = failure ? Outcome::failed : Outcome::done;
        while (outcome == Outcome::done) {
            outcome = co_await move_available(loop, from, to, tap);
            if (outcome == Outcome::done) co_await asio::post(loop.executor(), await);
        }
        if (outcome == Outcome::would_block) continue;
        if (outcome == Outcome::ended) {
            to.shut_down_writing();
            co_return;
        }
        from.close();
        to.close();
        co_return;
    }
}

}  // namespace

Work<> pump(Loop& loop, Channel& left, Channel& right, Tap to_right, Tap to_left) {
    auto there = copy(loop, left, right, to_right);
    auto back = copy(loop, right, left, to_left);
    auto both = asio::experimental::make_parallel_group(
        asio::co_spawn(loop.executor(), std::move(there), asio::deferred),
        asio::co_spawn(loop.executor(), std::move(back), asio::deferred));
    co_await both.async_wait(asio::experimental::wait_for_all(), await);
    left.close();
    right.close();
}

}  // namespace berth::net
