#pragma once

#include <string>

#include "base/quantity.hpp"

/// What somebody has, summed up by the database.
namespace berth::store {

/// Whose things are summed up: a user's, those of all members of a group, or those on an engine.
struct Holder {
    enum class Kind { user, group, engine };
    Kind kind = Kind::user;
    std::string id;
};

/// How many sessions of one template revision take part, see `takes_part`.
struct RunningOf {
    std::string template_;
    int revision = 1;
    std::int64_t sessions = 0;
};

/// Things that exist: sessions that are not gone, workspaces and volumes that nobody gave up.
struct Held {
    std::int64_t sessions = 0;
    std::int64_t workspaces = 0;
    Bytes storage;
};

}  // namespace berth::store
