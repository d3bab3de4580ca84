#pragma once

#include "acts/user_files.hpp"
#include "base/json.hpp"
#include "model/secret.hpp"

/// What travels about what users keep sealed with us. No member of these ever holds a value.
namespace berth::api::view {

/// A secret, without its value: nobody gets that from here.
struct Secret {
    std::string name;
    int version = 1;  ///< One more at each change.
    Time created_at{};
    Time updated_at{};
};
BOOST_DESCRIBE_STRUCT(Secret, (), (name, version, created_at, updated_at))

/// A value for a secret.
struct SecretRequest {
    std::string value;  ///< At most 64 KiB, without zero bytes.
};
BOOST_DESCRIBE_STRUCT(SecretRequest, (), (value))

/// A file that its user uploaded.
struct UploadedFile {
    std::string path;
    Bytes size;
    std::string type;
    std::string sha256;  ///< Hex.
    Time created_at{};
};
BOOST_DESCRIBE_STRUCT(UploadedFile, (), (path, size, type, sha256, created_at))

/// What uploads may be.
struct FileLimits {
    Bytes each;
    Bytes together;
    std::int64_t count = 0;
    std::vector<std::string> types;  ///< Empty: any.
};
BOOST_DESCRIBE_STRUCT(FileLimits, (), (each, together, count, types))

/// All of a user's files.
struct UploadedFiles {
    std::vector<UploadedFile> items;
    std::int64_t total = 0;
    Bytes used;
    FileLimits limits;
};
BOOST_DESCRIBE_STRUCT(UploadedFiles, (), (items, total, used, limits))

/// That a template may have something.
struct Consent {
    std::string template_;
    std::string name;  ///< Of a secret, or `files/`: all uploaded files.
    Time given_at{};
};
BOOST_DESCRIBE_STRUCT(Consent, (), (template_, name, given_at))

/// What a template may have from now on.
struct ConsentRequest {
    std::string template_;
    std::vector<std::string> names;
};
BOOST_DESCRIBE_STRUCT(ConsentRequest, (), (template_, names))

/// Something of the caller's that a template asks for.
struct Need {
    std::string name;       ///< Of a secret, or `files/`.
    bool required = false;  ///< No launch without it.
    bool there = false;
    bool agreed = false;
};
BOOST_DESCRIBE_STRUCT(Need, (), (name, required, there, agreed))

/// All of it.
struct Needs {
    std::vector<Need> items;
};
BOOST_DESCRIBE_STRUCT(Needs, (), (items))

/// A key that secrets and files are sealed under.
struct Key {
    KeyId id;
    Time created_at{};
    std::optional<Time> retired_at;
    std::int64_t sealed = 0;  ///< Secrets and parts of files that are under it now.
};
BOOST_DESCRIBE_STRUCT(Key, (), (id, created_at, retired_at, sealed))

/// The keyring: a rotation goes on while a retired key is among them.
struct Keys {
    std::vector<Key> items;
    bool rotating = false;
    std::optional<std::string> locked;  ///< Why secrets and files do not open, and what to do.
};
BOOST_DESCRIBE_STRUCT(Keys, (), (items, rotating, locked))

}  // namespace berth::api::view
