#include "store/copy.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "crypto/random.hpp"
#include "store/address.hpp"
#include "store/lock.hpp"
#include "store/migrations.hpp"

namespace berth::store {
namespace {

constexpr int rows_at_once = 1000;

/// A table with its primary key, which gives the order that rows are read in.
struct Source {
    const char* name;
    std::vector<std::string> key;
};

/// What is referred to comes before what refers to it.
const std::vector<Source>& sources() {
    static const std::vector<Source> all{{"user", {"id"}},
                                         {"login", {"id"}},
                                         {"token", {"id"}},
                                         {"ticket", {"secret_hash"}},
                                         {"template", {"name"}},
                                         {"template_revision", {"name", "revision"}},
                                         {"workspace", {"id"}},
                                         {"session", {"id"}},
                                         {"volume", {"handle"}},
                                         {"event", {"sequence"}},
                                         {"idempotency", {"user_id", "route", "key"}},
                                         {"setting", {"name"}},
                                         {"leader", {"id"}},
                                         {"mirror", {"kind", "row_id"}},
                                         {"watermark", {"holder"}},
                                         {"tier", {"name"}},
                                         {"user_group", {"id"}},
                                         {"membership", {"group_id", "user_id"}},
                                         {"sealing_key", {"id"}},
                                         {"secret", {"user_id", "name"}},
                                         {"user_file", {"id"}},
                                         {"user_file_part", {"file_id", "number"}},
                                         {"consent", {"user_id", "template", "secret"}}};
    return all;
}

/// Keeps everybody else away from a database for as long as it lives.
class Exclusive {
  public:
    Exclusive(const std::string& database, const ServerOptions& server) {
        const auto address = parse_address(database);
        if (address.kind == Address::memory)
            throw Error(Kind::invalid, "unknown_database", "a database in memory cannot be copied",
                        "give the path of a file, or postgres://USER@HOST/NAME");
        if (address.kind == Address::file) lock_.emplace(address.text);
        db_ = std::make_unique<Connection>(database, server);
        if (!db_->dialect().claim(Dialect::Share::alone))
            throw Error(Kind::conflict, "database_in_use", "the database is in use by a Berth",
                        "stop every Berth that uses it");
    }
    Connection& operator*() { return *db_; }

