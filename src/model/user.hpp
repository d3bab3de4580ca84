#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"

namespace berth {

struct UserNoun {};
struct TokenNoun {};
struct LoginNoun {};
using UserId = Id<UserNoun>;
using TokenId = Id<TokenNoun>;
using LoginId = Id<LoginNoun>;

enum class Role { user, admin };
BOOST_DESCRIBE_ENUM(Role, user, admin)

/// What one user may have at once. Absent means the default of the installation.
struct Quota {
    std::optional<int> sessions;              ///< Sessions that exist, also stopped ones.
    std::optional<int> running;               ///< Sessions that are starting or running.
    std::optional<MilliCpu> cpu;              ///< Sum over running sessions.
    std::optional<Bytes> memory;              ///< Sum over running sessions.
    std::optional<int> workspaces;            ///< Workspaces that exist.
    std::optional<Bytes> storage;             ///< Sum over the volumes that exist.
    std::optional<int> gpu;                   ///< Sum over running sessions.
    std::optional<Duration> freeze_after;     ///< The longest that a session of theirs runs while idle.
    std::optional<Duration> hibernate_after;  ///< The longest that a session of theirs may be idle.
    std::optional<Duration> max_lifetime;     ///< The longest that one may run at a stretch.
    bool operator==(const Quota&) const = default;
};
BOOST_DESCRIBE_STRUCT(Quota, (),
                      (sessions, running, cpu, memory, workspaces, storage, gpu, freeze_after,
                       hibernate_after, max_lifetime))

/// A named set of limits for each of the users that have it, or are in a group that has it.
struct Tier {
    std::string name;
    Quota quota;
    Time created_at{};
    bool operator==(const Tier&) const = default;
};
BOOST_DESCRIBE_STRUCT(Tier, (), (name, quota, created_at))

struct GroupNoun {};
using GroupId = Id<GroupNoun>;

/// Users that belong together.
struct Group {
    GroupId id;
    std::string name;  ///< Unique.
    std::string description;
    std::string tier;  ///< Of each member that has none; empty: none.
    Quota quota;       ///< What all members may have together.
    Time created_at{};
    bool operator==(const Group&) const = default;
};
BOOST_DESCRIBE_STRUCT(Group, (), (id, name, description, tier, quota, created_at))

/// Somebody who can sign in. `name` is unique, ignoring case, and is never given to another person.
struct User {
    UserId id;
    std::string name;
    std::string display_name;
    std::optional<std::string> email;
    Role role = Role::user;
    bool active = true;
    Quota quota;
    std::string tier;  ///< Name of one; empty: that of a group, or none.
    Time created_at{};
    std::optional<Time> last_login_at;
    bool operator==(const User&) const = default;
};
BOOST_DESCRIBE_STRUCT(User, (),
                      (id, name, display_name, email, role, active, quota, tier, created_at, last_login_at))

/// Who asks. Every query that a person's request causes takes one.
struct Caller {
    UserId user;
    std::string name;
    Role role = Role::user;
    bool everything = false;  ///< An administrator looking at all rows, or Berth itself.

    bool admin() const { return role == Role::admin; }
    /// Berth itself: the loop, the sweeper, the gateway's route loader.
    static Caller system() { return {.user = {}, .name = "berth", .role = Role::admin, .everything = true}; }
};

}  // namespace berth
