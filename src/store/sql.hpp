#pragma once

#include <soci/soci.h>

#include <algorithm>
#include <bit>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/cell.hpp"
#include "store/dialect.hpp"

/// A connection to the database, over SOCI. Which database it is knows only its dialect.
namespace berth::store {

/// A prepared statement with the cells that its parameters and results travel through.
class Statement {
  public:
    Statement(soci::session& session, const std::string& sql, const Kinds& parameters, const Kinds& results);
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Cell& parameter(std::size_t place) { return parameters_[place]; }
    std::vector<Cell> parameters() const { return {parameters_.get(), parameters_.get() + count_}; }
    const Cell& result(std::size_t place) const { return results_[place]; }
    bool execute() { return statement_.execute(true); }
    bool fetch() { return statement_.fetch(); }
    /// Whether the statement is not a query.
    static bool changes(std::string_view sql) { return !sql.starts_with("SELECT"); }
    std::int64_t affected() { return statement_.get_affected_rows(); }

  private:
    // SOCI keeps the addresses of the cells, so they are before it and never move.
    const std::size_t count_;
    std::unique_ptr<Cell[]> parameters_;
    std::unique_ptr<Cell[]> results_;
    soci::statement statement_;
};

/// One connection, used by one thread at a time. Failures of the database come as `Error`:
/// a taken name or a missing reference `conflict`, a disk that is full or fails `unavailable`
/// (`storage_failed`), a server that is away `unavailable` (`database_unreachable`): the next transaction
/// looks for it again.
class Connection {
  public:
    /// Opens what `Options::database` names; a file that is not there is made.
    explicit Connection(const std::string& database, const ServerOptions& server = {});
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Runs statements separated by `;` at the end of a line, without parameters.
    void script(std::string_view statements);
    /// The same, written for SQLite, in the types of this database.
    void migrate(std::string_view statements);

    /// Runs one statement; returns how many rows it changed.
    template <class... Parameters>
    std::int64_t run(const std::string& sql, const Parameters&... parameters);

    /// Inserts the row, or updates the one with the same first column; returns how many rows it changed.
    template <class Row>
    std::int64_t insert(const Row& row);
    template <class Row>
    std::int64_t update(const Row& row);
    /// Inserts all rows, in few statements.
    template <class Row>
    void insert_all(std::span<const Row> rows);

    /// Rows of `SELECT its columns FROM its table ` + `tail`.
    template <class Row, class... Parameters>
    std::vector<Row> select(std::string_view tail, const Parameters&... parameters);
    template <class Row, class... Parameters>
    std::optional<Row> find(std::string_view tail, const Parameters&... parameters);

    /// The first column of the first row, or nothing when there is no row or it is null.
    template <class T, class... Parameters>
    std::optional<T> value(const std::string& sql, const Parameters&... parameters);

    /// Calls `each(statement)` for every row of a query whose parameters are known at run time only.
    template <class Each>
    void query(const std::string& sql, const std::vector<Cell>& parameters, const Kinds& results, Each each);

    /// What failed since the last `begin` so that nothing more may be written in this transaction.
    const std::optional<Error>& failure() const { return failure_; }
    void begin(Access access);
    /// `note` is told to those who listen on this database, with the commit. With `certain` an answer that
    /// is lost is looked for: it returns when the rows are there, throws `unavailable` when they are not, and
    /// (`outcome_unknown`) when that could not be learnt in time.
    void commit(std::string_view note = {}, bool certain = false);
    /// Ends the transaction if there is one; never throws.
    void roll_back() noexcept;

    /// The clock of the database, where it has one of its own.
    std::optional<Time> now();
    Dialect& dialect() { return *dialect_; }

    /// Remembers how far a failure reaches, and throws it.
    [[noreturn]] void refuse(Verdict verdict);
    /// Before the session is opened again.
    void forget_statements();
    /// Runs a change once more, with the parameters that it had. Whatever fails ends the transaction.
    void repeat(const std::string& sql, const std::vector<Cell>& parameters);

  private:
    /// The prepared statement for `sql`; the least recently used goes when there are too many.
    Statement& prepare(const std::string& sql, const Kinds& parameters, const Kinds& results);
    bool execute(Statement& statement, const std::string& sql);
    bool fetch(Statement& statement, const std::string& sql);
    void forget(const std::string& sql);
    template <class Each>
    void read_to_end(Statement& statement, const std::string& sql, Each each);
    [[noreturn]] void fail(const soci::soci_error& error, const std::string& sql, bool change);

