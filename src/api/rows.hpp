#pragma once

#include "api/call.hpp"
#include "plan/admit.hpp"
#include "store/store.hpp"

/// From rows to what travels, and the lookups that several nouns share. All of it runs inside of one
/// transaction.
namespace berth::api {

/// A session that is not gone, by id or by its name among the caller's own. Throws `not_found`.
Session find_session(store::Rows& rows, const Caller& caller, const std::string& name);
/// A workspace that was not deleted, by id or by its name among the caller's own. Throws `not_found`.
Workspace find_workspace(store::Rows& rows, const Caller& caller, const std::string& name);
/// A user by id or name. Throws `not_found`.
User find_user(store::Rows& rows, const std::string& name);

/// Sessions that mount the workspace: every one that is not gone, also the hibernated.
std::vector<Session> holders_of(store::Rows& rows, const WorkspaceId& workspace);

/// The installation's default quota, and what it is together with the user's own.
Quota default_quota(store::Rows& rows);
/// Throws `invalid` for a limit below zero; `path` is of the quota in the body.
void check_quota(const Quota& quota, std::string_view path = {});
plan::Limits limits_of(store::Rows& rows, const UserId& user);

/// What the user's sessions amount to; all but `except`.
std::vector<plan::Holding> holdings_of(store::Rows& rows, const UserId& user, const SessionId& except = {});

/// The query of a list. Throws `invalid` for a limit outside of 1 to 200.
store::Query list_query(const view::ListQuery& query);
/// Adds a filter when it is set.
template <class T>
void filter(store::Query& query, const std::string& column, const std::optional<T>& wanted) {
    if constexpr (json::detail::Enum<T>) {
        if (wanted) query.equal[column] = json::enum_name(*wanted);
    } else if constexpr (std::is_same_v<T, bool>) {
        if (wanted) query.equal[column] = *wanted ? "true" : "false";
    } else {
        if (wanted) query.equal[column] = *wanted;
    }
}

view::Person person(store::Rows& rows, const UserId& id);
/// The six steps of a start, from what has been timed and where it stands.
std::vector<view::Step> steps_of(const SessionStatus& status);
view::SessionStatus status_view(const SessionStatus& status);
view::Session session_view(store::Rows& rows, const auth::Origin& origin, const Session& session);
view::Workspace workspace_view(store::Rows& rows, const Workspace& workspace);
view::User user_view(const User& user);
view::Event event_view(const Event& event);

/// `http://label.apps-domain/`
std::string host_url(const auth::Origin& origin, const std::string& label);

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

}  // namespace berth::api
