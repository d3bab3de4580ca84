#pragma once

#include "auth/auth.hpp"
#include "base/json.hpp"
#include "model/user.hpp"

/// What travels in replies about people: who they are, what they may have, and how they prove it.
namespace berth::api::view {

/// A limit of things, and how many there are.
struct CountUse {
    int limit = 0;
    int used = 0;
};
BOOST_DESCRIBE_STRUCT(CountUse, (), (limit, used))

/// A limit of processors, and what runs.
struct CpuUse {
    MilliCpu limit;
    MilliCpu used;
};
BOOST_DESCRIBE_STRUCT(CpuUse, (), (limit, used))

/// A limit of memory, and what runs.
struct MemoryUse {
    Bytes limit;
    Bytes used;
};
BOOST_DESCRIBE_STRUCT(MemoryUse, (), (limit, used))

/// The limits in force for one user, and their use.
struct QuotaUse {
    CountUse sessions;
    CountUse running;
    CpuUse cpu;
    MemoryUse memory;
    CountUse workspaces;
};
BOOST_DESCRIBE_STRUCT(QuotaUse, (), (sessions, running, cpu, memory, workspaces))

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
    QuotaUse quota;
    std::optional<CurrentLogin> login;  ///< The sign-in of this browser; absent for tokens.
};
BOOST_DESCRIBE_STRUCT(Me, (), (id, name, display_name, email, role, quota, login))

/// A user as administrators see them.
struct User {
    UserId id;
    std::string name;
    std::string display_name;
    std::optional<std::string> email;
    Role role = Role::user;
    bool active = true;
    Quota quota;  ///< What differs from the default of the installation.
    Time created_at{};
    std::optional<Time> last_login_at;
};
BOOST_DESCRIBE_STRUCT(User, (),
                      (id, name, display_name, email, role, active, quota, created_at, last_login_at))

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
    std::optional<Duration> hibernate_after;  ///< The longest that sessions may be idle; absent: for ever.
    std::optional<Duration> max_lifetime;     ///< The longest that they may run at a stretch.
};
BOOST_DESCRIBE_STRUCT(DefaultQuota, (),
                      (sessions, running, cpu, memory, workspaces, hibernate_after, max_lifetime))

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
