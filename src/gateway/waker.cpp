#include "gateway/waker.hpp"

#include "acts/ask.hpp"
#include "acts/queue.hpp"
#include "net/text.hpp"
#include "plan/asks.hpp"

namespace berth::gateway {
namespace {

bool ending(const Session& session) {
    return session.asks.terminate || session.status.phase == Phase::gone ||
           session.status.phase == Phase::terminating;
}

bool wants_wake(const Session& session, Waker::Failed failed) {
    if (ending(session)) return false;
    if (desired(session.asks) != State::running) return true;
    return has_failed(session) && failed == Waker::Failed::retry;
}

void tell(store::Tx& tx, const Session& session, Time now) {
    const auto user = tx.find_user(session.user);
    acts::tell_asked(tx, session,
                     {.at = now,
                      .actor = user ? user->name : "berth",
                      .kind = "session.woken",
                      .data = {{"by", "gateway"}}});
}

/// Gives the refusal when it can neither start nor wait.
std::optional<Error> wake_row(store::Tx& tx, Session& session, Time now) {
    auto woken = session;
    plan::ask_wake(woken, now);
    try {
        if (!takes_part(session)) acts::start_or_wait(tx, woken, now);
    } catch (const Error& error) {
        if (error.kind != Kind::too_many) throw;
        return Error(error);
    }
    session = std::move(woken);
    tx.update_session(session);
    tell(tx, session, now);
    return std::nullopt;
}

}  // namespace

Asker who_asks(const net::RequestHead& head) {
    const auto mode = head.find(net::Name::sec_fetch_mode);
    const bool fetched = !mode.empty() || !head.find(net::Name::sec_fetch_site).empty() ||
                         !head.find(net::Name::sec_fetch_dest).empty();
    if (net::same_word(mode, "navigate")) return Asker::browser;
    if (fetched) return Asker::background;
    if (head.upgrade.empty() && (head.method == "GET" || head.method == "HEAD") && wants_page(head))
        return Asker::browser;
    // A browser's WebSocket on plain http carries no Sec-Fetch headers, but always an Origin.
    return head.upgrade.empty() || head.find(net::Name::origin).empty() ? Asker::program : Asker::background;
}

Task<std::optional<WakeView>> Waker::wake(SessionId id, Failed failed) {
    const Time now = clock_.now();
    WakeView view{.session = {}, .platform_url = origin_.url, .now = now, .refused = {}};
    auto look = [id](store::Rows& rows) { return rows.find_session(Caller::system(), id); };
    auto seen = co_await store_.read(std::move(look));
    if (!seen || ending(*seen)) co_return std::nullopt;
    view.session = std::move(*seen);
    if (!wants_wake(view.session, failed)) co_return view;
    auto ask = [view, id, failed, now](store::Tx& tx) mutable -> std::optional<WakeView> {
        auto session = tx.find_session(Caller::system(), id);
        if (!session || ending(*session)) return std::nullopt;
        if (wants_wake(*session, failed)) view.refused = wake_row(tx, *session, now);
        view.session = std::move(*session);
        return view;
    };
    co_return co_await store_.write(std::move(ask));
}

}  // namespace berth::gateway
