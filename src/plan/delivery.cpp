#include "plan/delivery.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.hpp"

namespace berth::plan {
namespace {

std::string words_of(const SecretRef& ref) {
    return ref.as == SecretAs::user_files ? "your files" : "secret " + quoted(ref.name);
}

bool has(const std::vector<SecretRef>& refs, const SecretRef& ref) {
    return std::ranges::any_of(refs, [&](const SecretRef& one) {
        return one.as == ref.as && one.target == ref.target && one.name == ref.name &&
               one.version == ref.version;
    });
}

}  // namespace

ContainerState progress_of(const ObservedComponent& there) {
    return there.waiting ? ContainerState::created : there.state;
}

void note_stale(const WorkloadComponent& wanted, const ObservedComponent& there,
                std::set<std::string>& stale) {
    // What is frozen cannot be asked.
    if (there.state != ContainerState::running) return;
    const auto delivered = there.delivered.value_or(std::vector<SecretRef>());
    for (const auto& ref : wanted.secrets)
        if (!has(delivered, ref) && !(there.delivered && follows_changes(ref))) stale.insert(words_of(ref));
    for (const auto& ref : delivered)
        if (!has(wanted.secrets, ref) && !follows_changes(ref)) stale.insert(words_of(ref));
}

Condition restart_needed(const std::set<std::string>& stale) {
    return {.type = "RestartNeeded",
            .message = fmt::format("it started before {} changed", fmt::join(stale, ", "))};
}

}  // namespace berth::plan
