#include "plan/rest.hpp"

#include <string>

#include "plan/hosts.hpp"
#include "plan/workload.hpp"

namespace berth::plan {

void decide_stop(const Facts& facts, const Observed& have, Time now, Phase while_stopping, Phase when_stopped,
                 Wanted& wanted) {
    wanted.workload = empty_workload(facts);
    // What ended well is recorded before it is removed.
    wanted.workload.keep_exited = wanted.init_done.has_value();
    auto& status = wanted.status;
    const bool ends = when_stopped == Phase::gone;
    if (!ends) wanted.workload.hosts = kept_hosts(facts, have, wanted.status);
    const bool led = ends && have.hosts && !have.hosts->empty();
    const bool stopped = have.components.empty() && !have.network && !have.network_incomplete && !led;
    status.phase = stopped ? when_stopped : while_stopping;
    status.reason = ends ? std::string() : stop_word(facts.session.stay.stopped_by);
    status.message = ends ? std::string() : facts.session.stay.stopped_because;
    status.conditions = have.conditions;
    for (auto& component : status.components) {
        const bool there = find_there(have, component.name) != nullptr;
        component.phase = there ? ComponentPhase::stopping : ComponentPhase::stopped;
        component.message.clear();
    }
    if (!stopped) wanted.look_at = now + std::chrono::seconds(wanted.init_done ? 0 : 2);
}

void decide_queued(const Facts& facts, const Observed& have, Time now, Wanted& wanted) {
    const auto waiting = wanted.status;
    decide_stop(facts, have, now, Phase::pending, Phase::pending, wanted);
    wanted.status.reason = waiting.reason;
    wanted.status.message = waiting.message;
}

}  // namespace berth::plan
