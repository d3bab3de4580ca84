// Whether what `kubectl` says of sessions and workspaces was said by whom it names.

#include "base/log.hpp"
#include "operator/mirror/mirror.hpp"

namespace berth::control {

using namespace mirror;

namespace {

constexpr Duration guard_every = std::chrono::seconds(10);

}  // namespace

/// Why nobody vouches for the resources of that kind; nothing: somebody does. Whoever may make templates
/// publishes them, so those need nobody.
Task<std::optional<Error>> Mirror::unguarded(Noun noun) {
    if (noun == Noun::template_) co_return std::nullopt;
    if (clock_.now() >= guard_due_) co_await look_at_guard();
    co_return unguarded_;
}

Task<> Mirror::look_at_guard() {
    auto found = co_await find_unguarded(client_);
    guard_due_ = clock_.now() + (found ? options_.definitions_every : guard_every);
    const bool news =
        found.has_value() != unguarded_.has_value() || (found && found->user != unguarded_->user);
    unguarded_ = std::move(found);
    if (!news) co_return;
    if (unguarded_)
        log::warning("sessions and workspaces of kubectl are left alone", {{"error", unguarded_->what()}});
    else
        log::info("sessions and workspaces of kubectl are taken again");
    // Who waits is told anew, or waits no more.
    for (const auto& [noun, entries] : entries_)
        for (const auto& [name, entry] : entries)
            if (refusals_.contains(entry.seen.uid) && judge_again_.insert(entry.seen.uid).second)
                poke(key_of(noun, entry));
}

/// While nobody vouches for them, somebody may come to.
Task<> Mirror::look_for_guard() {
    if (!unguarded_ || clock_.now() < guard_due_) co_return;
    std::optional<Error> failure;
    try {
        co_await look_at_guard();
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) guard_due_ = clock_.now() + options_.definitions_every;
}

}  // namespace berth::control
