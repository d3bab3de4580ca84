#include "acts/keyring.hpp"

#include <algorithm>

#include "acts/rows.hpp"
#include "acts/secrets.hpp"
#include "acts/user_files.hpp"
#include "base/log.hpp"
#include "crypto/random.hpp"

namespace berth::acts {
namespace {

constexpr int secrets_at_once = 100;
constexpr int parts_at_once = 4;  // Of up to a MiB each.
constexpr Duration drop_after = std::chrono::minutes(1);

std::vector<SealingKey> retired_keys(store::Rows& rows) {
    auto keys = rows.sealing_keys();
    std::erase_if(keys, [](const SealingKey& key) { return !key.retired_at; });
    return keys;
}

/// One thing that does not open stays as it is, under the key that it names, and keeps no other waiting.
template <class Work>
void unless_damaged(const std::string& what, Work work) {
    try {
        work();
    } catch (const Error& error) {
        log::warning("not sealed anew", {{"what", what}, {"error", error.what()}});
    }
}

}  // namespace

Keyring::Keyring() : why_(std::make_shared<const Error>(keys_unavailable("there is no master key", ""))) {}

Keyring::Keyring(crypto::FernetKey master)
    : master_(std::make_shared<const crypto::FernetKey>(std::move(master))) {}

Keyring Keyring::locked(Error why) {
    Keyring keyring;
    keyring.why_ = std::make_shared<const Error>(std::move(why));
    return keyring;
}

Keyring::Key Keyring::open(const SealingKey& row) const {
    if (why_) throw Error(*why_);
    const auto text = crypto::open_sealed(*master_, {"key", row.id.text}, row.sealed);
    auto key = crypto::FernetKey::parse(text.reveal());
    if (!key) throw Error(Kind::internal, "sealed_damaged", "key " + quoted(row.id.text) + " is none");
    return {row.id, std::move(*key)};
}

Keyring::Key Keyring::newest(store::Rows& rows) const {
    if (why_) throw Error(*why_);
    const auto keys = rows.sealing_keys();
    for (auto key = keys.rbegin(); key != keys.rend(); ++key)
        if (!key->retired_at) return open(*key);
    throw keys_unavailable("there is no key", "start Berth again");
}

Keyring::Key Keyring::get(store::Rows& rows, const KeyId& id) const {
    for (const auto& key : rows.sealing_keys())
        if (key.id == id) return open(key);
    throw Error(Kind::internal, "sealed_damaged", "there is no key " + quoted(id.text));
}

SealingKey Keyring::make(Time now) const {
    if (why_) throw Error(*why_);
    SealingKey row{.id = {crypto::new_id("key")}, .created_at = now};
    row.sealed =
        crypto::seal(*master_, {"key", row.id.text}, crypto::FernetKey::random().text().reveal(), now);
    return row;
}

Error keys_unavailable(const std::string& why, std::string next) {
    return Error(Kind::unavailable, "keys_unavailable", "secrets and files are locked: " + why,
                 std::move(next));
}

Keyring unlock(store::Tx& tx, const crypto::FernetKey& master, const std::string& place, Time now) {
    Keyring keyring(master);
    try {
        for (const auto& key : tx.sealing_keys()) keyring.get(tx, key.id);
    } catch (const Error&) {
        return Keyring::locked(
            keys_unavailable("the master key (" + place + ") is not the one that they were sealed under",
                             "an administrator puts back the master key of this database, and starts Berth "
                             "again"));
    }
    if (tx.sealing_keys().empty()) tx.insert_sealing_key(keyring.make(now));
    return keyring;
}

KeyId rotate_keys(store::Tx& tx, const Keyring& keyring, const Caller& caller, Time now) {
    const auto made = keyring.make(now);
    for (auto& key : tx.sealing_keys()) {
        if (key.retired_at) continue;
        key.retired_at = now;
        tx.update_sealing_key(key);
    }
    tx.insert_sealing_key(made);
    const Happening happening{.at = now,
                              .actor = caller.name,
                              .kind = "key.rotated",
                              .subject_kind = "key",
                              .subject = made.id.text};
    append_audit(tx, happening);
    return made.id;
}

Resealed reseal_some(store::Rows& rows, const Keyring& keyring, Time now) {
    Resealed some;
    for (const auto& retired : retired_keys(rows)) {
        const auto secrets = rows.secrets_under(retired.id, secrets_at_once);
        const auto parts = secrets.empty() ? rows.user_file_parts_under(retired.id, parts_at_once)
                                           : std::vector<UserFilePart>{};
        if (secrets.empty() && parts.empty()) continue;
        const auto from = keyring.get(rows, retired.id);
        const auto to = keyring.newest(rows);
        some.key = to.id;
        for (const auto& secret : secrets)
            unless_damaged("secret " + secret.name, [&] {
                some.secrets.push_back({secret, reseal_secret(secret, from.key, to.key, now)});
            });
        for (const auto& part : parts)
            unless_damaged("file " + part.file.text, [&] {
                if (const auto file = rows.find_user_file(part.file))
                    some.parts.push_back({part, reseal_part(*file, part, from.key, to.key, now)});
            });
        if (!some.empty()) break;
    }
    return some;
}

void write_resealed(store::Tx& tx, const Resealed& resealed) {
    for (const auto& [before, sealed] : resealed.secrets) {
        auto row = tx.find_secret(before.user, before.name);
        if (!row || row->sealed != before.sealed) continue;
        row->key = resealed.key;
        row->sealed = sealed;
        tx.put_secret(*row);
    }
    for (const auto& [before, sealed] : resealed.parts) {
        const auto row = tx.find_user_file_part(before.file, before.number);
        if (row && row->sealed == before.sealed)
            tx.put_user_file_part({before.file, before.number, resealed.key, sealed});
    }
}

bool drop_unused_keys(store::Tx& tx, Time now) {
    bool all = true;
    for (const auto& key : retired_keys(tx)) {
        const bool unused = *key.retired_at + drop_after <= now && tx.count_sealed(key.id) == 0;
        if (unused) tx.delete_sealing_key(key.id);
        all = all && unused;
    }
    return all;
}

}  // namespace berth::acts
