#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/template.hpp"
#include "model/user.hpp"
#include "model/workspace.hpp"

namespace berth {

struct SessionNoun {};
using SessionId = Id<SessionNoun>;

/// What the user wants. Derived from the asks, never stored beside them.
enum class State { running, frozen, hibernated, terminated };
BOOST_DESCRIBE_ENUM(State, running, frozen, hibernated, terminated)

/// What is. The words of the product, in the order of a life.
enum class Phase { pending, starting, running, frozen, stopping, hibernated, failed, terminating, gone };
BOOST_DESCRIBE_ENUM(Phase, pending, starting, running, frozen, stopping, hibernated, failed, terminating,
                    gone)

enum class ComponentPhase { waiting, pulling, starting, running, ready, exited, stopping, stopped };
BOOST_DESCRIBE_ENUM(ComponentPhase, waiting, pulling, starting, running, ready, exited, stopping, stopped)

struct ComponentStatus {
    std::string name;
    ComponentPhase phase = ComponentPhase::waiting;
    std::string message;
    int restarts = 0;  ///< Since the last start of the session.
    std::optional<Time> restarted_at;
    bool operator==(const ComponentStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(ComponentStatus, (), (name, phase, message, restarts, restarted_at))

struct Condition {
    std::string type;  ///< CamelCase, for example EgressNotEnforced.
    bool status = true;
    std::string message;
    bool operator==(const Condition&) const = default;
};
BOOST_DESCRIBE_STRUCT(Condition, (), (type, status, message))

/// Seconds from the ask (launch, wake, restart) until each step was done; absent: not yet.
struct Timings {
    std::optional<double> admitted;
    std::optional<double> scheduled;
    std::optional<double> pulled;
    std::optional<double> initialized;  ///< Only of a start that had init steps to run.
    std::optional<double> started;
    std::optional<double> ready;
    std::optional<double> routed;
    bool operator==(const Timings&) const = default;
};
BOOST_DESCRIBE_STRUCT(Timings, (), (admitted, scheduled, pulled, initialized, started, ready, routed))

/// The init steps of one start.
struct InitProgress {
    int steps = 0;
    int done = 0;
    bool operator==(const InitProgress&) const = default;
};
BOOST_DESCRIBE_STRUCT(InitProgress, (), (steps, done))

struct SessionStatus {
    Phase phase = Phase::pending;
    std::string reason;   ///< CamelCase for programs: ImageNotFound, Exited, OutOfMemory, StartTimeout…
    std::string message;  ///< For people, in the engine's own words.
    std::vector<ComponentStatus> components;
    std::vector<Condition> conditions;
    std::optional<Time> started_at;
    Timings timings;
    std::optional<InitProgress> init;   ///< Absent: this start had none to run.
    std::vector<std::string> last_log;  ///< Last lines of the component that failed.
    int incarnation = 0;                ///< The start that this status speaks of.
    bool freezable = false;             ///< Its engine can keep its memory and give it no processor.
    bool operator==(const SessionStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(SessionStatus, (),
                      (phase, reason, message, components, conditions, started_at, timings, init, last_log,
                       incarnation, freezable))

/// Dated asks; the latest wins, and a terminate is final.
struct Asks {
    std::optional<Time> wake;    ///< Launch counts as the first wake.
    std::optional<Time> freeze;  ///< Of what runs.
    std::optional<Time> hibernate;
    std::optional<Time> terminate;
    bool operator==(const Asks&) const = default;
};
BOOST_DESCRIBE_STRUCT(Asks, (), (wake, freeze, hibernate, terminate))

/// Why a session was asked to freeze or hibernate, and why one that runs is going to be.
enum class StopReason {
    asked,     ///< A person or program asked for it.
    idle,      ///< Nobody used it for as long as a limit says.
    lifetime,  ///< It ran for as long as a limit says.
};
BOOST_DESCRIBE_ENUM(StopReason, asked, idle, lifetime)

/// What a launch sets beside the limits of the template and the quota; the strictest counts.
struct StayLimits {
    std::optional<Duration> freeze_after;
    std::optional<Duration> hibernate_after;
    std::optional<Duration> max_lifetime;
    bool operator==(const StayLimits&) const = default;
};
BOOST_DESCRIBE_STRUCT(StayLimits, (), (freeze_after, hibernate_after, max_lifetime))

/// Something that was seen of a session and is no use of it: `/api/poll`, `probe: HTTP 500`.
struct Uncounted {
    std::string what;
    std::string why;
    std::int64_t times = 0;
    Time last_at{};
    bool operator==(const Uncounted&) const = default;
};
BOOST_DESCRIBE_STRUCT(Uncounted, (), (what, why, times, last_at))

/// How long a session stays: what the loop, the gateways and people remember of that.
struct Stay {
    StayLimits limits;                 ///< Of the launch.
    std::optional<Time> leased_until;  ///< Something in it works until then, as it said itself.
    std::string lease;                 ///< What works.
    std::optional<Time> warned_at;     ///< People were told of the next stop.
    StopReason warned_of = StopReason::idle;
    StopReason stopped_by = StopReason::asked;  ///< Of the latest ask to freeze or hibernate.
    std::string stopped_because;                ///< For people; empty: somebody asked for it.
    std::vector<Uncounted> uncounted;           ///< The latest few, of this start.
    bool operator==(const Stay&) const = default;
};
BOOST_DESCRIBE_STRUCT(Stay, (),
                      (limits, leased_until, lease, warned_at, warned_of, stopped_by, stopped_because,
                       uncounted))

/// One user's running, frozen, hibernated or failed instance of a template revision.
struct Session {
    SessionId id;
    UserId user;
    std::string name;  ///< Unique among the user's sessions that are not gone.
    std::string host;  ///< First label of its own host: `name-random`, never reused.
    std::string template_;
    int revision = 1;
    std::optional<WorkspaceId> workspace;
    std::string engine;
    Asks asks;
    int incarnation = 1;  ///< One more at each start: launch, wake and restart.
    Time asked_at{};      ///< When this incarnation was asked for; timings count from here.
    SessionStatus status;
    std::optional<Time> look_at;  ///< When the loop wants to look again; absent: settled.
    Time created_at{};
    std::optional<Time> last_active_at;
    std::string last_active_source;
    Stay stay;
    std::optional<Time> queued_at;  ///< It waits since then for room to run; absent: it was let in.
    bool operator==(const Session&) const = default;
};
BOOST_DESCRIBE_STRUCT(Session, (),
                      (id, user, name, host, template_, revision, workspace, engine, asks, incarnation,
                       asked_at, status, look_at, created_at, last_active_at, last_active_source, stay,
                       queued_at))

/// The state that the asks amount to.
State desired(const Asks& asks);

/// Whether its present start has failed. A start that was asked for since is not judged by the last one's
/// failure.
bool has_failed(const Session& session);

/// Whether it has, or is about to have, its containers, also frozen ones: what counts against its user's
/// quota. What waits for room has none.
bool takes_part(const Session& session);

}  // namespace berth
