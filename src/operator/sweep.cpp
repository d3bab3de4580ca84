#include "acts/user_files.hpp"
#include "base/log.hpp"
#include "operator/loop.hpp"
#include "operator/report.hpp"

// The slow part of the loop: what no event tells.
namespace berth::control {
namespace {

constexpr std::string_view engine_lost = "engine.lost";
constexpr std::string_view engine_restored = "engine.restored";

}  // namespace

Task<> Loop::sweep() {
    co_await note_engines();
    for (auto& [name, engine] : engines_)
        if (!engine->down_because()) co_await sweep_engine(*engine);
    co_await remove_given_up();
    co_await sweep_as_asked();
    auto forget = [now = clock_.now()](store::Tx& tx) {
        tx.forget_expired(now);
        acts::abandon_old_uploads(tx, now);
    };
    co_await write(forget);
    // That write was refused if another process acts by now.
    for (auto& [name, engine] : engines_)
        if (!engine->down_because()) co_await tend(*engine);
}

Task<> Loop::tend(engine::Engine& engine) {
    std::optional<Error> failure;
    try {
        co_await engine.tend();
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) log::warning("tending failed", {{"engine", engine.name()}, {"error", failure->what()}});
}

/// Looks at every workload that runs without a row that wants it, and at every row that fell out of the
/// queue.
Task<> Loop::sweep_engine(engine::Engine& engine) {
    std::vector<WorkloadId> ids;
    try {
        ids = co_await engine.list();
    } catch (const Error& error) {
        log::warning("sweep failed", {{"engine", engine.name()}, {"error", error.what()}});
        co_return;
    }
    auto read = [ids](store::Rows& rows) {
        std::vector<SessionId> unowned;
        for (const auto& id : ids) {
            const auto session = rows.find_session(Caller::system(), plan::session_of(id));
            if (plan::is_orphan(session)) unowned.push_back(plan::session_of(id));
        }
        return unowned;
    };
    for (const auto& id : co_await store_.read(read)) poke(id);
    if (engine.leads_hosts() && !hosts_looked_for_.contains(engine.name()))
        co_await look_for_hosts(engine, ids);
    co_await load_unsettled();
}

/// Once for each engine, as later the engine tells: what leads to a session at rest may have gone while
/// nobody looked. Only those are looked at of which nothing is there.
Task<> Loop::look_for_hosts(engine::Engine& engine, std::span<const WorkloadId> there) {
    std::set<SessionId> found;
    for (const auto& id : there) found.insert(plan::session_of(id));
    auto read = [name = engine.name()](store::Rows& rows) { return rows.resting_sessions(name); };
    for (const auto& id : co_await store_.read(read))
        if (!found.contains(id)) poke(id);
    hosts_looked_for_.insert(engine.name());
}

Task<> Loop::go_round(Rounds& rounds, Task<> (Loop::*work)()) {
    rounds.due = true;
    if (std::exchange(rounds.running, true)) co_return;
    std::exception_ptr failure;
    try {
        while (std::exchange(rounds.due, false)) co_await (this->*work)();
    } catch (...) {
        failure = std::current_exception();
    }
    rounds.running = false;
    if (failure) std::rethrow_exception(failure);
}

/// What an administrator asked for, also of a process before this one. Fails once: the next sweep tries
/// again.
Task<> Loop::sweep_as_asked() {
    std::string failure;
    try {
        co_await go_round(sweeping_, &Loop::answer_open_sweep);
    } catch (const Error& error) {
        failure = error.what();
    }
    if (!failure.empty()) log::warning("sweep failed", {{"error", failure}});
}

Task<> Loop::answer_open_sweep() {
    auto read = [](store::Rows& rows) { return acts::open_sweep(rows); };
    const auto ask = co_await store_.read(read);
    if (ask) co_await answer_sweep(*ask);
}

/// Has every session looked at of which something is to go or to start; the looks do the rest.
Task<> Loop::answer_sweep(acts::SweepAsk ask) {
    acts::SweepReport report{.ask = std::move(ask)};
    for (auto& [name, engine] : engines_) {
        try {
            auto known = [name](store::Rows& rows) { return acts::workloads_on(rows, name); };
            auto ids = co_await store_.read(known);
            auto things = co_await engine->inventory(std::move(ids));
            auto read = [name, things = std::move(things)](store::Rows& rows) {
                return acts::sweep_facts(rows, name, things);
            };
            const auto facts = co_await store_.read(read);
            for (auto& finding : plan::judge(facts, clock_.now()))
                if (finding.remedy != plan::Remedy::report) report.acted.push_back(std::move(finding));
        } catch (const Error& error) {
            report.failed.push_back(name + ": " + error.user);
        }
    }
    for (const auto& finding : report.acted) poke(finding.session);
    report.at = clock_.now();
    auto tell = [report](store::Tx& tx) { acts::report_sweep(tx, report, std::string(loop_actor)); };
    co_await write(tell);
}

/// One at a time: each volume is told of once.
Task<> Loop::remove_given_up() {
    co_await go_round(removing_, &Loop::remove_all_given_up);
}

Task<> Loop::remove_all_given_up() {
    co_await remove_volumes();
    co_await remove_workspaces();
}

Task<> Loop::remove_volumes() {
    auto read = [](store::Rows& rows) { return rows.volumes_to_remove(); };
    for (const auto& volume : co_await store_.read(read)) {
        const auto found = engines_.find(volume.engine);
        if (found == engines_.end() || found->second->down_because()) continue;
        std::optional<Error> failure;
        try {
            co_await found->second->remove_volume(volume.handle);
        } catch (const Error& error) {
            failure = error;
        }
        if (failure) {
            log::warning("volume not removed yet", {{"volume", volume.handle}, {"error", failure->what()}});
            continue;
        }
        auto forget = [volume, now = clock_.now()](store::Tx& tx) {
            tx.delete_volume(volume.handle);
            Event event{.at = now,
                        .class_ = EventClass::audit,
                        .actor = std::string(loop_actor),
                        .kind = "volume.deleted",
                        .subject_kind = "volume",
                        .subject = volume.handle,
                        .owner = volume.user};
            tx.append(std::move(event));
        };
        co_await write(forget);
    }
}

/// Ends the workspaces whose deletion was asked for and whose volumes are gone.
Task<> Loop::remove_workspaces() {
    auto bare = [](store::Rows& rows) {
        auto workspaces = rows.workspaces_to_remove();
        std::erase_if(workspaces, [&](const auto& one) { return !rows.volumes_of(one.id.text).empty(); });
        return workspaces;
    };
    const auto found = co_await store_.read(bare);
    if (found.empty()) co_return;
    auto remove = [bare](store::Tx& tx) {
        for (const auto& workspace : bare(tx)) tx.delete_workspace(workspace.id);
    };
    co_await write(remove);
}

/// What was told of an engine last, by whoever led then.
Task<bool> Loop::was_down(std::string engine) {
    auto read = [engine](store::Rows& rows) {
        const auto told = rows.list_events(
            Caller::system(), {.equal = {{"subjectKind", "engine"}, {"subject", engine}}, .limit = 1});
        return !told.items.empty() && told.items.front().kind == engine_lost;
    };
    co_return co_await store_.read(read);
}

Task<> Loop::note_engines() {
    for (auto& [name, engine] : engines_) {
        if (!down_.contains(name)) down_[name] = co_await was_down(name);
        const auto reason = engine->down_because();
        auto& down = down_[name];
        if (down == reason.has_value()) continue;
        Event event{.at = clock_.now(),
                    .class_ = EventClass::audit,
                    .actor = std::string(loop_actor),
                    .kind = std::string(reason ? engine_lost : engine_restored),
                    .subject_kind = "engine",
                    .subject = name};
        event.data["message"] = reason.value_or("");
        auto append = [event](store::Tx& tx) { tx.append(event); };
        co_await write(append);
        down = reason.has_value();
    }
}

}  // namespace berth::control
