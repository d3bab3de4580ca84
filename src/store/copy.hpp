#pragma once

#include <string>
#include <vector>

#include "store/store.hpp"

namespace berth::store {

/// A table that was copied.
struct Copied {
    std::string table;
    std::int64_t rows = 0;
};

/// What was copied, in order.
struct Copy {
    std::vector<Copied> tables;
    std::int64_t mended = 0;  ///< Texts that were not UTF-8, or held NUL, and now have U+FFFD there.
};

/// Copies everything of one database into another, which has no rows yet and is migrated here: in one
/// transaction, and each row is read back and compared before the commit. `from` and `to` are as
/// `Options::database`; neither may be used by a Berth meanwhile.
///
/// Throws `conflict`: `data_directory_in_use` or `database_in_use`, `database_not_empty`, `database_older`
/// when the source was never opened by a Berth of this version, and `copy_differs` when a row came back
/// otherwise; `not_found` when there is no source.
Copy copy(const std::string& from, const std::string& to, const ServerOptions& server, Clock& clock);

}  // namespace berth::store
