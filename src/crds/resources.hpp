#pragma once

#include "model/session.hpp"

/// What stands in the custom resources besides the spec of a template, which is `TemplateSpec` itself.
///
/// `spec` is what people write and Berth reads; `status` is what Berth writes, whole, each time it differs.
namespace berth::crds {

/// Spelled as Kubernetes does.
enum class Truth { True, False, Unknown };
BOOST_DESCRIBE_ENUM(Truth, True, False, Unknown)

/// As `metav1.Condition` (https://kubernetes.io/docs/reference/using-api/api-concepts/).
struct Condition {
    std::string type;
    Truth status = Truth::Unknown;
    std::optional<std::int64_t> observed_generation;
    Time last_transition_time{};
    std::string reason;  ///< CamelCase, never empty.
    std::string message;
    bool operator==(const Condition&) const = default;
};
BOOST_DESCRIBE_STRUCT(Condition, (),
                      (type, status, observed_generation, last_transition_time, reason, message))

/// Whether Berth took the spec over, and why not: the condition that every kind has.
inline constexpr std::string_view accepted = "Accepted";

struct TemplateStatus {
    std::optional<int> revision;
    std::map<std::string, std::string> digests;
    std::optional<std::int64_t> observed_generation;
    std::vector<Condition> conditions;
    bool operator==(const TemplateStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(TemplateStatus, (), (revision, digests, observed_generation, conditions))

/// A launch, and what is asked of it since.
struct SessionSpec {
    std::string user;
    std::string template_;
    std::optional<int> revision;
    std::optional<std::string> name;
    std::optional<std::string> workspace;
    std::optional<State> state;
    bool operator==(const SessionSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(SessionSpec, (), (user, template_, revision, name, workspace, state))

struct SessionAccess {
    std::string name;
    AccessKind kind = AccessKind::web;
    std::string url;
    bool default_ = false;
    bool operator==(const SessionAccess&) const = default;
};
BOOST_DESCRIBE_STRUCT(SessionAccess, (), (name, kind, url, default_))

struct LastActivity {
    Time at{};
    std::string source;
    bool operator==(const LastActivity&) const = default;
};
BOOST_DESCRIBE_STRUCT(LastActivity, (), (at, source))

struct WorkspaceName {
    std::string id;
    std::string name;
    bool operator==(const WorkspaceName&) const = default;
};
BOOST_DESCRIBE_STRUCT(WorkspaceName, (), (id, name))

struct SessionStatus {
    std::optional<std::string> id;
    std::optional<State> state;
    std::optional<Phase> phase;
    std::string reason;
    std::string message;
    std::optional<std::string> url;
    std::vector<SessionAccess> access;
    std::vector<ComponentStatus> components;
    std::optional<int> revision;
    std::optional<WorkspaceName> workspace;
    std::optional<std::string> engine;
    std::optional<int> incarnation;
    std::optional<Time> started_at;
    Timings timings;
    std::optional<LastActivity> last_activity;
    std::optional<std::int64_t> observed_generation;
    std::vector<Condition> conditions;
    bool operator==(const SessionStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(SessionStatus, (),
                      (id, state, phase, reason, message, url, access, components, revision, workspace,
                       engine, incarnation, started_at, timings, last_activity, observed_generation,
                       conditions))

/// A workspace with the volumes of a template.
struct WorkspaceSpec {
    std::string user;
    std::string template_;
    std::optional<std::string> name;
    bool operator==(const WorkspaceSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(WorkspaceSpec, (), (user, template_, name))

struct WorkspaceVolume {
    std::string name;
    std::string handle;
    Bytes size;
    bool operator==(const WorkspaceVolume&) const = default;
};
BOOST_DESCRIBE_STRUCT(WorkspaceVolume, (), (name, handle, size))

struct WorkspaceStatus {
    std::optional<std::string> id;
    std::vector<WorkspaceVolume> volumes;
    std::optional<Bytes> size;
    std::optional<std::string> session;
    std::optional<Time> last_used_at;
    std::optional<std::int64_t> observed_generation;
    std::vector<Condition> conditions;
    bool operator==(const WorkspaceStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(WorkspaceStatus, (),
                      (id, volumes, size, session, last_used_at, observed_generation, conditions))

}  // namespace berth::crds
