#include "model/workload.hpp"

#include <algorithm>

namespace berth {

bool follows_changes(const SecretRef& ref) {
    return ref.live && ref.as != SecretAs::env;
}

LiveChanges live_changes(const std::vector<SecretRef>& wanted, const std::vector<SecretRef>& delivered) {
    LiveChanges changes;
    for (const auto& ref : wanted)
        if (follows_changes(ref) && std::ranges::find(delivered, ref) == delivered.end())
            changes.write.push_back(ref);
    for (const auto& ref : delivered)
        if (follows_changes(ref) && std::ranges::find(wanted, ref.target, &SecretRef::target) == wanted.end())
            changes.remove.push_back(ref);
    return changes;
}

bool wants_delivery(const WorkloadComponent& component) {
    return !component.files.empty() || !component.secrets.empty();
}

}  // namespace berth
