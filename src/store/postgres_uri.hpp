#pragma once

#include <string>

#include "store/store.hpp"

namespace berth::store {

/// The connection URI of libpq with our limits and the password of the file, where it does not say otherwise.
/// With several hosts the one that takes changes is connected to.
///
/// Throws `invalid` (`unknown_database`) for one that cannot be read, `unavailable` (`password_unreadable`).
std::string connection_uri(const std::string& given, const ServerOptions& options);

}  // namespace berth::store
