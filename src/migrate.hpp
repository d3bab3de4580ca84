#pragma once

#include <string>

namespace berth {

struct MigrateOptions {
    std::string from, to;       ///< As the key `database` of the configuration.
    std::string password_file;  ///< For the server of either.
};

/// `berth migrate`: copies a database that no Berth uses into an empty one, compares each row, and says what
/// it did. Gives the exit status; throws what `store::copy` throws.
int migrate(const MigrateOptions& options);

}  // namespace berth
