#include "gateway/use.hpp"

#include "plan/uncounted.hpp"

namespace berth::gateway {
namespace {

/// The entry of the template that a path is at or below.
const std::string* find_ignored(const Way& way, std::string_view target) {
    if (!way.activity) return nullptr;
    const auto path = target.substr(0, target.find('?'));
    for (const auto& entry : way.activity->ignore) {
        if (!path.starts_with(entry)) continue;
        const auto rest = path.substr(entry.size());
        if (rest.empty() || rest.front() == '/' || entry.ends_with('/')) return &entry;
    }
    return nullptr;
}

}  // namespace

Use use_of(const net::RequestHead& head, const Way& way) {
    if (find_ignored(way, head.path) != nullptr) return Use::ignored;
    return way.activity && way.activity->probe ? Use::probed : Use::counts;
}

Uncounted uncounted_of(const net::RequestHead& head, const Way& way) {
    const auto* entry = find_ignored(way, head.path);
    if (entry == nullptr) return plan::passed_by(way.name);
    return {.what = "requests at " + *entry, .why = "the template says that nobody makes them"};
}

}  // namespace berth::gateway
