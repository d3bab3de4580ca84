#include "api/operations.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"
#include "base/timeout.hpp"

namespace berth::api {
namespace {

constexpr Duration examine_limit = std::chrono::minutes(2);

view::DefaultQuota quota_view(const Quota& quota) {
    using plan::Resource;
    // Of these there always is a limit: ours, where nobody set another.
    const auto limits = plan::limits(plan::Standing{.common = quota});
    const auto most = [&](Resource what) { return limits.at(what).most; };
    return {.sessions = static_cast<int>(most(Resource::sessions)),
            .running = static_cast<int>(most(Resource::running)),
            .cpu = {most(Resource::cpu)},
            .memory = {most(Resource::memory)},
            .workspaces = static_cast<int>(most(Resource::workspaces)),
            .storage = quota.storage,
            .gpu = quota.gpu,
            .freeze_after = quota.freeze_after,
            .hibernate_after = quota.hibernate_after,
            .max_lifetime = quota.max_lifetime};
}

template <class T>
void replace(std::optional<T>& old, const std::optional<T>& wanted) {
    if (wanted) old = wanted;
}

/// Which of several Berths acts.
view::Check check_leader(const std::string& own, const std::optional<store::Leadership>& leader) {
    view::Check check{.engine = "", .name = "leader", .passed = leader.has_value()};
    if (!leader) {
        check.message = "none of the Berths on this database acts: nothing starts and nothing stops";
        check.fix = "start one with the role operator; its log says why it does not lead";
        return check;
    }
    check.message = leader->holder + (leader->holder == own ? " (this one)" : "") + " acts, epoch " +
                    std::to_string(leader->epoch);
    return check;
}

}  // namespace

Task<view::List<view::Event>> list_audit(Call call, Params<view::AuditQuery> query) {
    auto wanted = list_query(query);
    filter(wanted, "actor", query.actor);
    filter(wanted, "kind", query.kind);
    filter(wanted, "subject", query.subject);
    wanted.equal["class"] = json::enum_name(EventClass::audit);
    auto read = [wanted](store::Rows& rows) { return rows.list_events(Caller::system(), wanted); };
    const auto page = co_await call.services->store.read(std::move(read));
    view::List<view::Event> list{.total = page.total, .next = page.next};
    for (const auto& event : page.items) list.items.push_back(event_view(event));
    co_return list;
}

Task<std::vector<view::Engine>> list_engines(Call call) {
    std::vector<view::Engine> list;
    for (const auto& [name, engine] : call.services->engines) {
        const auto down = engine->down_because();
        list.push_back({.name = name, .up = !down, .message = down.value_or("")});
    }
    co_return list;
}

Task<view::Checks> check_engines(Call call) {
    view::Checks result;
    if (const auto own = call.services->holder; !own.empty()) {
        auto read = [](store::Rows& rows) { return rows.leadership(); };
        result.checks.push_back(check_leader(own, co_await call.services->store.read(std::move(read))));
    }
    for (const auto& [name, engine] : call.services->engines) {
        auto examine = engine->examine();
        const auto checks =
            co_await finish_within(call.services->clock, examine_limit, "engine " + name, std::move(examine));
        for (const auto& check : checks)
            result.checks.push_back({.engine = name,
                                     .name = check.name,
                                     .passed = check.passed,
                                     .message = check.message,
                                     .fix = check.fix});
    }
    co_return result;
}

Task<view::DefaultQuota> get_quota(Call call) {
    auto read = [](store::Rows& rows) { return quota_view(acts::default_quota(rows)); };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::DefaultQuota> put_quota(Call call, Quota body) {
    check_quota(body);
    auto write = [actor = call.caller(), body, now = call.services->now()](store::Tx& tx) {
        auto quota = acts::default_quota(tx);
        replace(quota.sessions, body.sessions);
        replace(quota.running, body.running);
        replace(quota.cpu, body.cpu);
        replace(quota.memory, body.memory);
        replace(quota.workspaces, body.workspaces);
        replace(quota.storage, body.storage);
        replace(quota.gpu, body.gpu);
        replace(quota.freeze_after, body.freeze_after);
        replace(quota.hibernate_after, body.hibernate_after);
        replace(quota.max_lifetime, body.max_lifetime);
        const auto tree = json::to_json(quota);
        tx.set_setting("quota.default", json::write(tree));
        acts::Happening happening{.at = now,
                                  .actor = actor.name,
                                  .kind = "quota.updated",
                                  .subject_kind = "quota",
                                  .subject = "default",
                                  .owner = actor.user};
        happening.data = tree.as_object();
        acts::append_audit(tx, happening);
        return quota_view(quota);
    };
    co_return co_await call.services->store.write(std::move(write));
}

}  // namespace berth::api
