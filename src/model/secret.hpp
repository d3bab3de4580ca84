#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/template.hpp"
#include "model/user.hpp"

/// What users keep with us that only their sessions may read. Rows hold it sealed: a Fernet token under a key
/// of the keyring.
namespace berth {

struct KeyNoun {};
using KeyId = Id<KeyNoun>;
struct UserFileNoun {};
using UserFileId = Id<UserFileNoun>;

/// A key of the keyring, itself sealed under the master key.
struct SealingKey {
    KeyId id;
    std::string sealed;
    Time created_at{};
    std::optional<Time> retired_at;  ///< Nothing is sealed under it any more; what is, is sealed anew.
    bool operator==(const SealingKey&) const = default;
};
BOOST_DESCRIBE_STRUCT(SealingKey, (), (id, sealed, created_at, retired_at))

/// A value of a user, with a name that is unique among theirs.
struct UserSecret {
    UserId user;
    std::string name;
    KeyId key;
    std::string sealed;
    int version = 1;  ///< One more at each change.
    Time created_at{};
    Time updated_at{};
    bool operator==(const UserSecret&) const = default;
};
BOOST_DESCRIBE_STRUCT(UserSecret, (), (user, name, key, sealed, version, created_at, updated_at))

/// A file that a user uploaded; its content is in parts.
struct UserFile {
    UserFileId id;  ///< Another one at each upload: what is being read stays as it was.
    UserId user;
    std::string path;  ///< Relative, unique among the user's.
    Bytes size;
    std::string sha256;  ///< Hex, of the content.
    std::string type;    ///< As the uploader named it: `text/plain`.
    bool complete = false;
    Time created_at{};
    bool operator==(const UserFile&) const = default;
};
BOOST_DESCRIBE_STRUCT(UserFile, (), (id, user, path, size, sha256, type, complete, created_at))

/// One piece of a file, in order from 0.
struct UserFilePart {
    UserFileId file;
    int number = 0;
    KeyId key;
    std::string sealed;
    bool operator==(const UserFilePart&) const = default;
};
BOOST_DESCRIBE_STRUCT(UserFilePart, (), (file, number, key, sealed))

/// A user lets a template have something of theirs: a secret by its name, or all files (empty name).
struct Consent {
    UserId user;
    std::string template_;
    std::string secret;
    Time given_at{};
    bool operator==(const Consent&) const = default;
};
BOOST_DESCRIBE_STRUCT(Consent, (), (user, template_, secret, given_at))

/// Whether it can name a variable everywhere: letters of ASCII, digits and `_`, no digit first.
bool is_variable_name(std::string_view name);

}  // namespace berth
