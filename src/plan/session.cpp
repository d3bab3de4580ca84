#include "plan/session.hpp"

#include <algorithm>

#include "plan/rest.hpp"
#include "plan/start.hpp"
#include "plan/workload.hpp"

namespace berth::plan {
namespace {

/// Whether what runs goes on running.
void decide_stay(const Facts& facts, Time now, Wanted& wanted) {
    wanted.stay = judge_stay(facts.session, wanted.status, facts.stay, facts.known, now);
    if (const auto at = wanted.stay.look_at) wanted.look_at = std::min(wanted.look_at.value_or(*at), *at);
}

}  // namespace

Wanted decide(const Facts& facts, const Observed& have, Time now) {
    Wanted wanted{.status = facts.session.status, .init_done = ended_well(facts, have)};
    const auto state = desired(facts.session.asks);
    const bool lives = state == State::running || state == State::frozen;
    if (lives && wanted.status.incarnation != facts.session.incarnation)
        wanted.status = SessionStatus{.incarnation = facts.session.incarnation};
    if (facts.session.queued_at) {
        decide_queued(facts, have, now, wanted);
        return wanted;
    }
    switch (state) {
        case State::running:
        case State::frozen:
            decide_start(facts, have, now, wanted);
            decide_stay(facts, now, wanted);
            break;
        case State::hibernated:
            decide_stop(facts, have, now, Phase::stopping, Phase::hibernated, wanted);
            break;
        case State::terminated:
            decide_stop(facts, have, now, Phase::terminating, Phase::gone, wanted);
            break;
    }
    return wanted;
}

}  // namespace berth::plan
