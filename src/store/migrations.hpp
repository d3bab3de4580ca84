#pragma once

#include <span>

#include "store/sql.hpp"

namespace berth::store {

/// One step from an older database to a newer one. Never edited once released: another follows.
struct Migration {
    int number = 0;
    const char* name = "";
    const char* script = "";
};

/// All that this program knows, by number, without gaps.
std::span<const Migration> migrations();

/// Runs those that the database has not seen, each in a transaction of its own. Throws as `open` says.
void migrate(Connection& db, std::span<const Migration> known, Time now);

}  // namespace berth::store
