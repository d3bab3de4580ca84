#pragma once

#include "acts/quota.hpp"
#include "acts/rows.hpp"
#include "api/call.hpp"
#include "plan/lifecycle.hpp"
#include "store/store.hpp"

/// From rows to what travels, and the lookups that several nouns share. All of it runs inside of one
/// transaction.
namespace berth::api {

/// Throws `invalid` for a limit below zero; `path` is of the quota in the body.
void check_quota(const Quota& quota, std::string_view path = {});
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
/// What an account may have and has.
view::QuotaUse quota_use(const plan::Account& account);
std::vector<view::StayLimit> stay_view(const plan::StayRules& rules);
/// What the user may have and has, with their groups.
view::Allowance allowance_view(store::Rows& rows, const User& user);
view::Event event_view(const Event& event);

/// `http://label.apps-domain/`
std::string host_url(const auth::Origin& origin, const std::string& label);

}  // namespace berth::api
