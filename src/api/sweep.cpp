#include "acts/sweep.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "api/operations.hpp"
#include "api/services.hpp"
#include "base/timeout.hpp"

namespace berth::api {
namespace {

constexpr Duration inventory_limit = std::chrono::minutes(1);

/// One engine held against the rows.
Task<std::vector<plan::Finding>> judge_engine(Services& services, engine::Engine& engine) {
    auto known = [name = engine.name()](store::Rows& rows) { return acts::workloads_on(rows, name); };
    auto ids = co_await services.store.read(std::move(known));
    auto listing = engine.inventory(std::move(ids));
    auto things = co_await finish_within(services.clock, inventory_limit, "engine " + engine.name(),
                                         std::move(listing));
    auto read = [name = engine.name(), things = std::move(things)](store::Rows& rows) {
        return acts::sweep_facts(rows, name, things);
    };
    const auto facts = co_await services.store.read(std::move(read));
    co_return plan::judge(facts, services.now());
}

Task<> look_at_engines(Services& services, view::Sweep& sweep) {
    for (const auto& [name, engine] : services.engines) {
        try {
            auto findings = co_await judge_engine(services, *engine);
            std::ranges::move(findings, std::back_inserter(sweep.findings));
        } catch (const Error& error) {
            sweep.away.push_back({.name = name, .up = false, .message = error.user});
        }
    }
}

Task<view::Sweep> look(Services& services, view::SweepQuery query) {
    view::Sweep sweep;
    if (query.findings.value_or(true)) co_await look_at_engines(services, sweep);
    auto read = [](store::Rows& rows) {
        return std::pair(acts::open_sweep(rows).has_value(), acts::last_sweep(rows));
    };
    std::tie(sweep.asked, sweep.last) = co_await services.store.read(std::move(read));
    co_return sweep;
}

}  // namespace

Task<view::Sweep> look_for_sweep(Call call, Params<view::SweepQuery> query) {
    co_return co_await look(*call.services, query);
}

Task<Accepted<view::Sweep>> ask_for_sweep(Call call, Params<view::SweepQuery> query) {
    auto write = [caller = call.caller(), now = call.services->now()](store::Tx& tx) {
        acts::ask_sweep(tx, caller, now);
    };
    co_await call.services->store.write(std::move(write));
    auto sweep = co_await look(*call.services, query);
    co_return Accepted<view::Sweep>{std::move(sweep)};
}

}  // namespace berth::api
