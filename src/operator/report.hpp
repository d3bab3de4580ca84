#pragma once

#include <map>
#include <optional>
#include <string>

#include "plan/session.hpp"
#include "store/store.hpp"

namespace berth::control {

/// Who the loop's own events name.
inline constexpr std::string_view loop_actor = "berth";

/// What a look found, as it goes into the rows.
struct Report {
    plan::Facts facts;  ///< What the look was based on.
    SessionStatus status;
    std::optional<Time> look_at;
    std::map<std::string, std::string> digests;  ///< Images that are fixed from now on.
    std::optional<plan::InitDone> init_done;
    plan::StayDecision stay;
    Time now{};

    bool changes_anything() const;
};

/// Writes status, time of the next look and digests, and appends the events that follow from the change.
/// False, with nothing written, when the asks have moved on since the look began: what was decided is old
/// then.
bool write_report(store::Tx& tx, const Report& report);

}  // namespace berth::control
