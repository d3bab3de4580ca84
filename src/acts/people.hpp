#pragma once

#include "store/store.hpp"

/// Tiers, and groups with their members. Every change is told of; names are lower-case labels, so that none
/// differs from another by case alone.
namespace berth::acts {

/// What changes of a tier or a group; what is absent stays.
struct GroupChange {
    std::optional<std::string> description;
    std::optional<std::string> tier;  ///< Empty: none.
    std::optional<Quota> quota;
};

/// By name. Throws `not_found`, with the name that may have been meant.
Tier find_tier(store::Rows& rows, const std::string& name);
/// By id or name, likewise.
Group find_group(store::Rows& rows, const std::string& name);
/// Throws `invalid` (`no_such_tier`) for the name of a tier that does not exist; empty is none.
void require_tier(store::Rows& rows, const std::string& name);

/// Throws `invalid` (`invalid_name`) and `conflict` (`name_taken`).
Tier add_tier(store::Tx& tx, const Caller& caller, const Tier& tier);
Tier change_tier(store::Tx& tx, const Caller& caller, const std::string& name, const Quota& quota, Time now);
/// Throws `conflict` (`tier_in_use`) with who has it.
void remove_tier(store::Tx& tx, const Caller& caller, const std::string& name, Time now);

/// Throws `invalid` (`invalid_name`, `no_such_tier`) and `conflict` (`name_taken`).
Group add_group(store::Tx& tx, const Caller& caller, Group group);
Group change_group(store::Tx& tx, const Caller& caller, const std::string& name, const GroupChange& change,
                   Time now);
/// Throws `conflict` (`group_in_use`) while it has members.
void remove_group(store::Tx& tx, const Caller& caller, const std::string& name, Time now);
/// Joining twice is joining once, and so is leaving.
void join_group(store::Tx& tx, const Caller& caller, const std::string& name, const User& user, Time now);
void leave_group(store::Tx& tx, const Caller& caller, const std::string& name, const User& user, Time now);

}  // namespace berth::acts
