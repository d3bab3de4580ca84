#pragma once

#include "auth/auth.hpp"
#include "base/json.hpp"
#include "model/session.hpp"

/// What travels in replies about people: who they are, what they may have, and how they prove it.
namespace berth::api::view {

/// How many there may be, and are.
struct CountUse {
    std::optional<std::int64_t> limit;  ///< Absent: as many as one likes.
    std::int64_t used = 0;
    std::optional<std::string> whose;  ///< Who limits it: `tier free`.
};
BOOST_DESCRIBE_STRUCT(CountUse, (), (limit, used, whose))

/// The same of processors.
struct CpuUse {
    std::optional<MilliCpu> limit;
    MilliCpu used;
    std::optional<std::string> whose;
};
BOOST_DESCRIBE_STRUCT(CpuUse, (), (limit, used, whose))

/// The same of memory or storage.
struct BytesUse {
    std::optional<Bytes> limit;
    Bytes used;
    std::optional<std::string> whose;
};
BOOST_DESCRIBE_STRUCT(BytesUse, (), (limit, used, whose))

/// The limits in force for a user or a group, and their use now.
struct QuotaUse {
    CountUse sessions;
    CountUse running;
    CpuUse cpu;
    BytesUse memory;
    CountUse gpu;
    CountUse workspaces;
    BytesUse storage;
};
BOOST_DESCRIBE_STRUCT(QuotaUse, (), (sessions, running, cpu, memory, gpu, workspaces, storage))

/// A group that one is in, with what its members have together.
struct GroupUse {
    std::string name;
    std::string description;
    std::optional<std::string> tier;
    QuotaUse quota;
};
BOOST_DESCRIBE_STRUCT(GroupUse, (), (name, description, tier, quota))

/// One limit of how long sessions stay that is in force.
struct StayLimit {
    State what = State::hibernated;  ///< What it becomes.
    StopReason reason = StopReason::idle;
    Duration after{};
    std::string whose;
};
BOOST_DESCRIBE_STRUCT(StayLimit, (), (what, reason, after, whose))

/// What one user may have, whose each limit is, and what they have.
struct Allowance {
    std::optional<std::string> tier;  ///< Their own.
    QuotaUse quota;
    std::vector<StayLimit> stay;  ///< Of each session, beside those of its template and launch.
    std::vector<GroupUse> groups;
};
BOOST_DESCRIBE_STRUCT(Allowance, (), (tier, quota, stay, groups))

/// The sign-in of this browser.
struct CurrentLogin {
    LoginId id;
    Time created_at{};
};
BOOST_DESCRIBE_STRUCT(CurrentLogin, (), (id, created_at))

/// Who asks.
struct Me {
    UserId id;
    std::string name;
    std::string display_name;
    std::optional<std::string> email;
    Role role = Role::user;
    std::optional<std::string> tier;  ///< Their own.
    QuotaUse quota;
    std::vector<StayLimit> stay;  ///< Of each session, beside those of its template and launch.
    std::vector<GroupUse> groups;
    std::optional<CurrentLogin> login;  ///< The sign-in of this browser; absent for tokens.
};
BOOST_DESCRIBE_STRUCT(Me, (), (id, name, display_name, email, role, tier, quota, stay, groups, login))

/// A user as administrators see them.
struct User {
    UserId id;
    std::string name;
    std::string display_name;
    std::optional<std::string> email;
    Role role = Role::user;
    bool active = true;
    Quota quota;       ///< What differs from the default of the installation.
    std::string tier;  ///< Empty: that of a group, or none.
    Time created_at{};
    std::optional<Time> last_login_at;
};
BOOST_DESCRIBE_STRUCT(User, (),
                      (id, name, display_name, email, role, active, quota, tier, created_at, last_login_at))

/// A link that signs a user in.
struct SignInLink {
    std::string sign_in_link;  ///< Works once, for a day.
};
BOOST_DESCRIBE_STRUCT(SignInLink, (), (sign_in_link))

/// A new user with their first link.
struct AddedUser {
    User user;
    std::string sign_in_link;
};
BOOST_DESCRIBE_STRUCT(AddedUser, (), (user, sign_in_link))

/// A token without its text.
struct Token {
    TokenId id;
    std::string name;
    auth::Scope scope = auth::Scope::read;
    Time created_at{};
    std::optional<Time> expires_at;
    std::optional<Time> last_used_at;
};
BOOST_DESCRIBE_STRUCT(Token, (), (id, name, scope, created_at, expires_at, last_used_at))

/// A token at its making.
struct IssuedToken {
    TokenId id;
    std::string name;
    auth::Scope scope = auth::Scope::read;
    Time created_at{};
    std::optional<Time> expires_at;
    std::string token;  ///< The text itself: shown here once and never again.
};
BOOST_DESCRIBE_STRUCT(IssuedToken, (), (id, name, scope, created_at, expires_at, token))

/// A browser that is signed in.
struct Login {
    LoginId id;
    std::string user_agent;
    Time created_at{};
    Time expires_at{};
    bool current = false;  ///< The sign-in of this very request.
};
BOOST_DESCRIBE_STRUCT(Login, (), (id, user_agent, created_at, expires_at, current))

/// The quota of everybody who has no other.
struct DefaultQuota {
    int sessions = 0;
    int running = 0;
    MilliCpu cpu;
    Bytes memory;
    int workspaces = 0;
    std::optional<Bytes> storage;  ///< Absent: no limit.
    std::optional<int> gpu;
    std::optional<Duration> freeze_after;     ///< The longest that sessions may be idle before they freeze.
    std::optional<Duration> hibernate_after;  ///< The longest that sessions may be idle; absent: for ever.
    std::optional<Duration> max_lifetime;     ///< The longest that they may run at a stretch.
};
BOOST_DESCRIBE_STRUCT(DefaultQuota, (),
                      (sessions, running, cpu, memory, workspaces, storage, gpu, freeze_after,
                       hibernate_after, max_lifetime))

/// A named set of limits.
struct Tier {
    std::string name;
    Quota quota;
    std::int64_t users = 0;           ///< Who have it themselves.
    std::vector<std::string> groups;  ///< Whose members have it.
    Time created_at{};
};
BOOST_DESCRIBE_STRUCT(Tier, (), (name, quota, users, groups, created_at))

/// A group as administrators see it.
struct Group {
    GroupId id;
    std::string name;
    std::string description;
    std::string tier;  ///< Empty: none.
    Quota quota;       ///< What all members may have together.
    QuotaUse use;      ///< What they have.
    std::int64_t members = 0;
    Time created_at{};
};
BOOST_DESCRIBE_STRUCT(Group, (), (id, name, description, tier, quota, use, members, created_at))

/// Who a browser is signed in as.
struct SignedInUser {
    UserId id;
    std::string name;
    std::string display_name;
    Role role = Role::user;
};
BOOST_DESCRIBE_STRUCT(SignedInUser, (), (id, name, display_name, role))

/// What a page needs before anybody is signed in.
struct AuthState {
    bool signed_in = false;
    std::optional<SignedInUser> user;
    std::vector<std::string> methods;  ///< `password`.
    bool first_run = false;            ///< Nobody administers this Berth yet.
    std::string url;                   ///< How browsers reach this Berth.
};
BOOST_DESCRIBE_STRUCT(AuthState, (), (signed_in, user, methods, first_run, url))

/// What a link is good for.
struct TicketState {
    std::string kind;  ///< `first_admin` or `sign_in`.
    bool valid = false;
    std::optional<std::string> name;  ///< Whose sign-in it is.
};
BOOST_DESCRIBE_STRUCT(TicketState, (), (kind, valid, name))

}  // namespace berth::api::view
