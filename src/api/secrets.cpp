#include "acts/secrets.hpp"

#include "acts/consent.hpp"
#include "acts/template.hpp"
#include "api/operations.hpp"
#include "api/services.hpp"

namespace berth::api {
namespace {

view::Secret secret_view(const UserSecret& secret) {
    return {.name = secret.name,
            .version = secret.version,
            .created_at = secret.created_at,
            .updated_at = secret.updated_at};
}

view::Consent consent_view(const Consent& consent) {
    return {.template_ = consent.template_,
            .name = consent.secret.empty() ? std::string(acts::files_name) : consent.secret,
            .given_at = consent.given_at};
}

view::List<view::Consent> consents_of(store::Rows& rows, const UserId& user) {
    view::List<view::Consent> list;
    for (const auto& consent : rows.consents_of(user)) list.items.push_back(consent_view(consent));
    list.total = std::ssize(list.items);
    return list;
}

view::Keys keys_view(store::Rows& rows, const acts::Keyring& keyring) {
    view::Keys keys;
    for (const auto& key : rows.sealing_keys()) {
        keys.items.push_back({.id = key.id,
                              .created_at = key.created_at,
                              .retired_at = key.retired_at,
                              .sealed = rows.count_sealed(key.id)});
        keys.rotating = keys.rotating || key.retired_at.has_value();
    }
    if (const auto* locked = keyring.locked_because()) keys.locked = locked->user + ": " + locked->next;
    return keys;
}

}  // namespace

Task<view::List<view::Secret>> list_secrets(Call call) {
    auto read = [user = call.who().caller.user](store::Rows& rows) { return rows.secrets_of(user); };
    const auto rows = co_await call.services->store.read(std::move(read));
    view::List<view::Secret> list{.total = std::ssize(rows)};
    for (const auto& row : rows) list.items.push_back(secret_view(row));
    co_return list;
}

Task<view::Secret> put_secret(Call call, std::string name, view::SecretRequest body) {
    auto& services = *call.services;
    auto write = [caller = call.caller(), name, keyring = services.keyring,
                  value = SecretText(std::move(body.value)), now = services.now()](store::Tx& tx) {
        return secret_view(acts::put_secret(tx, keyring, caller, name, value, now));
    };
    co_return co_await services.store.write(std::move(write));
}

Task<Nothing> delete_secret(Call call, std::string name) {
    auto write = [caller = call.caller(), name, now = call.services->now()](store::Tx& tx) {
        acts::delete_secret(tx, caller, name, now);
    };
    co_await call.services->store.write(std::move(write));
    co_return Nothing{};
}

Task<view::List<view::Consent>> list_consents(Call call) {
    auto read = [user = call.who().caller.user](store::Rows& rows) { return consents_of(rows, user); };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::List<view::Consent>> give_consent(Call call, view::ConsentRequest body) {
    auto write = [caller = call.caller(), body, now = call.services->now()](store::Tx& tx) {
        const auto found = acts::find_template(tx, caller, body.template_);
        acts::agree(tx, caller, found.name, found.spec, body.names, now);
        return consents_of(tx, caller.user);
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<Nothing> withdraw_consent(Call call, std::string template_) {
    auto write = [caller = call.caller(), template_, now = call.services->now()](store::Tx& tx) {
        acts::withdraw(tx, caller, template_, now);
    };
    co_await call.services->store.write(std::move(write));
    co_return Nothing{};
}

Task<view::Needs> template_needs(Call call, std::string name) {
    auto read = [caller = call.caller(), name](store::Rows& rows) {
        const auto found = acts::find_template(rows, caller, name);
        view::Needs needs;
        for (const auto& need : acts::needs_of(rows, caller.user, found.name, found.spec))
            needs.items.push_back({need.name, need.required, need.there, need.agreed});
        return needs;
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Keys> list_keys(Call call) {
    auto read = [keyring = call.services->keyring](store::Rows& rows) { return keys_view(rows, keyring); };
    co_return co_await call.services->store.read(std::move(read));
}

Task<Accepted<view::Keys>> rotate_keys(Call call) {
    auto& services = *call.services;
    auto write = [caller = call.caller(), keyring = services.keyring, now = services.now()](store::Tx& tx) {
        acts::rotate_keys(tx, keyring, caller, now);
        return keys_view(tx, keyring);
    };
    co_return Accepted<view::Keys>{co_await services.store.write(std::move(write))};
}

}  // namespace berth::api
