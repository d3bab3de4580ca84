#pragma once

#include "acts/user_files.hpp"
#include "model/workload.hpp"

namespace berth::acts {

/// A file on its way into a session.
struct HandoverFile {
    std::string path;    ///< Absolute, as the component sees it.
    SecretText content;  ///< Of a secret; else empty, and the parts of `upload` are the content.
    UserFile upload;
};

/// What a session's components get of its user's.
struct Handover {
    std::map<std::string, SecretText> env;
    std::vector<HandoverFile> files;
};

/// Gives out what sessions may have: judged anew at each call, by the rows of that moment. The only place
/// where a secret leaves its seal.
class Vault {
  public:
    Vault(store::Store& store, Keyring keyring) : store_(store), keyring_(std::move(keyring)) {}

    /// What the references stand for. What is not there any more, what its user does not agree to, and what
    /// the session's template does not ask for is left out. Throws `not_found` for a session that is gone and
    /// for one whose user may not sign in, and what a locked keyring says when there is anything to open.
    Task<Handover> deliver(SessionId session, std::vector<SecretRef> refs);
    /// Throws `not_found` when the file is gone, or another one by now.
    Task<SecretText> part(UserFile upload, int number);

    const Keyring& keyring() const { return keyring_; }

  private:
    store::Store& store_;
    Keyring keyring_;
};

}  // namespace berth::acts
