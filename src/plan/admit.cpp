#include "plan/admit.hpp"

#include <fmt/format.h>

namespace berth::plan {
namespace {

Error refusal(std::string_view what, std::string_view limit, std::string_view use, std::string next) {
    return Error(Kind::too_many, "quota_exceeded",
                 fmt::format("your limit of {} is {}, and {}", what, limit, use), std::move(next));
}

/// Names of what runs, for the sentence that says what to stop: `"a", "b" or "c"`.
std::string running_names(std::span<const Holding> holdings) {
    std::string names;
    int count = 0;
    for (const auto& holding : holdings) {
        if (!holding.running || count++ >= 3) continue;
        names += (names.empty() ? "" : ", ") + quoted(holding.name);
    }
    return names;
}

}  // namespace

Demand demand(const TemplateSpec& spec) {
    Demand sum{};
    for (const auto& component : spec.components) {
        sum.cpu.count += component.resources.cpu.count;
        sum.memory.count += component.resources.memory.count;
    }
    return sum;
}

Limits limits(const Quota& user, const Quota& fallback) {
    Limits limits;
    const auto pick = [](auto& limit, const auto& own, const auto& common) {
        if (own)
            limit = *own;
        else if (common)
            limit = *common;
    };
    pick(limits.sessions, user.sessions, fallback.sessions);
    pick(limits.running, user.running, fallback.running);
    pick(limits.cpu, user.cpu, fallback.cpu);
    pick(limits.memory, user.memory, fallback.memory);
    pick(limits.workspaces, user.workspaces, fallback.workspaces);
    return limits;
}

std::optional<Error> admit_launch(const Limits& limits, std::span<const Holding> holdings,
                                  const Demand& wanted) {
    if (std::ssize(holdings) >= limits.sessions)
        return refusal("sessions", std::to_string(limits.sessions),
                       fmt::format("you have {}", holdings.size()),
                       "delete a session that is not needed any more");
    return admit_wake(limits, holdings, wanted);
}

std::optional<Error> admit_wake(const Limits& limits, std::span<const Holding> others, const Demand& wanted) {
    int running = 0;
    Demand used{};
    for (const auto& holding : others) {
        if (!holding.running) continue;
        ++running;
        used.cpu.count += holding.demand.cpu.count;
        used.memory.count += holding.demand.memory.count;
    }
    const auto names = running_names(others);
    const auto next =
        names.empty() ? "ask an administrator for a higher limit" : "hibernate or delete one of " + names;
    if (running >= limits.running)
        return refusal("running sessions", std::to_string(limits.running), fmt::format("{} run", running),
                       next);
    if (used.cpu.count + wanted.cpu.count > limits.cpu.count)
        return refusal(
            "processors", to_string(limits.cpu),
            fmt::format("{} are in use; this session needs {}", to_string(used.cpu), to_string(wanted.cpu)),
            next);
    if (used.memory.count + wanted.memory.count > limits.memory.count)
        return refusal("memory", to_string(limits.memory),
                       fmt::format("{} are in use; this session needs {}", to_string(used.memory),
                                   to_string(wanted.memory)),
                       next);
    return std::nullopt;
}

std::optional<Error> admit_workspace(const Limits& limits, int workspaces) {
    if (workspaces < limits.workspaces) return std::nullopt;
    return refusal("workspaces", std::to_string(limits.workspaces), fmt::format("you have {}", workspaces),
                   "delete a workspace that is not needed any more");
}

}  // namespace berth::plan
