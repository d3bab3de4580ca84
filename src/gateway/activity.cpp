#include "gateway/activity.hpp"

#include "base/log.hpp"

namespace berth::gateway {
namespace {

struct Seen {
    SessionId session;
    Time at{};
    std::string source;
};

}  // namespace

Task<> Activity::run(Duration every) {
    while (true) {
        co_await clock_.sleep(every);
        try {
            co_await report();
        } catch (const Error& error) {
            log::warning("activity could not be written down", {{"error", error.what()}});
        }
    }
}

Task<> Activity::report() {
    std::vector<Seen> news;
    std::map<SessionId, std::int64_t> now_known;
    table_.each([&](const Route& route) {
        const auto at = route.meter->active_at.load(std::memory_order_relaxed);
        if (at == 0) return;
        now_known[route.session] = at;
        const auto before = reported_.find(route.session);
        if (before != reported_.end() && before->second >= at) return;
        news.push_back({.session = route.session,
                        .at = Time(Duration(at)),
                        .source = route.meter->active_source.load(std::memory_order_relaxed)});
    });
    if (!news.empty()) {
        auto write = [news = std::move(news)](store::Tx& tx) {
            for (const auto& seen : news) {
                auto session = tx.find_session(Caller::system(), seen.session);
                if (!session || (session->last_active_at && *session->last_active_at >= seen.at)) continue;
                session->last_active_at = seen.at;
                session->last_active_source = seen.source;
                tx.update_session(*session);
            }
        };
        co_await store_.write(std::move(write));
    }
    reported_ = std::move(now_known);
}

}  // namespace berth::gateway
