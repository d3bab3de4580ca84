#include "gateway/waker.hpp"

#include "acts/ask.hpp"
#include "net/text.hpp"

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
    Event event{.at = now,
                .class_ = EventClass::audit,
                .actor = user ? user->name : "berth",
                .kind = "session.woken",
                .subject_kind = "session",
                .subject = session.id.text,
                .owner = session.user};
    event.data = {{"name", session.name}, {"by", "gateway"}};
    tx.append(event);
    event.class_ = EventClass::state;
    event.kind = "session.updated";
    event.data = {{"name", session.name},
                  {"status", json::to_json(session.status)},
                  {"state", json::enum_name(desired(session.asks))}};
    tx.append(event);
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
        if (wants_wake(*session, failed)) view.refused = acts::refuse_start(tx, *session);
        if (wants_wake(*session, failed) && !view.refused) {
            plan::ask_wake(*session, now);
            tx.update_session(*session);
            tell(tx, *session, now);
        }
        view.session = std::move(*session);
        return view;
    };
    co_return co_await store_.write(std::move(ask));
}

}  // namespace berth::gateway
