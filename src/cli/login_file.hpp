#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/json.hpp"

namespace berth::cli {

/// A token that `berth login` stored for one server.
struct StoredLogin {
    std::string user;  ///< Name of the user, for messages.
    std::string token;
    std::string token_id;  ///< What `logout` revokes; empty for a token that was given ready-made.
    bool operator==(const StoredLogin&) const = default;
};
BOOST_DESCRIBE_STRUCT(StoredLogin, (), (user, token, token_id))

/// What the command line remembers: the server it talks to, and a token for each one signed in to. A token is
/// never sent to another URL than its own.
struct LoginFile {
    std::string url;
    std::map<std::string, StoredLogin> logins;  ///< By URL.
    bool operator==(const LoginFile&) const = default;
};
BOOST_DESCRIBE_STRUCT(LoginFile, (), (url, logins))

/// Reads the file; an absent one is empty. Throws `invalid` (`bad_login_file`) naming the file.
LoginFile read_login_file(const std::string& path);

/// Replaces the file at once, readable by its owner only; makes the folder (0700). Throws `unavailable`.
void write_login_file(const std::string& path, const LoginFile& file);

}  // namespace berth::cli
