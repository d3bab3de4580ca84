#include "store/migrations.hpp"

#include <fmt/format.h>

#include "crypto/random.hpp"
#include "store/migrations/m0001_first.hpp"

namespace berth::store {
namespace {

constexpr Migration all[] = {
    {1, "first", scripts::m0001_first},
};

/// A migration that has run.
struct Past {
    int number = 0;
    std::string name;
    std::string checksum;
    Time applied_at{};
};

}  // namespace

template <>
struct Table<Past> {
    static constexpr const char* name = "migration";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.fixed("number", row.number);
        v.fixed("name", row.name);
        v.fixed("checksum", row.checksum);
        v.fixed("applied_at", row.applied_at);
    }
};

namespace {

void require_known(const std::vector<Past>& past, std::span<const Migration> known) {
    if (past.size() > known.size())
        throw Error(Kind::internal, "database_newer",
                    fmt::format("the database is at migration {} ({}), this program knows up to {}",
                                past.back().number, past.back().name, known.size()),
                    "start the newer program, or restore a backup of before its upgrade");
    for (std::size_t place = 0; place < past.size(); ++place) {
        const auto& ours = known[place];
        if (past[place].number != ours.number || past[place].checksum != crypto::sha256_hex(ours.script))
            throw Error(Kind::internal, "migration_changed",
                        fmt::format("migration {} ({}) of the database is not the one of this program",
                                    past[place].number, past[place].name),
                        "start the program that made this database");
    }
}

}  // namespace

std::span<const Migration> migrations() {
    return all;
}

void migrate(Connection& db, std::span<const Migration> known, Time now) {
    db.script(
        "CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL, "
        "checksum TEXT NOT NULL, applied_at BIGINT NOT NULL);");
    const auto past = db.select<Past>("ORDER BY number");
    require_known(past, known);
    for (const auto& migration : known.subspan(past.size())) {
        db.begin("IMMEDIATE");
        try {
            db.script(migration.script);
            db.insert(Past{migration.number, migration.name, crypto::sha256_hex(migration.script), now});
            db.commit();
        } catch (...) {
            db.roll_back();
            throw;
        }
    }
}

}  // namespace berth::store
