#pragma once

#include "auth/auth.hpp"
#include "model/session.hpp"

/// What people and programs send: bodies, and the parameters after the question mark.
///
/// A member that is not optional must be there; an unknown key is refused and the nearest known one named.
namespace berth::api::view {

/// What a launch says: only the template is needed.
struct LaunchRequest {
    std::string template_;
    std::optional<std::string> name;       ///< Absent: the template's name, then with -2, -3…
    std::optional<std::string> workspace;  ///< Id or name; a new name makes a new one.
    std::optional<int> revision;           ///< Absent: the newest.
    std::optional<StayLimits> lifecycle;   ///< Beside the template's and the quota's; the strictest counts.
    /// Secrets that the template may have from now on; `files/`: all uploaded files.
    std::optional<std::vector<std::string>> consent;
};
BOOST_DESCRIBE_STRUCT(LaunchRequest, (), (template_, name, workspace, revision, lifecycle, consent))

/// Something inside of a session works, and says so for a while.
struct ActivityReport {
    Duration ttl{};                   ///< 1s to 24h from now on.
    std::optional<std::string> what;  ///< For people; absent: `activity`.
};
BOOST_DESCRIBE_STRUCT(ActivityReport, (), (ttl, what))

enum class WantedState { running, frozen, hibernated };
BOOST_DESCRIBE_ENUM(WantedState, running, frozen, hibernated)

/// What changes of a session; what is absent stays.
struct SessionPatch {
    std::optional<std::string> name;
    std::optional<WantedState> state;
};
BOOST_DESCRIBE_STRUCT(SessionPatch, (), (name, state))

/// Exactly one of the two. The same routes take the bare text as application/yaml.
struct TemplateDocument {
    std::optional<json::object> document;
    std::optional<std::string> yaml;
};
BOOST_DESCRIBE_STRUCT(TemplateDocument, (), (document, yaml))

/// A new workspace, with the volumes of that template.
struct WorkspaceRequest {
    std::string name;
    std::string template_;
};
BOOST_DESCRIBE_STRUCT(WorkspaceRequest, (), (name, template_))

/// What changes of a workspace.
struct WorkspacePatch {
    std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(WorkspacePatch, (), (name))

/// A new password.
struct PasswordChange {
    std::optional<std::string> current;  ///< Needed when there is one already.
    std::string new_;
};
BOOST_DESCRIBE_STRUCT(PasswordChange, (), (current, new_))

/// What changes of oneself; what is absent stays.
struct MePatch {
    std::optional<std::string> display_name;
    std::optional<PasswordChange> password;
};
BOOST_DESCRIBE_STRUCT(MePatch, (), (display_name, password))

/// A new token. Without `expiresIn` it works until it is revoked.
struct TokenRequest {
    std::string name;
    auth::Scope scope = auth::Scope::read;
    std::optional<Duration> expires_in;
};
BOOST_DESCRIBE_STRUCT(TokenRequest, (), (name, scope, expires_in))

/// A new user; what is absent has its default.
struct UserRequest {
    std::string name;
    std::optional<std::string> display_name;
    std::optional<std::string> email;
    std::optional<Role> role;
    std::optional<Quota> quota;
    std::optional<std::string> tier;
};
BOOST_DESCRIBE_STRUCT(UserRequest, (), (name, display_name, email, role, quota, tier))

/// What an administrator changes of a user; what is absent stays.
struct UserPatch {
    std::optional<std::string> display_name;
    std::optional<std::string> email;
    std::optional<Role> role;
    std::optional<bool> active;
    std::optional<Quota> quota;       ///< Replaces what differed from the default.
    std::optional<std::string> tier;  ///< Empty: that of a group, or none.
};
BOOST_DESCRIBE_STRUCT(UserPatch, (), (display_name, email, role, active, quota, tier))

/// A new tier.
struct TierRequest {
    std::string name;
    std::optional<Quota> quota;
};
BOOST_DESCRIBE_STRUCT(TierRequest, (), (name, quota))

/// What changes of a tier.
struct TierPatch {
    std::optional<Quota> quota;  ///< Replaces the old one.
};
BOOST_DESCRIBE_STRUCT(TierPatch, (), (quota))

/// A new group, without members.
struct GroupRequest {
    std::string name;
    std::optional<std::string> description;
    std::optional<std::string> tier;
    std::optional<Quota> quota;
};
BOOST_DESCRIBE_STRUCT(GroupRequest, (), (name, description, tier, quota))

/// What changes of a group; what is absent stays.
struct GroupPatch {
    std::optional<std::string> description;
    std::optional<std::string> tier;  ///< Empty: none.
    std::optional<Quota> quota;       ///< Replaces the old one.
};
BOOST_DESCRIBE_STRUCT(GroupPatch, (), (description, tier, quota))

/// A sign-in by name and password.
struct PasswordSignIn {
    std::string name;
    std::string password;
};
BOOST_DESCRIBE_STRUCT(PasswordSignIn, (), (name, password))

/// A sign-in by a link that works once.
struct TicketSignIn {
    std::string ticket;
    std::optional<std::string> name;      ///< For the first administrator; absent: admin.
    std::optional<std::string> password;  ///< To sign in by from now on.
};
BOOST_DESCRIBE_STRUCT(TicketSignIn, (), (ticket, name, password))

/// What every list takes.
struct ListQuery {
    std::optional<std::string> q;     ///< Text that the name contains, ignoring case.
    std::optional<std::string> sort;  ///< A column, `-column` for descending.
    std::optional<std::string> cursor;
    std::optional<int> limit;  ///< 1 to 200; absent: 50.
};
BOOST_DESCRIBE_STRUCT(ListQuery, (), (q, sort, cursor, limit))

/// Which sessions.
struct SessionQuery : ListQuery {
    std::optional<Phase> phase;
    std::optional<std::string> template_;
    std::optional<std::string> workspace;
    std::optional<std::string> engine;
    std::optional<std::string> user;  ///< Id of a user, together with `all`.
    std::optional<bool> all;          ///< Of everybody, for administrators.
};
BOOST_DESCRIBE_STRUCT(SessionQuery, (ListQuery), (phase, template_, workspace, engine, user, all))

/// Which templates.
struct TemplateQuery : ListQuery {
    std::optional<std::string> category;
};
BOOST_DESCRIBE_STRUCT(TemplateQuery, (ListQuery), (category))

/// Which workspaces.
struct WorkspaceQuery : ListQuery {
    std::optional<std::string> template_;
    std::optional<bool> all;
};
BOOST_DESCRIBE_STRUCT(WorkspaceQuery, (ListQuery), (template_, all))

/// Which users.
struct UserQuery : ListQuery {
    std::optional<Role> role;
    std::optional<bool> active;
};
BOOST_DESCRIBE_STRUCT(UserQuery, (ListQuery), (role, active))

/// Which audit events.
struct AuditQuery : ListQuery {
    std::optional<std::string> actor;
    std::optional<std::string> kind;
    std::optional<std::string> subject;
};
BOOST_DESCRIBE_STRUCT(AuditQuery, (ListQuery), (actor, kind, subject))

/// Which lines of a log.
struct LogQuery {
    std::optional<std::string> component;  ///< Absent: the one of the default access.
    std::optional<int> tail;               ///< 0 to 10 000 lines; absent: 1000.
    std::optional<bool> follow;
};
BOOST_DESCRIBE_STRUCT(LogQuery, (), (component, tail, follow))

/// Which terminal, and how large.
struct TerminalQuery {
    std::optional<std::string> id;       ///< The same id is the same shell; absent: main.
    std::optional<std::int64_t> offset;  ///< Go on after this many bytes; absent: all that is kept.
    std::optional<int> rows;
    std::optional<int> cols;
    std::optional<std::string> component;
    std::vector<std::string> command;  ///< One parameter for each argument; none: the user's shell.
};
BOOST_DESCRIBE_STRUCT(TerminalQuery, (), (id, offset, rows, cols, component, command))

/// Which program, run where.
struct ExecQuery {
    std::vector<std::string> command;
    std::optional<std::string> component;
    std::optional<bool> tty;
    std::optional<int> rows;
    std::optional<int> cols;
};
BOOST_DESCRIBE_STRUCT(ExecQuery, (), (command, component, tty, rows, cols))

/// Which screen.
struct VncQuery {
    std::optional<std::string> access;  ///< Absent: the first of kind vnc.
};
BOOST_DESCRIBE_STRUCT(VncQuery, (), (access))

/// From where on to follow the events, and whose.
struct EventQuery {
    std::optional<std::int64_t> after;  ///< Sequence of the last event that the client has.
    std::optional<bool> all;            ///< Of everybody, for administrators.
};
BOOST_DESCRIBE_STRUCT(EventQuery, (), (after, all))

/// How many of the newest events.
struct SessionEventQuery {
    std::optional<int> limit;
};
BOOST_DESCRIBE_STRUCT(SessionEventQuery, (), (limit))

/// The session host that sends somebody here, the hash of its nonce, and where to end there.
struct HostTicketQuery {
    std::string host;
    std::string nonce;
    std::optional<std::string> to;
};
BOOST_DESCRIBE_STRUCT(HostTicketQuery, (), (host, nonce, to))

/// How much of a sweep to tell.
struct SweepQuery {
    std::optional<bool> findings;  ///< false: only what was asked for and done, and no engine is looked at.
};
BOOST_DESCRIBE_STRUCT(SweepQuery, (), (findings))

struct VerifyQuery {
    std::optional<bool> redirect;  ///< Answer a browser that has to sign in with 302 instead of 401.
};
BOOST_DESCRIBE_STRUCT(VerifyQuery, (), (redirect))

}  // namespace berth::api::view
