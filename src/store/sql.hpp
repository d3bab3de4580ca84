#pragma once

#include <soci/soci.h>

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/cell.hpp"

/// A connection to the database, over SOCI: the only place that knows which database it is.
namespace berth::store {

/// A prepared statement with the cells that its parameters and results travel through.
class Statement {
  public:
    Statement(soci::session& session, const std::string& sql, const Kinds& parameters, const Kinds& results);
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Cell& parameter(std::size_t place) { return parameters_[place]; }
    const Cell& result(std::size_t place) const { return results_[place]; }
    bool execute() { return statement_.execute(true); }
    bool fetch() { return statement_.fetch(); }
    std::int64_t affected() { return statement_.get_affected_rows(); }

  private:
    // SOCI keeps the addresses of the cells, so they are before it and never move.
    std::unique_ptr<Cell[]> parameters_;
    std::unique_ptr<Cell[]> results_;
    soci::statement statement_;
};

/// One connection, used by one thread at a time. Failures of the database come as `Error`:
/// a taken name or a missing reference `conflict`, a disk that is full or fails `unavailable`
/// (`storage_failed`).
class Connection {
  public:
    /// Opens or makes the file; an empty path is a database in memory.
    explicit Connection(const std::string& path);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Runs statements separated by `;` at the end of a line, without parameters.
    void script(std::string_view statements);

    /// Runs one statement; returns how many rows it changed.
    template <class... Parameters>
    std::int64_t run(const std::string& sql, const Parameters&... parameters);

    /// Inserts the row, or updates the one with the same first column; returns how many rows it changed.
    template <class Row>
    std::int64_t insert(const Row& row);
    template <class Row>
    std::int64_t update(const Row& row);

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

    /// True once the disk or the file has failed since the last `begin`: nothing more may be written in this
    /// transaction.
    bool failed() const { return failed_; }
    void begin(std::string_view mode);
    void commit();
    /// Ends the transaction if there is one; never throws.
    void roll_back() noexcept;

  private:
    /// The prepared statement for `sql`; the least recently used goes when there are too many.
    Statement& prepare(const std::string& sql, const Kinds& parameters, const Kinds& results);
    bool execute(Statement& statement, const std::string& sql);
    bool fetch(Statement& statement, const std::string& sql);
    void forget(const std::string& sql);
    template <class Each>
    void read_to_end(Statement& statement, const std::string& sql, Each each);
    [[noreturn]] void fail(const soci::soci_error& error, const std::string& sql);

    struct Entry {
        std::unique_ptr<Statement> statement;
        std::list<const std::string*>::iterator use;
    };
    soci::session session_;
    bool failed_ = false;
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
