#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"

namespace berth::api {
namespace {

constexpr std::size_t display_name_max = 200;

view::Me me_view(store::Rows& rows, const auth::Identity& identity) {
    const auto user = rows.find_user(identity.caller.user);
    if (!user) throw acts::no_such("user");
    auto allowance = allowance_view(rows, *user);
    view::Me me{.id = user->id,
                .name = user->name,
                .display_name = user->display_name,
                .email = user->email,
                .role = user->role,
                .tier = std::move(allowance.tier),
                .quota = std::move(allowance.quota),
                .stay = std::move(allowance.stay),
                .groups = std::move(allowance.groups)};
    if (identity.by_cookie())
        if (const auto login = rows.find_login(identity.login))
            me.login = view::CurrentLogin{.id = login->id, .created_at = login->created_at};
    return me;
}

view::Login login_view(const store::Login& login, const auth::Identity& identity) {
    return {.id = login.id,
            .user_agent = login.user_agent,
            .created_at = login.created_at,
            .expires_at = login.expires_at,
            .current = login.id == identity.login};
}

/// A new password needs the old one: a browser left open must not be enough to take an account over.
Task<> require_current(Services& services, UserId user, view::PasswordChange change) {
    auto read = [user](store::Rows& rows) { return rows.find_password(user); };
    const auto hash = co_await services.store.read(std::move(read));
    if (!hash) co_return;
    services.attempts.require(user.text, {});
    SecretText current(change.current.value_or(""));
    const bool right = co_await services.passwords.verify(hash, std::move(current));
    if (right) co_return services.attempts.succeeded(user.text, {});
    services.attempts.failed(user.text, {});
    throw Error(Kind::forbidden, "wrong_credentials", "the current password is not right");
}

}  // namespace

Task<view::Me> get_me(Call call) {
    auto read = [identity = call.who()](store::Rows& rows) { return me_view(rows, identity); };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Me> patch_me(Call call, view::MePatch body) {
    auto& services = *call.services;
    if (body.display_name && body.display_name->size() > display_name_max)
        json::refuse_type("displayName", "expected at most 200 bytes");
    std::optional<std::string> hash;
    if (body.password) {
        SecretText wanted(body.password->new_);
        auth::check_password(wanted);
        co_await require_current(services, call.who().caller.user, *body.password);
        hash = co_await services.passwords.hash(std::move(wanted));
    }
    auto write = [identity = call.who(), display_name = body.display_name, hash,
                  now = services.now()](store::Tx& tx) {
        auto user = tx.get_user(identity.caller.user);
        if (display_name) user.display_name = *display_name;
        tx.update_user(user);
        if (hash) {
            tx.set_password(user.id, *hash);
            auth::end_other_logins(tx, user, identity.login, now);
        }
        const acts::Happening happening{.at = now,
                                        .actor = user.name,
                                        .kind = hash ? "user.passwordChanged" : "user.updated",
                                        .subject_kind = "user",
                                        .subject = user.id.text,
                                        .owner = user.id,
                                        .data = {{"name", user.name}}};
        acts::append_audit(tx, happening);
        return me_view(tx, identity);
    };
    co_return co_await services.store.write(std::move(write));
}

Task<view::List<view::Login>> list_logins(Call call) {
    auto read = [user = call.who().caller.user](store::Rows& rows) { return rows.list_logins(user); };
    const auto rows = co_await call.services->store.read(std::move(read));
    view::List<view::Login> list{.total = std::ssize(rows)};
    for (const auto& row : rows) list.items.push_back(login_view(row, call.who()));
    co_return list;
}

Task<Nothing> delete_login(Call call, LoginId id) {
    auto write = [caller = call.caller(), id, now = call.services->now()](store::Tx& tx) {
        const auto login = tx.find_login(id);
        if (!login || login->user != caller.user) throw acts::no_such("sign-in");
        tx.delete_login(id);
        const acts::Happening happening{.at = now,
                                        .actor = caller.name,
                                        .kind = "user.logout",
                                        .subject_kind = "user",
                                        .subject = caller.user.text,
                                        .owner = caller.user,
                                        .data = {{"login", id.text}}};
        acts::append_audit(tx, happening);
    };
    co_await call.services->store.write(std::move(write));
    co_return Nothing{};
}

}  // namespace berth::api
