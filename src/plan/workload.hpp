#pragma once

#include <string>
#include <utility>

#include "plan/session.hpp"
#include "plan/values.hpp"

/// What a session amounts to for an engine: its template with everything expanded. Pure.
namespace berth::plan {

/// What `${…}` stands for in that session.
Values values_of(const Facts& facts);

/// Nothing of the session: what of it runs is to end, in the time that its template gives it.
Workload empty_workload(const Facts& facts);

/// All of the session, whatever of it is to run now; its components carry no generation yet.
Workload full_workload(const Facts& facts, const Values& values);

/// An init step of a new volume that has not ended well yet.
struct NextStep {
    const Component* component;
    const Volume* volume;
    std::size_t number;  ///< Among the component's, from 1.
    int place;           ///< Among all that are for the volume, from 0.
    int of_volume;       ///< How many those are.
};

/// The first that is to run now, in the order of the components, and how many are left with it.
std::pair<std::optional<NextStep>, int> next_step(const Facts& facts);

/// The step as what runs in its component's place.
WorkloadComponent expand_step(const Facts& facts, const NextStep& next, const Values& values);

/// Why it must not start: a secret that it needs is not there (any more). Empty: it may.
std::string why_not_granted(const Facts& facts);
/// Says what it runs without, because its user has not agreed.
void note_withheld(const Facts& facts, std::vector<Condition>& conditions);

/// What to record of a step whose container has ended well, whichever start it was of, or of a workspace that
/// the revision has no step left for.
std::optional<InitDone> ended_well(const Facts& facts, const Observed& have);

/// Of what is there; nullptr: it is not.
const ObservedComponent* find_there(const Observed& have, const std::string& name);

/// `incarnation.restarts`.
std::string generation_of(int incarnation, int restarts);

}  // namespace berth::plan
