#include "store/sql.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.hpp"

namespace berth::store {
namespace {

constexpr std::size_t statements_max = 200;

sqlite_api::sqlite3* native(soci::session& session) {
    return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

[[noreturn]] void refuse_storage(const std::string& detail) {
    throw Error(Kind::unavailable, "storage_failed", "the database could not be read or written",
                "see that its disk has room and is writable, then try again", detail);
}

/// `UNIQUE constraint failed: session.user_id, session.name` -> what the caller can do about it.
[[noreturn]] void refuse_duplicate(std::string_view message) {
    const auto place = message.rfind(": ");
    const auto columns = place == std::string_view::npos ? message : message.substr(place + 2);
    const auto table = std::string(columns.substr(0, columns.find('.')));
    if (columns.find(".name") != std::string_view::npos)
        throw Error(Kind::conflict, "name_taken",
                    "that name is taken: there is a " + table + " of that name already",
                    "choose another name");
    if (columns.ends_with(".host"))
        throw Error(Kind::conflict, "host_taken", "that host name was given to another session", "try again");
    throw Error(Kind::conflict, "already_exists", "that " + table + " exists already", {},
                std::string(columns));
}

}  // namespace

Statement::Statement(soci::session& session, const std::string& sql, const Kinds& parameters,
                     const Kinds& results)
    : parameters_(std::make_unique<Cell[]>(parameters.size())),
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

Connection::Connection(const std::string& path) {
    if (path.find('"') != std::string::npos)
        throw Error(Kind::invalid, "invalid_field",
                    "the path of the database must not hold a quote: " + quoted(path));
    if (!path.empty()) {
        // Made here, so that nobody else can read it: SQLite gives its side files the same mode.
        // One that is there is not opened: closing it would drop the locks that SQLite holds on it in this
        // process (fcntl(2), advisory locks), and another program would take itself for the last to use it.
        const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0 && errno != EEXIST) refuse_storage(path + ": " + std::strerror(errno));
        if (file >= 0) ::close(file);
    }
    try {
        session_.open(soci::sqlite3,
                      path.empty() ? std::string("db=:memory:") : "db=\"" + path + "\" timeout=10");
    } catch (const soci::soci_error& error) {
        refuse_storage(error.get_error_message());
    }
    sqlite_api::sqlite3_extended_result_codes(native(session_), 1);
    script("PRAGMA foreign_keys=ON;\nPRAGMA temp_store=MEMORY;");
}

Connection::~Connection() {
    // Statements hold the connection.
    statements_.clear();
}

void Connection::script(std::string_view statements) {
    const std::string text(statements);
    char* message = nullptr;
    const int result = sqlite_api::sqlite3_exec(native(session_), text.c_str(), nullptr, nullptr, &message);
    if (result == SQLITE_OK) return;
    const std::string detail = message != nullptr ? message : sqlite_api::sqlite3_errstr(result);
    sqlite_api::sqlite3_free(message);
    fail(soci::sqlite3_soci_error(detail, result), text.substr(0, 60));
}

Statement& Connection::prepare(const std::string& sql, const Kinds& parameters, const Kinds& results) {
    if (failed_) refuse_storage("the transaction has failed before");
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
        fail(error, sql);
    }
    const auto place = statements_.emplace(sql, Entry{std::move(statement), {}}).first;
    uses_.push_front(&place->first);
    place->second.use = uses_.begin();
    return *place->second.statement;
}

bool Connection::execute(Statement& statement, const std::string& sql) {
    try {
        return statement.execute();
    } catch (const soci::soci_error& error) {
        fail(error, sql);
    }
}

bool Connection::fetch(Statement& statement, const std::string& sql) {
    try {
        return statement.fetch();
    } catch (const soci::soci_error& error) {
        fail(error, sql);
    }
}

void Connection::forget(const std::string& sql) {
    const auto place = statements_.find(sql);
    if (place == statements_.end()) return;
    uses_.erase(place->second.use);
    statements_.erase(place);
}

void Connection::fail(const soci::soci_error& error, const std::string& sql) {
    // Without the context that SOCI adds: it holds the parameters, and those may be hashes of secrets.
    const auto message = error.get_error_message();
    const auto* known = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
    const int code = known != nullptr ? known->result() : SQLITE_ERROR;
    forget(sql);  // SOCI has finalised the statement that failed.
    switch (code & 0xff) {
        case SQLITE_CONSTRAINT:
            if (message.find("UNIQUE") != std::string::npos) refuse_duplicate(message);
            if (message.find("FOREIGN KEY") != std::string::npos)
                throw Error(Kind::conflict, "reference_missing",
                            "something that this refers to does not exist", "look again at what there is",
                            sql);
            break;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            throw Error(Kind::busy, "store_busy", "the database is busy", "try again in a moment", message);
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_NOMEM:
        case SQLITE_PERM:
            failed_ = true;
            refuse_storage(message);
        default:
            break;
    }
    throw Error(Kind::internal, "store_failed", "the database refused a statement", {},
                message + " in " + sql);
}

void Connection::begin(std::string_view mode) {
    failed_ = false;
    run("BEGIN " + std::string(mode));
}

void Connection::commit() {
    run("COMMIT");
}

void Connection::roll_back() noexcept {
    failed_ = false;
    try {
        // A full disk may have ended it already.
        if (sqlite_api::sqlite3_get_autocommit(native(session_)) == 0) run("ROLLBACK");
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

std::string insert_sql(std::string_view table, const Columns& columns) {
    return fmt::format("INSERT INTO {} ({}) VALUES ({})", table, columns.list(Columns::inserted),
                       columns.parameters(Columns::inserted, ":{}"));
}

std::string update_sql(std::string_view table, const Columns& columns) {
    return fmt::format("UPDATE {} SET {} WHERE {} = :{}", table,
                       columns.parameters(Columns::updated, "{0} = :{0}"), columns.key(), columns.key());
}

}  // namespace berth::store
