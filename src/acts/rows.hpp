#pragma once

#include "store/store.hpp"

/// What acts have in common: lookups, and what is told. All of it runs inside of
/// one transaction.
namespace berth::acts {

/// One wording for what is not there and what is another's.
Error no_such(std::string_view noun);
/// The same with the one of `known` that may have been meant. They are the caller's to know of, so that the
/// answer tells nothing of others.
Error no_such(std::string_view noun, const std::string& wanted, const std::vector<std::string>& known);

/// A session that is not gone, by id or by its name among the caller's own. Throws `not_found`, with the
/// name that may have been meant.
Session find_session(store::Rows& rows, const Caller& caller, const std::string& name);
/// A workspace that was not deleted, by id or by its name among the caller's own. Throws `not_found`.
Workspace find_workspace(store::Rows& rows, const Caller& caller, const std::string& name);
/// A user by id or name. Throws `not_found`.
User find_user(store::Rows& rows, const std::string& name);

/// Sessions that mount the workspace: every one that is not gone, also the hibernated.
std::vector<Session> holders_of(store::Rows& rows, const WorkspaceId& workspace);

/// What an event says, whatever its class.
struct Happening {
    Time at{};
    std::string actor, kind, subject_kind, subject;
    UserId owner;
    json::object data;
};
/// Who did what.
void append_audit(store::Tx& tx, const Happening& happening);
/// What became of it: what the loop, the gateway and open pages follow.
void append_state(store::Tx& tx, const Happening& happening);
/// That something of a session is another thing now, with its status.
void tell_updated(store::Tx& tx, const Session& session, const std::string& actor, Time at);

}  // namespace berth::acts
