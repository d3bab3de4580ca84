#include "plan/limits.hpp"

#include <fmt/format.h>

namespace berth::plan {
namespace {

/// What is in force where nobody says anything.
const Quota& ours() {
    static const Quota quota{.sessions = 20,
                             .running = 5,
                             .cpu = MilliCpu{8000},
                             .memory = Bytes{std::int64_t{16} << 30},
                             .workspaces = 50};
    return quota;
}

/// Of the tiers of the user's groups the one that gives most.
std::optional<Limit> most_generous(const std::vector<Membership>& groups, Resource what) {
    std::optional<Limit> best;
    for (const auto& [group, tier] : groups) {
        const auto said = tier ? said_of(tier->quota, what) : std::nullopt;
        if (said && (!best || *said > best->most)) best = Limit{*said, whose_tier(*tier)};
    }
    return best;
}

std::optional<Limit> limit_of(const Standing& standing, Resource what) {
    if (const auto own = said_of(standing.own, what)) return Limit{*own, std::string(whose_own)};
    if (standing.tier)
        if (const auto said = said_of(standing.tier->quota, what))
            return Limit{*said, whose_tier(*standing.tier)};
    if (auto said = most_generous(standing.groups, what)) return said;
    for (const auto* quota : {&standing.common, &ours()})
        if (const auto said = said_of(*quota, what)) return Limit{*said, std::string(whose_default)};
    return std::nullopt;
}

}  // namespace

std::string_view word_of(Resource what) {
    switch (what) {
        case Resource::sessions:
            return "sessions";
        case Resource::running:
            return "running sessions";
        case Resource::cpu:
            return "processors";
        case Resource::memory:
            return "memory";
        case Resource::gpu:
            return "GPUs";
        case Resource::workspaces:
            return "workspaces";
        case Resource::storage:
            return "storage";
    }
    return {};
}

std::string amount_text(Resource what, std::int64_t amount) {
    if (what == Resource::cpu) return to_string(MilliCpu{amount});
    if (what == Resource::memory || what == Resource::storage) return to_string(Bytes{amount});
    return std::to_string(amount);
}

std::optional<std::int64_t> said_of(const Quota& quota, Resource what) {
    const auto number = [](const auto& limit) -> std::optional<std::int64_t> {
        if (!limit) return std::nullopt;
        if constexpr (std::is_integral_v<std::decay_t<decltype(*limit)>>)
            return *limit;
        else
            return limit->count;
    };
    switch (what) {
        case Resource::sessions:
            return number(quota.sessions);
        case Resource::running:
            return number(quota.running);
        case Resource::cpu:
            return number(quota.cpu);
        case Resource::memory:
            return number(quota.memory);
        case Resource::gpu:
            return number(quota.gpu);
        case Resource::workspaces:
            return number(quota.workspaces);
        case Resource::storage:
            return number(quota.storage);
    }
    return std::nullopt;
}

Limits limits(const Standing& standing) {
    Limits limits;
    for (const auto what : every_resource)
        if (auto limit = limit_of(standing, what)) limits.emplace(what, std::move(*limit));
    return limits;
}

Limits limits(const Group& group) {
    Limits limits;
    for (const auto what : every_resource)
        if (const auto said = said_of(group.quota, what))
            limits.emplace(what, Limit{*said, whose_group(group)});
    return limits;
}

std::string whose_tier(const Tier& tier) {
    return "tier " + tier.name;
}

std::string whose_group(const Group& group) {
    return "group " + group.name;
}

}  // namespace berth::plan
