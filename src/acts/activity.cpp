#include "acts/activity.hpp"

#include "acts/rows.hpp"
#include "base/log.hpp"

namespace berth::acts {
namespace {

constexpr const char* gap_setting = "activity.gap";

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

void note_row(store::Tx& tx, const SessionId& id, const Seen& seen) {
    auto session = tx.find_session(Caller::system(), id);
    if (!session || (session->last_active_at && *session->last_active_at >= seen.at)) return;
    session->last_active_at = seen.at;
    session->last_active_source = seen.source;
    tx.update_session(*session);
    // The loop takes the warning back, and whoever saw it hears of that.
    if (!session->stay.warned_at) return;
    tell_updated(tx, *session, "gateway", seen.at);
}

}  // namespace

void Activity::note(const SessionId& session, Time at, std::string_view source) {
    const std::lock_guard lock(mutex_);
    auto& seen = news_[session];
    if (seen.at < at) seen = {at, std::string(source)};
}

Task<> Activity::run(Duration every) {
    while (true) {
        try {
            co_await report();
        } catch (const Error& error) {
            log::warning("activity could not be written down", {{"error", error.what()}});
        }
        co_await clock_.sleep(every);
    }
}

Task<> Activity::report() {
    return write(false);
}

Task<> Activity::end() {
    return write(true);
}

Task<> Activity::write(bool last) {
    // What is noted from here on counts as seen after it.
    const auto until = clock_.now();
    collect(*this);
    News news;
    {
        const std::lock_guard lock(mutex_);
        news.swap(news_);
    }
    auto work = [news, until, last, holder = holder_](store::Tx& tx) {
        for (const auto& [id, seen] : news) note_row(tx, id, seen);
        if (last)
            tx.delete_watermark(holder);
        else
            tx.put_watermark({.holder = holder, .reported_at = until});
        forget_silent(tx, until);
    };
    std::exception_ptr failure;
    try {
        co_await store_.write(std::move(work));
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    for (const auto& [id, seen] : news) note(id, seen.at, seen.source);
    std::rethrow_exception(failure);
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
