#include <algorithm>

#include "acts/people.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"
#include "crypto/random.hpp"

namespace berth::api {
namespace {

constexpr Duration link_lifetime = std::chrono::hours(24);

std::string make_link(store::Tx& tx, const Services& services, const UserId& user) {
    const store::Ticket ticket{
        .kind = store::TicketKind::sign_in, .user = user, .expires_at = services.now() + link_lifetime};
    return services.origin.url + "/sign-in/" + auth::issue_ticket(tx, ticket).reveal();
}

void tell(store::Tx& tx, const Caller& actor, std::string kind, const User& user, Time now) {
    const acts::Happening happening{
        .at = now,
        .actor = actor.name,
        .kind = std::move(kind),
        .subject_kind = "user",
        .subject = user.id.text,
        .owner = user.id,
        .data = {{"name", user.name}, {"role", json::enum_name(user.role)}, {"active", user.active}}};
    acts::append_audit(tx, happening);
    acts::append_state(tx, happening);
}

/// Refuses to leave the installation without anybody who administers it.
void require_other_admin(store::Rows& rows, const User& user) {
    if (rows.count_admins() > 1) return;
    throw Error(Kind::conflict, "last_admin", "user " + quoted(user.name) + " is the only administrator",
                "make somebody else an administrator first");
}

/// Nobody shuts themselves out by a slip. Over the private socket it is the machine's owner who asks, under
/// the first administrator's name.
void refuse_oneself(const auth::Identity& who, const User& user) {
    const bool owner = !who.by_cookie() && who.token.empty();
    if (who.caller.user != user.id || owner) return;
    throw Error(Kind::conflict, "own_account", "you cannot deactivate yourself",
                "ask another administrator to");
}

/// What an administrator changes of a user, with what follows from it.
User change_user(store::Tx& tx, const auth::Identity& who, const std::string& name,
                 const view::UserPatch& patch, Time now) {
    auto user = acts::find_user(tx, name);
    const auto before = user;
    if (patch.display_name) user.display_name = *patch.display_name;
    if (patch.email) user.email = patch.email->empty() ? std::nullopt : patch.email;
    user.role = patch.role.value_or(user.role);
    user.active = patch.active.value_or(user.active);
    if (patch.quota) user.quota = *patch.quota;
    user.tier = patch.tier.value_or(user.tier);
    if (user == before) return user;
    acts::require_tier(tx, user.tier);
    if (before.active && !user.active) refuse_oneself(who, user);
    const bool was_admin = before.active && before.role == Role::admin;
    if (was_admin && (!user.active || user.role != Role::admin)) require_other_admin(tx, user);
    tx.update_user(user);
    if (before.active && !user.active) tx.delete_proofs(user.id);
    tell(tx, who.caller, "user.updated", user, now);
    return user;
}

}  // namespace

Task<view::List<view::User>> list_users(Call call, Params<view::UserQuery> query) {
    auto wanted = list_query(query);
    filter(wanted, "role", query.role);
    filter(wanted, "active", query.active);
    auto read = [wanted](store::Rows& rows) { return rows.list_users(wanted); };
    const auto page = co_await call.services->store.read(std::move(read));
    view::List<view::User> list{.total = page.total, .next = page.next};
    for (const auto& user : page.items) list.items.push_back(user_view(user));
    co_return list;
}

Task<Created<view::AddedUser>> add_user(Call call, view::UserRequest body) {
    auth::check_user_name(body.name);
    if (body.quota) check_quota(*body.quota, "quota");
    const auto now = call.services->now();
    const User user{.id = {crypto::new_id("usr")},
                    .name = body.name,
                    .display_name = body.display_name.value_or(body.name),
                    .email = body.email,
                    .role = body.role.value_or(Role::user),
                    .quota = body.quota.value_or(Quota{}),
                    .tier = body.tier.value_or(""),
                    .created_at = now};
    auto write = [services = call.services, actor = call.caller(), user, now](store::Tx& tx) {
        if (tx.find_user_by_name(user.name))
            throw Error(Kind::conflict, "name_taken", "there is a user " + quoted(user.name) + " already",
                        "choose another name");
        acts::require_tier(tx, user.tier);
        tx.insert_user(user);
        tell(tx, actor, "user.created", user, now);
        return view::AddedUser{.user = user_view(user), .sign_in_link = make_link(tx, *services, user.id)};
    };
    const auto added = co_await call.services->store.write(std::move(write));
    co_return Created<view::AddedUser>{.text = json::write(json::to_json(added)),
                                       .location = "/api/v1/users/" + user.id.text};
}

Task<view::User> get_user(Call call, std::string name) {
    auto read = [name](store::Rows& rows) { return user_view(acts::find_user(rows, name)); };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Allowance> get_user_quota(Call call, std::string name) {
    auto read = [name](store::Rows& rows) { return allowance_view(rows, acts::find_user(rows, name)); };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::User> patch_user(Call call, std::string name, view::UserPatch body) {
    if (body.quota) check_quota(*body.quota, "quota");
    auto write = [who = call.who(), name, body, now = call.services->now()](store::Tx& tx) {
        return user_view(change_user(tx, who, name, body, now));
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<view::User> deactivate_user(Call call, std::string name) {
    view::UserPatch patch;
    patch.active = false;
    co_return co_await patch_user(std::move(call), std::move(name), std::move(patch));
}

Task<view::SignInLink> make_sign_in_link(Call call, std::string name) {
    auto write = [services = call.services, actor = call.caller(), name](store::Tx& tx) {
        const auto user = acts::find_user(tx, name);
        if (!user.active)
            throw Error(Kind::conflict, "user_inactive", "user " + quoted(user.name) + " is deactivated",
                        "activate them first");
        tell(tx, actor, "user.signInLink", user, services->now());
        return view::SignInLink{.sign_in_link = make_link(tx, *services, user.id)};
    };
    co_return co_await call.services->store.write(std::move(write));
}

}  // namespace berth::api
