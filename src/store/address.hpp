#pragma once

#include <string>
#include <string_view>

namespace berth::store {

/// Which database: what `Options::database` says.
struct Address {
    enum Kind {
        memory,  ///< An empty text: SQLite in memory.
        file,    ///< A path, with or without `sqlite:` before it.
        server,  ///< `postgres://…` or `postgresql://…`: a connection URI of libpq.
    };

    Kind kind = memory;
    std::string text;  ///< Path or URI.
};

/// Throws `invalid` (`unknown_database`) for a URL of anything else.
Address parse_address(std::string_view database);

}  // namespace berth::store
