#pragma once

#include "acts/keyring.hpp"
#include "config.hpp"

/// Where the key is that everything secret in the database is sealed under.
namespace berth {

/// What `BERTH_MASTER_KEY` holds, taken out of the environment, so that no program that we start gets it.
/// Before there is a second thread: any may read the environment.
SecretText take_given_key();

/// The keyring of this Berth: what `masterKeyCommand` prints, else the key that was `given`, else the file
/// `masterKeyFile`, which is made when there is none and nothing is sealed yet.
///
/// Never fails for what is wrong with the key: then it is locked, the log says why and what to do, and
/// everything but secrets and files works.
Task<acts::Keyring> open_keyring(store::Store& store, const Config& config, SecretText given, Clock& clock);

/// The key in a text as people make it: 32 bytes in Base64, of either alphabet, blanks around it ignored.
/// Nothing for any other text.
std::optional<crypto::FernetKey> read_key_text(const SecretText& text);

/// The key in the file, or nothing when there is no such file. Throws `unavailable` (`keys_unavailable`) for
/// one that cannot be read, that others than its owner can read, or that holds none.
std::optional<crypto::FernetKey> read_key_file(const std::string& path);

/// Makes the file, mode 0600, with a new key. What is there is never overwritten: then that is the key.
crypto::FernetKey make_key_file(const std::string& path);

}  // namespace berth
