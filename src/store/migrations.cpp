#include "store/migrations.hpp"

#include <fmt/format.h>

#include "crypto/random.hpp"
#include "store/migrations/m0001_first.hpp"
#include "store/migrations/m0002_replicas.hpp"
#include "store/migrations/m0003_mirror.hpp"
#include "store/migrations/m0004_init_steps.hpp"
#include "store/migrations/m0005_stay.hpp"
#include "store/migrations/m0006_lifecycle.hpp"
#include "store/migrations/m0007_quota.hpp"

namespace berth::store {
namespace {

constexpr Migration all[] = {
    {1, "first", scripts::m0001_first},   {2, "replicas", scripts::m0002_replicas},
    {3, "mirror", scripts::m0003_mirror}, {4, "init steps", scripts::m0004_init_steps},
    {5, "stay", scripts::m0005_stay},     {6, "lifecycle", scripts::m0006_lifecycle},
    {7, "quota", scripts::m0007_quota},
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

namespace {

/// Runs the next one that the database has not seen. False when there is none. In a transaction that keeps
/// other programs from doing the same.
bool migrate_once(Connection& db, std::span<const Migration> known, Time now) {
    db.begin(Access::write);
    try {
        db.script(
            "CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL, "
            "checksum TEXT NOT NULL, applied_at BIGINT NOT NULL);");
        const auto past = db.select<Past>("ORDER BY number");
        require_known(past, known);
        const bool more = past.size() < known.size();
        if (more) {
            const auto& next = known[past.size()];
            db.migrate(next.script);
            db.insert(Past{next.number, next.name, crypto::sha256_hex(next.script), now});
        }
        db.commit();
        return more;
    } catch (...) {
        db.roll_back();
        throw;
    }
}

}  // namespace

void migrate(Connection& db, std::span<const Migration> known, Time now) {
    while (migrate_once(db, known, now)) continue;
}

void require_migrated(Connection& db) {
    const auto past = db.select<Past>("ORDER BY number");
    require_known(past, all);
    if (past.size() < std::size(all))
        throw Error(Kind::conflict, "database_older",
                    fmt::format("the database is at migration {}, this program wants {}", past.size(),
                                std::size(all)),
                    "start this Berth with it once, and stop it");
}

}  // namespace berth::store
