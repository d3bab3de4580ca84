#include "cli/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/views.hpp"

namespace berth::cli {
namespace {

constexpr int bar_width = 10;

struct Flag {
    const char *name, *key, *help, *type;
};

constexpr Flag flags[] = {
    {"--sessions", "sessions", "Sessions that exist, also stopped ones", "N"},
    {"--running", "running", "Sessions that run at once", "N"},
    {"--cpu", "cpu", "Processors of all that run", "AMOUNT"},
    {"--memory", "memory", "Memory of all that run", "AMOUNT"},
    {"--gpu", "gpu", "GPUs of all that run", "N"},
    {"--workspaces", "workspaces", "Workspaces that exist", "N"},
    {"--storage", "storage", "Size of all volumes", "AMOUNT"},
    {"--freeze-after", "freezeAfter",
     "The longest that a session may be idle before it freezes: 10m; 0s: never", "DURATION"},
    {"--hibernate-after", "hibernateAfter", "The longest that a session may be idle: 30m; 0s is for ever",
     "DURATION"},
    {"--max-lifetime", "maxLifetime", "The longest that a session may run at a stretch: 8h; 0s is for ever",
     "DURATION"},
};

/// What travels as a number; amounts are text.
bool is_count(std::string_view key) {
    return key == "sessions" || key == "running" || key == "gpu" || key == "workspaces";
}

}  // namespace

void add_limit_flags(CLI::App& verb, LimitFlags& said, std::string_view unset) {
    for (const auto& flag : flags)
        verb.add_option(flag.name, said[flag.key], fmt::format("{}; {} takes it away", flag.help, unset))
            ->type_name(flag.type);
}

json::object limits_said(const LimitFlags& said, std::string_view unset) {
    json::object body;
    for (const auto& [key, amount] : said) {
        if (amount.empty()) continue;
        const bool number = amount.find_first_not_of("0123456789") == std::string::npos && amount.size() < 10;
        if (amount == unset)
            body.emplace(key, nullptr);
        else if (is_count(key) && number)
            body.emplace(key, std::stoi(amount));
        else
            body.emplace(key, amount);
    }
    return body;
}

json::value quota_of(const json::value& holder) {
    const auto* entries = holder.if_object();
    const auto* found = entries == nullptr ? nullptr : entries->if_contains("quota");
    return found == nullptr ? json::value(json::object()) : *found;
}

json::object changed_quota(const json::value& holder, const json::object& changes) {
    auto quota = quota_of(holder).as_object();
    for (const auto& limit : changes) {
        if (limit.value().is_null())
            quota.erase(limit.key());
        else
            quota[limit.key()] = limit.value();
    }
    return quota;
}

std::string limits_line(const json::value& quota) {
    std::string line;
    const auto* limits = quota.if_object();
    if (limits == nullptr) return line;
    for (const auto& limit : *limits)
        line += fmt::format("{}{} {}", line.empty() ? "" : " · ", std::string(limit.key()),
                            amount_text(limit.value()));
    return line;
}

std::string use_text(const std::optional<double>& part, std::string_view used, std::string_view limit) {
    if (!part) return std::string(used);
    const auto full = std::clamp(static_cast<int>(std::lround(*part * bar_width)), 0, bar_width);
    std::string bar;
    for (int i = 0; i < bar_width; ++i) bar += i < full ? "█" : "░";
    return fmt::format("{} {} of {}", bar, used, limit);
}

}  // namespace berth::cli
