#include "plan/admit.hpp"

#include <fmt/format.h>

namespace berth::plan {
namespace {

using Kind = Account::Kind;

/// `your limit of processors is 8 (tier free)`, `the limit of processors of group physics is 16`.
std::string limit_text(const Shortage& shortage) {
    const auto most = amount_text(shortage.what, shortage.limit.most);
    const auto word = word_of(shortage.what);
    switch (shortage.kind) {
        case Kind::user:
            return fmt::format("your limit of {} is {} ({})", word, most, shortage.limit.whose);
        case Kind::group:
            return fmt::format("the limit of {} of {} is {}", word, shortage.limit.whose, most);
        case Kind::engine:
            return fmt::format("the limit of {} of {} is {}", word, shortage.limit.whose, most);
    }
    return {};
}

std::string use_text(const Shortage& shortage) {
    const auto used = amount_text(shortage.what, shortage.used);
    const auto wanted = amount_text(shortage.what, shortage.wanted);
    const bool own = shortage.kind == Kind::user;
    switch (shortage.what) {
        case Resource::sessions:
        case Resource::workspaces:
            return fmt::format("{} {}", own ? "you have" : "there are", used);
        case Resource::running:
            return used + " run";
        case Resource::storage:
            return fmt::format("{} are in use; this needs {} more", used, wanted);
        default:
            return fmt::format("{} are in use; this session needs {}", used, wanted);
    }
}

/// The first few: `"a", "b"`.
std::string list_names(std::span<const std::string> names) {
    std::string list;
    for (const auto& name : names.first(std::min<std::size_t>(names.size(), 3)))
        list += (list.empty() ? "" : ", ") + quoted(name);
    return list;
}

std::string way_out(const Shortage& shortage, std::span<const std::string> running) {
    const std::string ask = "ask an administrator for a higher limit";
    if (shortage.hopeless()) return ask;
    const bool own = shortage.kind == Kind::user;
    switch (shortage.what) {
        case Resource::sessions:
            return "delete a session that is not needed any more";
        case Resource::workspaces:
        case Resource::storage:
            return "delete a workspace that is not needed any more";
        default:
            break;
    }
    if (running.empty()) return own ? ask : "try again when another session has ended";
    return "hibernate or delete one of " + list_names(running) +
           (own ? "" : ", or try again when another session has ended");
}

}  // namespace

Amounts demand(const TemplateSpec& spec) {
    Amounts sum;
    sum[Resource::running] = 1;
    for (const auto& component : spec.components) {
        sum[Resource::cpu] += component.resources.cpu.count;
        sum[Resource::memory] += component.resources.memory.count;
        sum[Resource::gpu] += component.resources.gpu.value_or(0);
    }
    return sum;
}

std::optional<Shortage> shortage(std::span<const Account> accounts, const Amounts& wanted) {
    for (const auto what : every_resource) {
        if (wanted[what] == 0) continue;
        for (const auto& account : accounts) {
            const auto limit = account.limits.find(what);
            if (limit == account.limits.end() || account.used[what] + wanted[what] <= limit->second.most)
                continue;
            return Shortage{.kind = account.kind,
                            .name = account.name,
                            .what = what,
                            .limit = limit->second,
                            .used = account.used[what],
                            .wanted = wanted[what]};
        }
    }
    return std::nullopt;
}

Error refusal(const Shortage& shortage, std::span<const std::string> running) {
    return Error(berth::Kind::too_many, "quota_exceeded",
                 fmt::format("{}, and {}", limit_text(shortage), use_text(shortage)),
                 way_out(shortage, running));
}

std::string cause_of(const Shortage& shortage) {
    const auto most = amount_text(shortage.what, shortage.limit.most);
    const auto whose = shortage.kind == Kind::user
                           ? fmt::format("your limit of {} ({})", most, shortage.limit.whose)
                           : fmt::format("the limit of {} of {}", most, shortage.limit.whose);
    if (shortage.hopeless())
        return fmt::format("{}: it needs {}, more than {}", word_of(shortage.what),
                           amount_text(shortage.what, shortage.wanted), whose);
    return fmt::format("{}: {} is in use", word_of(shortage.what), whose);
}

}  // namespace berth::plan
