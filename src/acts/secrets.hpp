#pragma once

#include "acts/keyring.hpp"

/// What users keep that only their sessions read: written and replaced here, and shown to nobody.
namespace berth::acts {

inline constexpr std::size_t secret_bytes_max = std::size_t{64} << 10;
inline constexpr std::size_t secrets_max = 100;  ///< Of a user.

/// Throws `invalid` for what is not the name of a variable, or is one that Berth sets itself.
void check_secret_name(const std::string& name);

/// A new value under a new or known name. Throws `invalid` for name and value, `too_large`, `too_many`
/// (`quota_exceeded`), and what a locked keyring says.
UserSecret put_secret(store::Tx& tx, const Keyring& keyring, const Caller& caller, const std::string& name,
                      const SecretText& value, Time now);

/// Throws `not_found`.
void delete_secret(store::Tx& tx, const Caller& caller, const std::string& name, Time now);

SecretText open_secret(store::Rows& rows, const Keyring& keyring, const UserSecret& secret);
std::string reseal_secret(const UserSecret& secret, const crypto::FernetKey& from,
                          const crypto::FernetKey& to, Time now);

/// Another text whenever the value is another, also after the name was free for a while.
std::string version_of(const UserSecret& secret);

}  // namespace berth::acts
