#include <algorithm>
#include <set>

#include "api/openapi.hpp"
#include "api/operations.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"
#include "base/log.hpp"
#include "base/timeout.hpp"

namespace berth::api {
namespace {

constexpr Duration store_limit = std::chrono::seconds(5);

using Series = std::map<Metrics::Labels, double>;

/// Counted when somebody asks: nothing can drift. `users` are those of whom something runs.
Series count_sessions(store::Rows& rows, std::set<UserId>& users) {
    Series counts;
    store::Query query{.limit = 200};
    for (;;) {
        const auto page = rows.list_sessions(Caller::system(), query);
        for (const auto& session : page.items) {
            if (session.status.phase == Phase::gone) continue;
            const Metrics::Labels labels{{"phase", json::enum_name(session.status.phase)},
                                         {"template", session.template_},
                                         {"engine", session.engine}};
            counts[labels] += 1;
            if (takes_part(session)) users.insert(session.user);
        }
        if (!page.next) return counts;
        query.cursor = *page.next;
    }
}

/// How much of a limit is in use: of each group, and the highest of any user. No series for each user: there
/// may be thousands.
Series quota_ratios(store::Rows& rows, const std::set<UserId>& users) {
    Series ratios;
    const auto add = [&](const std::string& of, const plan::Account& account) {
        for (const auto& [what, limit] : account.limits) {
            if (limit.most == 0) continue;
            auto& ratio = ratios[{{"of", of}, {"resource", json::enum_name(what)}}];
            ratio =
                std::max(ratio, static_cast<double>(account.used[what]) / static_cast<double>(limit.most));
        }
    };
    for (const auto& user : users)
        if (const auto row = rows.find_user(user)) add("user", acts::account_of(rows, *row));
    for (const auto& group : rows.list_groups())
        if (!plan::limits(group).empty()) add("group " + group.name, acts::account_of(rows, group));
    return ratios;
}

}  // namespace

Services::Services(Dependencies given)
    : Dependencies(std::move(given)),
      attempts(clock),
      feed(Feed::start(store)),
      buckets(limits.requests_per_second, limits.requests_at_once) {
    if (metrics == nullptr) metrics = &own_metrics;
    for (const auto& [name, engine] : engines)
        engine->watch_images(
            [weak = std::weak_ptr(feed)](const std::string& image, const ObservedImage& state) {
                if (const auto alive = weak.lock()) alive->publish_image(image, state);
            });
}

engine::Engine& Services::engine(const std::string& name) const {
    const auto found = engines.find(name);
    if (found == engines.end())
        throw Error(Kind::unavailable, "engine_unavailable", "engine " + quoted(name) + " is not configured",
                    "ask an administrator");
    return *found->second;
}

Task<view::Version> version(Call call) {
    co_return view::Version{call.services->version};
}

Task<view::Health> health(Call) {
    co_return view::Health{"ok"};
}

Task<view::Health> readiness(Call call) {
    if (call.services->not_ready)
        if (const auto why = call.services->not_ready()) throw Error(*why);
    auto read = [](store::Rows& rows) { return rows.last_sequence(); };
    auto work = call.services->store.read(std::move(read));
    try {
        co_await finish_within(call.services->clock, store_limit, "store", std::move(work));
    } catch (const Error& error) {
        if (std::exchange(call.services->store_answers, false))
            log::warning("not ready: the database does not answer", {{"error", error.what()}});
        throw Error(error.kind, error.code, "the database does not answer", "look at Berth's log");
    }
    if (!std::exchange(call.services->store_answers, true)) log::info("ready: the database answers again");
    // Anybody may ask; where things are and what they say is for administrators.
    const bool told = call.identity && call.identity->caller.admin();
    // Without its engine a Berth still shows what there is and says what is wrong: it stays in rotation.
    for (const auto& [name, engine] : call.services->engines)
        if (const auto down = engine->down_because())
            co_return view::Health{told ? "engine " + name + ": " + *down : "degraded"};
    co_return view::Health{"ok"};
}

Task<Text> metrics_text(Call call) {
    auto& services = *call.services;
    auto read = [](store::Rows& rows) {
        std::set<UserId> users;
        auto sessions = count_sessions(rows, users);
        return std::tuple(std::move(sessions), quota_ratios(rows, users), rows.leadership());
    };
    const auto [sessions, ratios, leader] = co_await services.store.read(std::move(read));
    services.metrics->replace("berth_sessions", "Sessions that are not gone", sessions);
    services.metrics->replace(
        "berth_quota_used_ratio",
        "Use of each limit: of a group, and the highest of users of whom something runs", ratios);
    const bool leads = services.holder.empty() || (leader && leader->holder == services.holder);
    services.metrics->replace("berth_leader", "Whether this Berth is the one of several that acts",
                              {{{}, leads ? 1.0 : 0.0}});
    std::map<Metrics::Labels, double> up;
    for (const auto& [name, engine] : services.engines)
        up[{{"engine", name}}] = engine->down_because() ? 0 : 1;
    services.metrics->replace("berth_engine_up", "Whether the engine answers", up);
    services.metrics->replace("berth_build_info", "Which program this is",
                              {{{{"version", services.version}}, 1}});
    Text text;
    text.response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                             {"Cache-Control", "no-store"}};
    text.response.body = services.metrics->text();
    co_return text;
}

Task<Document> openapi_text(Call call) {
    co_return Document{openapi_document(call.services->version)};
}

}  // namespace berth::api
