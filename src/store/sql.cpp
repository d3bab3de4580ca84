#include "store/sql.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "store/address.hpp"

namespace berth::store {
namespace {

constexpr std::size_t statements_max = 200;

std::unique_ptr<Dialect> make_dialect(Connection& db, soci::session& session, const std::string& database,
                                      const ServerOptions& server) {
    const auto address = parse_address(database);
    return address.kind == Address::server ? make_postgres(db, session, address.text, server)
                                           : make_sqlite(db, session, address.text);
}

}  // namespace

Error duplicate(const std::string& table, std::string_view columns) {
    if (columns.find(".name") != std::string_view::npos)
        return {Kind::conflict, "name_taken",
                "that name is taken: there is a " + table + " of that name already", "choose another name"};
    if (columns.ends_with(".host"))
        return {Kind::conflict, "host_taken", "that host name was given to another session", "try again"};
    return {Kind::conflict, "already_exists", "that " + table + " exists already", {}, std::string(columns)};
}

Error reference_missing(const std::string& sql) {
    return {Kind::conflict, "reference_missing", "something that this refers to does not exist",
            "look again at what there is", sql};
}

Error storage_failed(const std::string& detail) {
    return {Kind::unavailable, "storage_failed", "the database could not be read or written",
            "see that its disk has room and is writable, then try again", detail};
}

Statement::Statement(soci::session& session, const std::string& sql, const Kinds& parameters,
                     const Kinds& results)
    : count_(parameters.size()),
      parameters_(std::make_unique<Cell[]>(parameters.size())),
      results_(std::make_unique<Cell[]>(results.size())),
      statement_(session) {
    for (std::size_t place = 0; place < parameters.size(); ++place) {
        auto& cell = parameters_[place];
        cell.kind = parameters[place];
        if (cell.kind == CellKind::number)
            statement_.exchange(soci::use(cell.number, cell.state));
        else
            statement_.exchange(soci::use(cell.text, cell.state));
    }
    for (std::size_t place = 0; place < results.size(); ++place) {
        auto& cell = results_[place];
        cell.kind = results[place];
        if (cell.kind == CellKind::number)
            statement_.exchange(soci::into(cell.number, cell.state));
        else
            statement_.exchange(soci::into(cell.text, cell.state));
    }
    statement_.alloc();
    statement_.prepare(sql);
    statement_.define_and_bind();
}

Connection::Connection(const std::string& database, const ServerOptions& server)
    : dialect_(make_dialect(*this, session_, database, server)) {
    dialect_->connect();
}

Connection::~Connection() {
    // Statements hold the connection.
    statements_.clear();
}

void Connection::script(std::string_view statements) {
    const std::string text(statements);
    try {
        dialect_->script(text);
    } catch (const soci::soci_error& error) {
        fail(error, text.substr(0, 60), true);
    }
}

void Connection::migrate(std::string_view statements) {
    script(dialect_->schema(statements));
}

std::optional<Time> Connection::now() {
    const auto sql = dialect_->clock();
    return sql ? value<Time>(*sql) : std::nullopt;
}

Statement& Connection::prepare(const std::string& sql, const Kinds& parameters, const Kinds& results) {
    if (failure_) throw *failure_;
    if (const auto known = statements_.find(sql); known != statements_.end()) {
        uses_.splice(uses_.begin(), uses_, known->second.use);
        return *known->second.statement;
    }
    if (statements_.size() >= statements_max) {
        const std::string oldest = *uses_.back();
        uses_.pop_back();
        statements_.erase(oldest);
    }
    std::unique_ptr<Statement> statement;
    try {
        statement = std::make_unique<Statement>(session_, sql, parameters, results);
    } catch (const soci::soci_error& error) {
        fail(error, sql, Statement::changes(sql));
    }
    const auto place = statements_.emplace(sql, Entry{std::move(statement), {}}).first;
    uses_.push_front(&place->first);
    place->second.use = uses_.begin();
    return *place->second.statement;
}

bool Connection::execute(Statement& statement, const std::string& sql) {
    const bool change = Statement::changes(sql);
    try {
        const bool row = statement.execute();
        if (change) dialect_->changed(sql, statement);
        return row;
    } catch (const soci::soci_error& error) {
        fail(error, sql, change);
    }
}

void Connection::repeat(const std::string& sql, const std::vector<Cell>& parameters) {
    Kinds kinds;
    for (const auto& parameter : parameters) kinds.push_back(parameter.kind);
    auto& statement = prepare(sql, kinds, {});
    for (std::size_t place = 0; place < parameters.size(); ++place)
        statement.parameter(place) = parameters[place];
    try {
        statement.execute();
    } catch (const soci::soci_error& error) {
        auto verdict = dialect_->judge(error, sql, false);
        verdict.reach = std::max(verdict.reach, Reach::transaction);
        refuse(std::move(verdict));
    }
}

bool Connection::fetch(Statement& statement, const std::string& sql) {
    try {
        return statement.fetch();
    } catch (const soci::soci_error& error) {
        fail(error, sql, false);
    }
}

void Connection::forget(const std::string& sql) {
    const auto place = statements_.find(sql);
    if (place == statements_.end()) return;
    uses_.erase(place->second.use);
    statements_.erase(place);
}

void Connection::forget_statements() {
    statements_.clear();
    uses_.clear();
}

void Connection::fail(const soci::soci_error& error, const std::string& sql, bool change) {
    auto verdict = dialect_->judge(error, sql, change);
    // SOCI has finalised the statement that failed, or left it with its parameters.
    forget(sql);
    if (change && verdict.reach == Reach::statement) dialect_->undo_change();
    refuse(std::move(verdict));
}

void Connection::refuse(Verdict verdict) {
    if (verdict.reach != Reach::statement) failure_ = verdict.error;
    throw std::move(verdict.error);
}

void Connection::begin(Access access) {
    failure_.reset();
    dialect_->begin(access);
}

void Connection::commit(std::string_view note, bool certain) {
    dialect_->commit(note, certain);
}

void Connection::roll_back() noexcept {
    failure_.reset();
    try {
        dialect_->roll_back();
    } catch (const std::exception& error) {
        log::error("transaction could not be rolled back", {{"error", error.what()}});
    }
}

std::string Columns::list(Part part) const {
    return parameters(part, "{}");
}

std::string Columns::parameters(Part part, std::string_view shape) const {
    std::string text;
    for (const auto& name : names_[part]) {
        if (!text.empty()) text += ", ";
        text += fmt::format(fmt::runtime(shape), name);
    }
    return text;
}

Kinds Columns::kinds(Part part) const {
    auto kinds = kinds_[part];
    if (part == updated) kinds.push_back(kinds_[inserted].front());
    return kinds;
}

std::string insert_sql(std::string_view table, const Columns& columns, std::size_t rows) {
    auto sql = fmt::format("INSERT INTO {} ({}) VALUES ", table, columns.list(Columns::inserted));
    for (std::size_t row = 0; row < rows; ++row)
        sql += fmt::format("{}({})", row == 0 ? "" : ", ",
                           columns.parameters(Columns::inserted, fmt::format(":{{}}_{}", row)));
    return sql;
}

std::string update_sql(std::string_view table, const Columns& columns) {
    return fmt::format("UPDATE {} SET {} WHERE {} = :{}", table,
                       columns.parameters(Columns::updated, "{0} = :{0}"), columns.key(), columns.key());
}

}  // namespace berth::store