  private:
    std::optional<Lock> lock_;
    std::unique_ptr<Connection> db_;
};

struct Shape {
    std::string table;
    std::vector<std::string> columns;
    Kinds kinds;
    std::vector<std::size_t> key;  // Places among the columns.
};

Shape shape_of(Connection& db, const Source& source) {
    Shape shape{.table = source.name, .columns = {}, .kinds = {}, .key = {}};
    Cell name;
    name.set(std::string_view(source.name));
    db.query(db.dialect().columns_query(), {name}, {CellKind::text, CellKind::number},
             [&](const Statement& found) {
                 shape.columns.push_back(found.result(0).text);
                 shape.kinds.push_back(found.result(1).number != 0 ? CellKind::number : CellKind::text);
             });
    for (const auto& part : source.key)
        shape.key.push_back(
            static_cast<std::size_t>(std::ranges::find(shape.columns, part) - shape.columns.begin()));
    return shape;
}

std::string quoted_list(const std::vector<std::string>& names) {
    return fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

using Row = std::vector<Cell>;

/// Calls `each(row)` for all rows in the order of the key.
template <class Each>
void for_each_row(Connection& db, const Source& source, const Shape& shape, Each each) {
    const auto key = quoted_list(source.key);
    const auto head = fmt::format("SELECT {} FROM \"{}\"", quoted_list(shape.columns), shape.table);
    std::string after;
    for (std::size_t part = 0; part < source.key.size(); ++part)
        after += fmt::format("{}:k{}", part == 0 ? "" : ", ", part);
    const auto tail = fmt::format(" ORDER BY {} LIMIT {}", key, rows_at_once);
    std::vector<Cell> last;
    for (int count = rows_at_once; count == rows_at_once;) {
        const auto from = last.empty() ? std::string() : fmt::format(" WHERE ({}) > ({})", key, after);
        count = 0;
        std::vector<Row> page;
        db.query(fmt::format("{}{}{}", head, from, tail), last, shape.kinds, [&](const Statement& found) {
            Row row;
            for (std::size_t place = 0; place < shape.kinds.size(); ++place)
                row.push_back(found.result(place));
            page.push_back(std::move(row));
            ++count;
        });
        for (auto& row : page) {
            last.clear();
            for (const auto place : shape.key) last.push_back(row[place]);
            each(row);
        }
    }
}

/// The row as a text that no other row has: each value with its kind and length.
std::string hash_of(const Row& row) {
    std::string text;
    for (const auto& cell : row) {
        if (cell.state == soci::i_null)
            text += "-;";
        else if (cell.kind == CellKind::number)
            text += fmt::format("n{};", cell.number);
        else
            text += fmt::format("t{}:{};", cell.text.size(), cell.text);
    }
    return crypto::sha256_hex(text);
}

/// Makes the texts of a row such as every database can keep; returns how many were not.
int mend(Row& row) {
    int mended = 0;
    for (auto& cell : row) {
        if (cell.kind != CellKind::text || cell.state == soci::i_null) continue;
        auto text = well_formed(cell.text);
        if (text == cell.text) continue;
        cell.text = std::move(text);
        ++mended;
    }
    return mended;
}

void require_same_tables(Connection& db) {
    std::set<std::string> known{"migration", "writer"}, there;
    for (const auto& source : sources()) known.insert(source.name);
    db.query(db.dialect().tables_query(), {}, {CellKind::text},
             [&](const Statement& found) { there.insert(found.result(0).text); });
    for (const auto& table : there)
        if (!known.contains(table))
            throw Error(Kind::conflict, "unknown_table",
                        "the database has a table " + berth::quoted(table) + " that is none of Berth's",
                        "keep it in a schema or database of its own");
}

void require_empty(Connection& db) {
    for (const auto& source : sources())
        if (db.value<std::int64_t>(fmt::format("SELECT COUNT(*) FROM \"{}\"", source.name)) != 0)
            throw Error(Kind::conflict, "database_not_empty",
                        "the database to copy to has rows already: table " +
                            berth::quoted(std::string_view(source.name)),
                        "give one that is new");
}

/// Copies one table and compares what it then has.
Copied copy_table(Connection& from, Connection& to, const Source& source, std::int64_t& mended) {
    const auto shape = shape_of(from, source);
    std::string values;
    for (std::size_t place = 0; place < shape.columns.size(); ++place)
        values += fmt::format("{}:c{}", place == 0 ? "" : ", ", place);
    const auto insert =
        fmt::format("INSERT INTO \"{}\" ({}) VALUES ({})", shape.table, quoted_list(shape.columns), values);
    std::vector<std::string> hashes;
    for_each_row(from, source, shape, [&](Row& row) {
        mended += mend(row);
        hashes.push_back(hash_of(row));
        to.query(insert, row, {}, [](const Statement&) {});
    });
    // The same key is unique and ordered by bytes on both sides, so the rows come back in the same order;
    // where a key was mended they may not.
    std::vector<std::string> back;
    for_each_row(to, source, shape, [&](const Row& row) { back.push_back(hash_of(row)); });
    std::ranges::sort(hashes);
    std::ranges::sort(back);
    if (hashes != back)
        throw Error(Kind::conflict, "copy_differs",
                    fmt::format("table {}: {} rows were written and {} came back, not the same", shape.table,
                                hashes.size(), back.size()),
                    "nothing was kept; report this as a defect");
    return {shape.table, std::ssize(back)};
}

}  // namespace

Copy copy(const std::string& from, const std::string& to, const ServerOptions& server, Clock& clock) {
    const auto address = parse_address(from);
    if (address.kind == Address::file && !std::filesystem::exists(address.text))
        throw Error(Kind::not_found, "not_found", "there is no database " + berth::quoted(address.text));
    Exclusive source(from, server), target(to, server);
    require_migrated(*source);
    require_same_tables(*source);
    migrate(*target, migrations(), clock.now());
    Copy done;
    (*source).begin(Access::read);
    (*target).begin(Access::write);
    try {
        require_empty(*target);
        for (const auto& table : sources())
            done.tables.push_back(copy_table(*source, *target, table, done.mended));
        (*target).commit({}, true);
    } catch (...) {
        (*target).roll_back();
        (*source).roll_back();
        throw;
    }
    (*source).roll_back();
    return done;
}

}  // namespace berth::store
