#pragma once

#include "plan/admit.hpp"
#include "store/store.hpp"

/// What people may have and what they have, read in the transaction that acts on it.
namespace berth::acts {

/// The installation's default quota.
Quota default_quota(store::Rows& rows);

/// Everything that limits the user.
plan::Standing standing_of(store::Rows& rows, const User& user);

/// The user's account: their limits, and what they have.
plan::Account account_of(store::Rows& rows, const User& user);
/// That of all members of the group.
plan::Account account_of(store::Rows& rows, const Group& group);

/// What everybody may run on the engine together; limits nothing unless `keep_capacity` said so.
plan::Account engine_account(store::Rows& rows, const std::string& engine);
/// Remembers what the configuration says an engine has room for: `running`, `cpu`, `memory`, `gpu`. Every
/// process judges by it, whatever its own configuration says.
void keep_capacity(store::Tx& tx, const std::string& engine, const Quota& capacity);

/// Every account that something of the user's draws on: their own, and those of their groups that limit
/// anything.
std::vector<plan::Account> accounts_of(store::Rows& rows, const UserId& user);

/// Throws `too_many` (`quota_exceeded`) when one of the user's accounts has no room for so much more.
void require_room(store::Rows& rows, const UserId& user, const plan::Amounts& wanted);

/// Names of the user's sessions that run, for the sentence that says what to stop.
std::vector<std::string> running_names(store::Rows& rows, const UserId& user);

}  // namespace berth::acts
