#pragma once

#include "model/template.hpp"
#include "model/user.hpp"

namespace berth {

struct WorkspaceNoun {};
using WorkspaceId = Id<WorkspaceNoun>;

/// A user's named persistent storage. Outlives sessions; ends only when its user says so.
struct Workspace {
    WorkspaceId id;
    UserId user;
    std::string name;       ///< Unique among the user's workspaces.
    std::string template_;  ///< Template that it was made for, shown in lists.
    Time created_at{};
    std::optional<Time> last_used_at;
    std::optional<Time> deleted_at;  ///< Asked by its user: volumes go, then the row.
    bool operator==(const Workspace&) const = default;
};
BOOST_DESCRIBE_STRUCT(Workspace, (), (id, user, name, template_, created_at, last_used_at, deleted_at))

/// One piece of storage in an engine. `handle` is the engine's own name for it and never changes.
struct Volume {
    std::string handle;
    std::string name;  ///< As the template names it.
    VolumeScope scope = VolumeScope::workspace;
    std::string owner;  ///< Id of the workspace, user or session it belongs to, by `scope`.
    UserId user;
    std::string engine;
    Bytes size;
    Time created_at{};
    std::optional<Time> deleted_at;  ///< Asked by a person: the engine may remove it.
    /// While it is new: how many of the init steps for it have ended well. Absent: none is to run (any more).
    std::optional<int> init_done;
    bool operator==(const Volume&) const = default;
};
BOOST_DESCRIBE_STRUCT(Volume, (),
                      (handle, name, scope, owner, user, engine, size, created_at, deleted_at, init_done))

}  // namespace berth
