#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"

/// What the REST API answers, as far as the command line shows it. States and phases stay words: a newer
/// server may know more of them.
namespace berth::cli {

struct NamedRef {
    std::string id, name;
};
BOOST_DESCRIBE_STRUCT(NamedRef, (), (id, name))

struct AccessView {
    std::string name, kind, url;
    bool default_ = false;
};
BOOST_DESCRIBE_STRUCT(AccessView, (), (name, kind, url, default_))

struct LastActive {
    Time at{};
    std::string source;
};
BOOST_DESCRIBE_STRUCT(LastActive, (), (at, source))

struct ComponentView {
    std::string name, phase, message;
    int restarts = 0;
};
BOOST_DESCRIBE_STRUCT(ComponentView, (), (name, phase, message, restarts))

/// One of the six steps of a start; `seconds` count from the ask.
struct StepView {
    std::string name;
    std::string state;  ///< done, active, waiting, failed
    std::optional<double> seconds;
    std::optional<std::string> message;
};
BOOST_DESCRIBE_STRUCT(StepView, (), (name, state, seconds, message))

struct ConditionView {
    std::string type;
    bool status = true;
    std::string message;
};
BOOST_DESCRIBE_STRUCT(ConditionView, (), (type, status, message))

struct StatusView {
    std::string phase, reason, message;
    std::vector<ComponentView> components;
    std::vector<ConditionView> conditions;
    std::optional<Time> started_at;
    std::vector<StepView> steps;
    std::vector<std::string> last_log;
    int incarnation = 0;
};
BOOST_DESCRIBE_STRUCT(StatusView, (),
                      (phase, reason, message, components, conditions, started_at, steps, last_log,
                       incarnation))

struct LeaseView {
    Time until{};
    std::string what;
};
BOOST_DESCRIBE_STRUCT(LeaseView, (), (until, what))

struct StopsAtView {
    Time at{};
    std::string what, why;
    bool warned = false;
};
BOOST_DESCRIBE_STRUCT(StopsAtView, (), (at, what, why, warned))

struct SessionView {
    std::string id, name, template_;
    int revision = 0;
    NamedRef user;
    std::optional<NamedRef> workspace;
    std::string engine, state;
    Time created_at{};
    std::optional<std::string> url;
    std::vector<AccessView> access;
    std::optional<LastActive> last_active;
    std::optional<LeaseView> lease;
    std::optional<StopsAtView> stops_at;
    std::vector<StopsAtView> ladder;
    StatusView status;
};
BOOST_DESCRIBE_STRUCT(SessionView, (),
                      (id, name, template_, revision, user, workspace, engine, state, created_at, url, access,
                       last_active, lease, stops_at, ladder, status))

struct LimitView {
    std::string what, reason, whose;
    Duration after{};
};
BOOST_DESCRIBE_STRUCT(LimitView, (), (what, reason, whose, after))

struct UncountedView {
    std::string what, why;
    std::int64_t times = 0;
    Time last_at{};
};
BOOST_DESCRIBE_STRUCT(UncountedView, (), (what, why, times, last_at))

struct WhyView {
    SessionView session;
    std::string sentence;
    std::vector<LimitView> limits;
    Duration warn_before{}, grace{};
    std::vector<UncountedView> uncounted;
};
BOOST_DESCRIBE_STRUCT(WhyView, (), (session, sentence, limits, warn_before, grace, uncounted))

struct ImageView {
    std::string state, message;
    std::optional<double> progress;
};
BOOST_DESCRIBE_STRUCT(ImageView, (), (state, message, progress))

struct TemplateView {
    std::string name;
    int revision = 0;
    std::string display_name, description, category;
    std::optional<Time> updated_at;
    json::object spec;
    std::optional<ImageView> image;
};
BOOST_DESCRIBE_STRUCT(TemplateView, (),
                      (name, revision, display_name, description, category, updated_at, spec, image))

struct WorkspaceSession {
    std::string id, name, phase;
};
BOOST_DESCRIBE_STRUCT(WorkspaceSession, (), (id, name, phase))

struct WorkspaceVolume {
    std::string name;
    json::value size;
};
BOOST_DESCRIBE_STRUCT(WorkspaceVolume, (), (name, size))

struct WorkspaceView {
    std::string id, name, template_;
    NamedRef user;
    Time created_at{};
    std::optional<Time> last_used_at;
    std::vector<WorkspaceSession> sessions;
    std::vector<WorkspaceVolume> volumes;
};
BOOST_DESCRIBE_STRUCT(WorkspaceView, (),
                      (id, name, template_, user, created_at, last_used_at, sessions, volumes))

struct UserView {
    std::string id, name, display_name, role, tier;
    std::optional<std::string> email;
    bool active = true;
    std::optional<Time> last_login_at;
};
BOOST_DESCRIBE_STRUCT(UserView, (), (id, name, display_name, role, tier, email, active, last_login_at))

struct EventView {
    std::int64_t sequence = 0;
    Time at{};
    std::string actor, kind, subject_kind, subject;
};
BOOST_DESCRIBE_STRUCT(EventView, (), (sequence, at, actor, kind, subject_kind, subject))

/// Where the session is opened: its own address, else that of its default access; empty when it has none yet.
std::string open_url(const SessionView& session);

/// The text under `key` of an object; empty when there is none.
std::string text_at(const json::value& tree, std::string_view key);

/// A bare number or a quantity as text: `10Gi`, `5`.
std::string amount_text(const json::value& amount);

struct FindingView {
    std::string engine, matter, remedy, kind, name, session, why;
};
BOOST_DESCRIBE_STRUCT(FindingView, (), (engine, matter, remedy, kind, name, session, why))

struct AwayView {
    std::string name, message;
};
BOOST_DESCRIBE_STRUCT(AwayView, (), (name, message))

struct SweptView {
    std::vector<FindingView> acted;
    std::int64_t total = 0;
    std::vector<std::string> failed;
};
BOOST_DESCRIBE_STRUCT(SweptView, (), (acted, total, failed))

struct SweepView {
    std::vector<FindingView> findings;
    std::vector<AwayView> away;
    bool asked = false;
    std::optional<SweptView> last;
};
BOOST_DESCRIBE_STRUCT(SweepView, (), (findings, away, asked, last))

}  // namespace berth::cli