    struct Entry {
        std::unique_ptr<Statement> statement;
        std::list<const std::string*>::iterator use;
    };
    soci::session session_;
    std::unique_ptr<Dialect> dialect_;
    std::optional<Error> failure_;
    std::unordered_map<std::string, Entry> statements_;
    std::list<const std::string*> uses_;  // Most recent first.
};

template <class... Parameters>
std::int64_t Connection::run(const std::string& sql, const Parameters&... parameters) {
    auto& statement = prepare(sql, {kind_of<Parameters>()...}, {});
    std::size_t place = 0;
    (put(statement.parameter(place++), parameters), ...);
    execute(statement, sql);
    return statement.affected();
}

template <class Row>
std::int64_t Connection::insert(const Row& row) {
    static const Columns columns = columns_of<Row>();
    static const std::string sql = insert_sql(Table<Row>::name, columns);
    auto& statement = prepare(sql, columns.kinds(Columns::inserted), {});
    put_row(row, [&](std::size_t place) -> Cell& { return statement.parameter(place); });
    execute(statement, sql);
    return statement.affected();
}

template <class Row>
void Connection::insert_all(std::span<const Row> rows) {
    static const Columns columns = columns_of<Row>();
    const auto kinds_of_one = columns.kinds(Columns::inserted);
    while (!rows.empty()) {
        // Powers of two: few statements that differ.
        const auto count = std::min<std::size_t>(std::bit_floor(rows.size()), 64);
        Kinds kinds;
        for (std::size_t row = 0; row < count; ++row)
            kinds.insert(kinds.end(), kinds_of_one.begin(), kinds_of_one.end());
        const auto sql = insert_sql(Table<Row>::name, columns, count);
        auto& statement = prepare(sql, kinds, {});
        for (std::size_t row = 0; row < count; ++row)
            put_row(rows[row], [&](std::size_t place) -> Cell& {
                return statement.parameter(row * kinds_of_one.size() + place);
            });
        execute(statement, sql);
        rows = rows.subspan(count);
    }
}

template <class Row>
std::int64_t Connection::update(const Row& row) {
    static const Columns columns = columns_of<Row>();
    static const std::string sql = update_sql(Table<Row>::name, columns);
    auto& statement = prepare(sql, columns.kinds(Columns::updated), {});
    put_changes(row, [&](std::size_t place) -> Cell& { return statement.parameter(place); });
    execute(statement, sql);
    return statement.affected();
}

/// A statement that stops early, also by what `each` throws, would keep its snapshot for good: it goes.
template <class Each>
void Connection::read_to_end(Statement& statement, const std::string& sql, Each each) {
    try {
        for (bool more = execute(statement, sql); more; more = fetch(statement, sql)) each();
    } catch (...) {
        forget(sql);
        throw;
    }
}

template <class Row, class... Parameters>
std::vector<Row> Connection::select(std::string_view tail, const Parameters&... parameters) {
    static const Columns columns = columns_of<Row>();
    static const std::string head =
        "SELECT " + columns.list(Columns::read) + " FROM " + Table<Row>::name + " ";
    const std::string sql = head + std::string(tail);
    auto& statement = prepare(sql, {kind_of<Parameters>()...}, columns.kinds(Columns::read));
    std::size_t place = 0;
    (put(statement.parameter(place++), parameters), ...);
    std::vector<Row> rows;
    read_to_end(statement, sql, [&] { rows.push_back(take_row<Row>(statement)); });
    return rows;
}

template <class Row, class... Parameters>
std::optional<Row> Connection::find(std::string_view tail, const Parameters&... parameters) {
    auto rows = select<Row>(tail, parameters...);
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
}

template <class T, class... Parameters>
std::optional<T> Connection::value(const std::string& sql, const Parameters&... parameters) {
    auto& statement = prepare(sql, {kind_of<Parameters>()...}, {kind_of<T>()});
    std::size_t place = 0;
    (put(statement.parameter(place++), parameters), ...);
    std::optional<T> found;
    read_to_end(statement, sql, [&] {
        if (!found) take(statement.result(0), found);
    });
    return found;
}

template <class Each>
void Connection::query(const std::string& sql, const std::vector<Cell>& parameters, const Kinds& results,
                       Each each) {
    Kinds kinds;
    for (const auto& parameter : parameters) kinds.push_back(parameter.kind);
    auto& statement = prepare(sql, kinds, results);
    for (std::size_t place = 0; place < parameters.size(); ++place)
        statement.parameter(place) = parameters[place];
    read_to_end(statement, sql, [&] { each(statement); });
}

}  // namespace berth::store
