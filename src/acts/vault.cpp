#include "acts/vault.hpp"

#include "acts/consent.hpp"
#include "acts/rows.hpp"
#include "acts/secrets.hpp"

namespace berth::acts {
namespace {

void add_secret(store::Rows& rows, const Keyring& keyring, const UserId& user, const SecretRef& ref,
                Handover& out) {
    const auto secret = rows.find_secret(user, ref.name);
    if (!secret) return;
    auto value = open_secret(rows, keyring, *secret);
    if (ref.as == SecretAs::env)
        out.env[ref.target] = std::move(value);
    else
        out.files.push_back({.path = ref.target, .content = std::move(value)});
}

Handover open_refs(store::Rows& rows, const Keyring& keyring, const SessionId& id,
                   const std::vector<SecretRef>& refs) {
    const auto session = rows.find_session(Caller::system(), id);
    if (!session || session->status.phase == Phase::gone || session->asks.terminate) throw no_such("session");
    const auto user = rows.find_user(session->user);
    if (!user || !user->active) throw no_such("user");
    const auto revision = rows.get_revision(Caller::system(), session->template_, session->revision);
    const auto granted = granted_to(rows, session->user, session->template_, revision.spec);
    Handover out;
    for (const auto& ref : refs) {
        if (ref.as == SecretAs::user_files && granted.files) {
            for (auto& file : rows.user_files_of(session->user))
                out.files.push_back({.path = ref.target + "/" + file.path, .upload = file});
        } else if (ref.as != SecretAs::user_files && granted.secrets.contains(ref.name)) {
            add_secret(rows, keyring, session->user, ref, out);
        }
    }
    return out;
}

}  // namespace

Task<Handover> Vault::deliver(SessionId session, std::vector<SecretRef> refs) {
    auto read = [keyring = keyring_, session, refs = std::move(refs)](store::Rows& rows) {
        return open_refs(rows, keyring, session, refs);
    };
    co_return co_await store_.read(std::move(read));
}

Task<SecretText> Vault::part(UserFile upload, int number) {
    auto read = [keyring = keyring_, upload = std::move(upload), number](store::Rows& rows) {
        return open_part(rows, keyring, upload, number);
    };
    co_return co_await store_.read(std::move(read));
}

}  // namespace berth::acts
