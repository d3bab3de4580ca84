#pragma once

#include "acts/sweep.hpp"
#include "api/people_views.hpp"
#include "api/secret_views.hpp"
#include "model/event.hpp"
#include "model/session.hpp"
#include "model/workload.hpp"

/// What travels in replies, member for member: a name here is a key in JSON and a schema in openapi.json.
///
/// An optional member is left out when there is nothing to say; every other one is always there.
namespace berth::api::view {

/// One page of a list; its schema is called `<item>List`.
template <class T>
struct List {
    std::vector<T> items;
    std::int64_t total = 0;           ///< Things that match, on all pages.
    std::optional<std::string> next;  ///< `cursor` of the next page.
    BOOST_DESCRIBE_CLASS(List, (), (items, total, next), (), ())
};

/// A user, as things name whose they are.
struct Person {
    UserId id;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(Person, (), (id, name))

/// A workspace, as a session names it.
struct WorkspaceName {
    WorkspaceId id;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(WorkspaceName, (), (id, name))

/// One way in, with the address to open.
struct SessionAccess {
    std::string name;
    AccessKind kind = AccessKind::web;
    std::string url;
    bool default_ = false;
};
BOOST_DESCRIBE_STRUCT(SessionAccess, (), (name, kind, url, default_))

/// When a person was last active, and how that was seen.
struct LastActive {
    Time at{};
    std::string source;
};
BOOST_DESCRIBE_STRUCT(LastActive, (), (at, source))

/// What ends the present run of a session unless something happens before.
struct StopsAt {
    Time at{};
    State what = State::hibernated;  ///< What it is then.
    StopReason reason = StopReason::idle;
    std::string why;  ///< For people: `30m without activity, the limit of the template`.
    Duration after{};
    std::string whose;    ///< Of whom the limit is.
    bool warned = false;  ///< So near that people were told.
};
BOOST_DESCRIBE_STRUCT(StopsAt, (), (at, what, reason, why, after, whose, warned))

/// What something inside of a session said of itself.
struct Lease {
    Time until{};
    std::string what;
};
BOOST_DESCRIBE_STRUCT(Lease, (), (until, what))

enum class StepName { admitted, scheduled, pulled, initialized, started, ready, routed };
BOOST_DESCRIBE_ENUM(StepName, admitted, scheduled, pulled, initialized, started, ready, routed)

enum class StepState { done, active, waiting, failed };
BOOST_DESCRIBE_ENUM(StepState, done, active, waiting, failed)

/// One step of a start.
struct Step {
    StepName name = StepName::admitted;
    StepState state = StepState::waiting;
    std::optional<double> seconds;  ///< Since the ask, once done: the same number as in `timings`.
    std::optional<std::string> message;
};
BOOST_DESCRIBE_STRUCT(Step, (), (name, state, seconds, message))

/// How one component is.
struct ComponentStatus {
    std::string name;
    ComponentPhase phase = ComponentPhase::waiting;
    std::string message;
    int restarts = 0;
};
BOOST_DESCRIBE_STRUCT(ComponentStatus, (), (name, phase, message, restarts))

/// What is, never the wish.
struct SessionStatus {
    Phase phase = Phase::pending;
    std::string reason;
    std::string message;
    std::vector<ComponentStatus> components;
    std::vector<Condition> conditions;
    std::optional<Time> started_at;
    Timings timings;
    std::vector<Step> steps;  ///< In order; `initialized` only where there are init steps.
    std::vector<std::string> last_log;
    int incarnation = 0;
    bool freezable = false;  ///< Its engine can keep its memory and give it no processor.
};
BOOST_DESCRIBE_STRUCT(SessionStatus, (),
                      (phase, reason, message, components, conditions, started_at, timings, steps, last_log,
                       incarnation, freezable))

/// A session as pages and programs show it.
struct Session {
    SessionId id;
    std::string name;
    std::string template_;
    std::string template_name;  ///< What people call the template.
    std::string icon;
    int revision = 1;
    Person user;
    std::optional<WorkspaceName> workspace;
    std::string engine;
    State state = State::running;
    Time created_at{};
    std::optional<std::string> url;  ///< Of the default access, once it has been reachable.
    std::vector<SessionAccess> access;
    std::optional<LastActive> last_active;
    std::optional<Lease> lease;
    std::optional<StopsAt> stops_at;  ///< What people wait for: of one that runs and has a limit.
    std::vector<StopsAt> ladder;      ///< All that lies ahead of it, the nearest first.
    SessionStatus status;
};
BOOST_DESCRIBE_STRUCT(Session, (),
                      (id, name, template_, template_name, icon, revision, user, workspace, engine, state,
                       created_at, url, access, last_active, lease, stops_at, ladder, status))

/// What the components may take together.
struct UsageLimits {
    MilliCpu cpu;
    Bytes memory;
};
BOOST_DESCRIBE_STRUCT(UsageLimits, (), (cpu, memory))

/// What a session takes now.
struct Usage {
    MilliCpu cpu;
    Bytes memory;
    Bytes storage;
    UsageLimits limits;
};
BOOST_DESCRIBE_STRUCT(Usage, (), (cpu, memory, storage, limits))

/// The worst of a template's images: what the catalog shows while it is fetched.
struct TemplateImage {
    ImageState state = ImageState::unknown;
    std::string message;
    std::optional<double> progress;  ///< 0 to 1, when the engine knows.
};
BOOST_DESCRIBE_STRUCT(TemplateImage, (), (state, message, progress))

/// A template at its newest revision.
struct Template {
    std::string name;
    int revision = 1;
    std::string display_name;
    std::string description;
    std::string category;
    std::string icon;
    std::vector<std::string> tags;
    std::optional<UserId> owner;  ///< Set for a private template.
    Time created_at{};
    Time updated_at{};
    TemplateSpec spec;
    TemplateImage image;
};
BOOST_DESCRIBE_STRUCT(Template, (),
                      (name, revision, display_name, description, category, icon, tags, owner, created_at,
                       updated_at, spec, image))

/// One revision of a template.
struct Revision {
    std::string name;
    int revision = 1;
    Time created_at{};
    TemplateSpec spec;
    std::map<std::string, std::string> digests;  ///< Image to what it was when it was first there.
};
BOOST_DESCRIBE_STRUCT(Revision, (), (name, revision, created_at, spec, digests))

/// One thing that is wrong with a document.
struct FieldProblem {
    std::string path;  ///< Of the key, such as `components[0].image`; empty when it is the whole document.
    std::string message;
    std::string next;
};
BOOST_DESCRIBE_STRUCT(FieldProblem, (), (path, message, next))

/// What would become of a document.
struct DryRun {
    bool valid = false;
    std::optional<TemplateSpec> spec;
    std::vector<FieldProblem> problems;
};
BOOST_DESCRIBE_STRUCT(DryRun, (), (valid, spec, problems))

/// A session that holds a workspace.
struct WorkspaceSession {
    SessionId id;
    std::string name;
    Phase phase = Phase::pending;
};
BOOST_DESCRIBE_STRUCT(WorkspaceSession, (), (id, name, phase))

/// One volume of a workspace.
struct WorkspaceVolume {
    std::string name;
    Bytes size;
};
BOOST_DESCRIBE_STRUCT(WorkspaceVolume, (), (name, size))

/// A workspace with what it is made of and who holds it.
struct Workspace {
    WorkspaceId id;
    std::string name;
    std::string template_;
    Person user;
    Time created_at{};
    std::optional<Time> last_used_at;
    std::vector<WorkspaceSession> sessions;
    std::vector<WorkspaceVolume> volumes;
};
BOOST_DESCRIBE_STRUCT(Workspace, (), (id, name, template_, user, created_at, last_used_at, sessions, volumes))

/// One change, as clients may know it.
struct Event {
    std::int64_t sequence = 0;
    Time at{};
    EventClass class_ = EventClass::state;
    std::string actor;
    std::string kind;
    std::string subject_kind;
    std::string subject;
    json::object data;
};
BOOST_DESCRIBE_STRUCT(Event, (), (sequence, at, class_, actor, kind, subject_kind, subject, data))

/// Why a session is as it is, and what comes next.
struct Why {
    Session session;
    std::string sentence;  ///< The answer in one sentence.
    std::vector<StayLimit> limits;
    Duration warn_before{};
    Duration grace{};
    Time known_until{};                ///< What people did is known up to here.
    std::vector<Event> history;        ///< What was decided about it and by whom, newest first.
    std::vector<Uncounted> uncounted;  ///< What was seen of it and is no use, latest first.
};
BOOST_DESCRIBE_STRUCT(Why, (),
                      (session, sentence, limits, warn_before, grace, known_until, history, uncounted))

/// Where sessions run, and whether it answers.
struct Engine {
    std::string name;
    bool up = false;
    std::string message;  ///< Why it is not up.
};
BOOST_DESCRIBE_STRUCT(Engine, (), (name, up, message))

/// One thing that was tried.
struct Check {
    std::string engine;
    std::string name;
    bool passed = false;
    std::string message;
    std::string fix;
};
BOOST_DESCRIBE_STRUCT(Check, (), (engine, name, passed, message, fix))

/// All that was tried.
struct Checks {
    std::vector<Check> checks;
};
BOOST_DESCRIBE_STRUCT(Checks, (), (checks))

/// What does not belong in engines and rows, as it is now, and what became of the last sweep.
struct Sweep {
    std::vector<plan::Finding> findings;
    std::vector<Engine> away;  ///< Engines that could not be looked at.
    bool asked = false;        ///< A sweep was asked for and has not been done yet.
    std::optional<acts::SweepReport> last;
};
BOOST_DESCRIBE_STRUCT(Sweep, (), (findings, away, asked, last))

/// How the process is.
struct Health {
    std::string status;  ///< `ok`, or what is missing.
};
BOOST_DESCRIBE_STRUCT(Health, (), (status))

/// Which program this is.
struct Version {
    std::string version;
};
BOOST_DESCRIBE_STRUCT(Version, (), (version))

/// RFC 9457. `detail` says what happened and why, `next` what to do now.
struct Problem {
    std::string type = "about:blank";
    std::string title;
    int status = 500;
    std::string code;
    std::string detail;
    std::optional<std::string> next;
    std::string request_id;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (type, title, status, code, detail, next, request_id))

}  // namespace berth::api::view
