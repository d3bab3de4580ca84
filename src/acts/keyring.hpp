#pragma once

#include <memory>

#include "crypto/seal.hpp"
#include "store/store.hpp"

/// The keys that users' secrets and files are sealed under. They are rows, each sealed under the master key,
/// which no row has.
namespace berth::acts {

/// What opens and seals. Cheap to copy: closures that go to the store take it by value.
class Keyring {
  public:
    struct Key {
        KeyId id;
        crypto::FernetKey key;
    };

    /// Locked: nobody gave it a master key.
    Keyring();
    explicit Keyring(crypto::FernetKey master);
    /// Opens and seals nothing: everything below throws `why`.
    static Keyring locked(Error why);
    /// Why nothing opens; nullptr when it does.
    const Error* locked_because() const { return why_.get(); }

    /// The key that is sealed under now. Throws `unavailable` (`keys_unavailable`).
    Key newest(store::Rows& rows) const;
    /// One by its id, also a retired one.
    Key get(store::Rows& rows, const KeyId& id) const;
    /// A new key, of which there is no row yet.
    SealingKey make(Time now) const;

  private:
    Key open(const SealingKey& row) const;
    std::shared_ptr<const crypto::FernetKey> master_;
    std::shared_ptr<const Error> why_;
};

/// The keyring at start: proves that the master key is the one of these rows, and makes the first key where
/// there is none. Locked, with the reason and what to do, when it is another one. `place` is where the master
/// key came from, in words.
Keyring unlock(store::Tx& tx, const crypto::FernetKey& master, const std::string& place, Time now);

/// The failure that everybody who needs a key gets. `why` tells the operator more than users hear.
Error keys_unavailable(const std::string& why, std::string next);

/// A new key for all that is sealed from now on; the others are retired, and what is sealed under them is
/// sealed anew by the operator. Gives the id of the new one.
KeyId rotate_keys(store::Tx& tx, const Keyring& keyring, const Caller& caller, Time now);

/// Some of what is still sealed under retired keys, sealed under the newest.
struct Resealed {
    struct Secret {
        UserSecret before;
        std::string sealed;
    };
    struct Part {
        UserFilePart before;
        std::string sealed;
    };
    KeyId key;
    std::vector<Secret> secrets;
    std::vector<Part> parts;
    bool empty() const { return secrets.empty() && parts.empty(); }
};

/// The next of them, few enough that nobody waits long; empty when nothing is left.
Resealed reseal_some(store::Rows& rows, const Keyring& keyring, Time now);
/// Writes what did not change meanwhile: what did is sealed anew by whoever changed it.
void write_resealed(store::Tx& tx, const Resealed& resealed);

/// Deletes retired keys that nothing is sealed under, a minute after their retirement: what is being sealed
/// under one now is written by then. True when there is none left to wait for.
bool drop_unused_keys(store::Tx& tx, Time now);

}  // namespace berth::acts
