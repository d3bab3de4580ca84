#include "acts/secrets.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "acts/rows.hpp"
#include "model/limits.hpp"

namespace berth::acts {
namespace {

std::string seal_value(const UserSecret& secret, const crypto::FernetKey& key, const SecretText& value,
                       Time now) {
    return crypto::seal(key, {"secret", secret.user.text, secret.name}, value.reveal(), now);
}

SecretText open_value(const UserSecret& secret, const crypto::FernetKey& key) {
    return crypto::open_sealed(key, {"secret", secret.user.text, secret.name}, secret.sealed);
}

void tell(store::Tx& tx, const Caller& caller, const std::string& name, std::string kind, Time now) {
    const Happening happening{.at = now,
                              .actor = caller.name,
                              .kind = std::move(kind),
                              .subject_kind = "secret",
                              .subject = name,
                              .owner = caller.user,
                              .data = {{"name", name}}};
    append_audit(tx, happening);
    append_state(tx, happening);
}

}  // namespace

void check_secret_name(const std::string& name) {
    if (!is_variable_name(name) || name.size() > limits::variable_max)
        throw Error(
            Kind::invalid, "invalid_field",
            "name: " + quoted(name.substr(0, 128)) + " is not the name of a variable",
            fmt::format("use at most {} letters, digits and _, and no digit first", limits::variable_max));
    if (name.starts_with("BERTH_"))
        throw Error(Kind::invalid, "invalid_field", "name: what begins with BERTH_ is set by Berth itself",
                    "use another name");
}

UserSecret put_secret(store::Tx& tx, const Keyring& keyring, const Caller& caller, const std::string& name,
                      const SecretText& value, Time now) {
    check_secret_name(name);
    if (value.reveal().size() > secret_bytes_max)
        throw Error(Kind::invalid, "too_large", "secret " + quoted(name) + " is larger than 64 KiB",
                    "upload what is larger as a file");
    if (value.reveal().find('\0') != std::string::npos)
        throw Error(Kind::invalid, "invalid_field",
                    "secret " + quoted(name) + " holds a zero byte, which no variable can",
                    "upload it as a file");
    const auto before = tx.find_secret(caller.user, name);
    if (!before && tx.secrets_of(caller.user).size() >= secrets_max)
        throw Error(Kind::too_many, "quota_exceeded",
                    fmt::format("you have {} secrets, which is the limit", secrets_max),
                    "delete one that is not needed any more");
    const auto key = keyring.newest(tx);
    UserSecret secret{.user = caller.user,
                      .name = name,
                      .key = key.id,
                      .version = before ? before->version + 1 : 1,
                      .created_at = before ? before->created_at : now,
                      .updated_at = now};
    secret.sealed = seal_value(secret, key.key, value, now);
    tx.put_secret(secret);
    tell(tx, caller, name, before ? "secret.updated" : "secret.created", now);
    return secret;
}

void delete_secret(store::Tx& tx, const Caller& caller, const std::string& name, Time now) {
    if (!tx.delete_secret(caller.user, name)) {
        std::vector<std::string> known;
        for (const auto& secret : tx.secrets_of(caller.user)) known.push_back(secret.name);
        throw no_such("secret", name, known);
    }
    tell(tx, caller, name, "secret.deleted", now);
}

SecretText open_secret(store::Rows& rows, const Keyring& keyring, const UserSecret& secret) {
    return open_value(secret, keyring.get(rows, secret.key).key);
}

std::string reseal_secret(const UserSecret& secret, const crypto::FernetKey& from,
                          const crypto::FernetKey& to, Time now) {
    return seal_value(secret, to, open_value(secret, from), now);
}

std::string version_of(const UserSecret& secret) {
    return fmt::format("{}.{}", secret.created_at.time_since_epoch().count(), secret.version);
}

}  // namespace berth::acts
