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

/// Runs those that the database has not seen, each in a transaction of its own; programs that do so at once
/// wait for each other. Throws as `open` says.
void migrate(Connection& db, std::span<const Migration> known, Time now);

/// Throws as `open` says, and `conflict` (`database_older`) when a migration is missing.
void require_migrated(Connection& db);

}  // namespace berth::store
