#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/session.hpp"
#include "model/workload.hpp"

/// What does not belong: rows and an engine, held against each other. Pure.
namespace berth::plan {

/// What one engine has, and what the rows know of it.
struct SweepFacts {
    std::string engine;
    std::vector<Thing> things;
    std::map<SessionId, Session> sessions;  ///< Of the things' workloads, and all whose row says running.
    std::vector<Volume> volumes;            ///< All of the engine.
};

/// What is wrong with it.
enum class Matter {
    orphan,          ///< There, and no session has it.
    leftover,        ///< There, and its session is to have nothing.
    phantom,         ///< A session's row says running, and nothing of it is there.
    unowned_volume,  ///< A volume of ours that no row knows.
    lost_volume,     ///< A row's volume that is not there.
    foreign,         ///< Not ours, under a name that we would give.
    stuck,           ///< Is being removed, and does not go.
};
BOOST_DESCRIBE_ENUM(Matter, orphan, leftover, phantom, unowned_volume, lost_volume, foreign, stuck)

/// What a sweep does about it.
enum class Remedy {
    remove,
    start,   ///< The session is looked at, and started again as its template says.
    report,  ///< Nothing: only a person can know.
};
BOOST_DESCRIBE_ENUM(Remedy, remove, start, report)

struct Finding {
    std::string engine;
    Matter matter = Matter::orphan;
    Remedy remedy = Remedy::report;
    std::string kind;  ///< As the engine calls it; `session` for a row.
    std::string name;
    SessionId session;  ///< The one to look at; empty: none.
    std::string why;    ///< To show.
    bool operator==(const Finding&) const = default;
};
BOOST_DESCRIBE_STRUCT(Finding, (), (engine, matter, remedy, kind, name, session, why))

/// In the order of the things, then of the rows. Nothing that is not ours is to be touched, and no volume.
std::vector<Finding> judge(const SweepFacts& facts, Time now);

/// Whether nobody wants what is there of a workload: its session has no row, or is gone.
bool is_orphan(const std::optional<Session>& session);

}  // namespace berth::plan
