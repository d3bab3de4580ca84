#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/session.hpp"
#include "model/workload.hpp"
#include "plan/lifecycle.hpp"

/// What to do about one session, given what is wanted, what is there, and the time. Pure.
namespace berth::plan {

/// What a session may have of what its user keeps secret: that it is there and which it is, never what.
struct Granted {
    std::map<std::string, std::string> secrets;  ///< Name to version.
    std::optional<std::string> files;            ///< Their version; set also when there are none.
    std::vector<std::string> withheld;           ///< There and wanted, and its user has not agreed.
    std::vector<std::string> missing;            ///< Required, and not there or not agreed to.
};

/// All that a decision about one session depends on, besides what is there and the time.
struct Facts {
    Session session;
    TemplateRevision revision;
    std::string user_name;
    std::vector<Volume> volumes;  ///< Those that the template's volumes stand for, by name.
    std::string url;              ///< `http://name-random.localhost:8080`.
    Allowance allowance;          ///< Of its user.
    StayRules stay;               ///< How long it may stay as it is.
    Knowledge known;              ///< Of what people did.
    Granted granted;
};

/// An init step that has ended well: what its volume's row is to say from now on.
struct InitDone {
    std::string volume;       ///< Handle.
    int before = 0;           ///< What the row said when this was decided.
    std::optional<int> done;  ///< See `Volume::init_done`.
    bool operator==(const InitDone&) const = default;
};

struct Wanted {
    Workload workload;
    SessionStatus status;  ///< Present reality, never the wish.
    std::optional<InitDone> init_done;
    StayDecision stay;            ///< Of a session that runs: whether it goes on.
    std::optional<Time> look_at;  ///< When to look again though nothing moved; absent: settled.
};

/// Asks nothing, remembers nothing: the same arguments give the same answer.
Wanted decide(const Facts& facts, const Observed& have, Time now);

/// The images of what is to start and is not there: those that `decide` wants to know the state of.
std::vector<std::string> images_to_start(const Facts& facts, const Observed& have);

/// How many times a component that was ready is started again before its next quick end fails the session.
inline constexpr int restarts_max = 5;

/// The pause before restart number `restarts` + 1: 1 s, doubled each time, at most 30 s.
Duration restart_pause(int restarts);

/// The status after the engine refused what was decided. A refusal that another try cannot mend fails a
/// session that starts; one that runs goes on. The others are named in `message` and tried again.
SessionStatus after_failure(SessionStatus status, const Error& error, const Session& session);

/// How an exit of `what` reads: `"web" ended with status 3`, `"web" ran out of memory (limit 512Mi)`.
std::string exit_message(const ObservedComponent& there, const WorkloadComponent& component,
                         const std::string& what);

/// The hosts of a session, without ports: its own, and one `ACCESS--` it for each way in, at most
/// `hosts_max`.
std::vector<std::string> hosts_of(const Facts& facts);
inline constexpr std::size_t hosts_max = 16;  ///< What an HTTPRoute may have.

/// The identity of a session's workload: the same text.
WorkloadId workload_of(const SessionId& id);
SessionId session_of(const WorkloadId& id);

}  // namespace berth::plan
