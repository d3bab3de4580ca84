#include "migrate.hpp"

#include <fmt/format.h>

#include <iostream>

#include "base/secret_text.hpp"
#include "store/copy.hpp"

namespace berth {

int migrate(const MigrateOptions& options) {
    SystemClock clock;
    store::ServerOptions server;
    server.password_file = options.password_file;
    const auto done = store::copy(options.from, options.to, server, clock);
    std::int64_t rows = 0;
    for (const auto& table : done.tables) {
        std::cout << fmt::format("{:<18}{:>10} rows\n", table.table, table.rows);
        rows += table.rows;
    }
    if (done.mended > 0)
        std::cout << fmt::format("{} texts held bytes that are not UTF-8, which were replaced\n",
                                 done.mended);
    std::cout << fmt::format("{} rows copied and compared, from {} to {}\n", rows,
                             without_password(options.from), without_password(options.to));
    return 0;
}

}  // namespace berth
