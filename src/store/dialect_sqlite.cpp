#include <fcntl.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/dialect.hpp"
#include "store/sql.hpp"

namespace berth::store {
namespace {

class Sqlite final : public Dialect {
  public:
    Sqlite(Connection& db, soci::session& session, std::string path)
        : db_(db), session_(session), path_(std::move(path)) {}

    void connect() override {
        make_file();
        try {
            session_.open(soci::sqlite3,
                          path_.empty() ? std::string("db=:memory:") : "db=\"" + path_ + "\" timeout=10");
        } catch (const soci::soci_error& error) {
            throw storage_failed(error.get_error_message());
        }
        sqlite_api::sqlite3_extended_result_codes(native(), 1);
        db_.script("PRAGMA foreign_keys=ON;\nPRAGMA temp_store=MEMORY;");
    }

    std::string schema(std::string_view script) const override { return std::string(script); }

    void script(const std::string& statements) override {
        char* message = nullptr;
        const int result = sqlite_api::sqlite3_exec(native(), statements.c_str(), nullptr, nullptr, &message);
        if (result == SQLITE_OK) return;
        const std::string detail = message != nullptr ? message : sqlite_api::sqlite3_errstr(result);
        sqlite_api::sqlite3_free(message);
        throw soci::sqlite3_soci_error(detail, result);
    }

    Verdict judge(const soci::soci_error& error, const std::string& sql, bool) override {
        // Without the context that SOCI adds: it holds the parameters, and those may be hashes of secrets.
        const auto message = error.get_error_message();
        const auto* known = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
        switch ((known != nullptr ? known->result() : SQLITE_ERROR) & 0xff) {
            case SQLITE_CONSTRAINT:
                if (message.find("UNIQUE") != std::string::npos)
                    return {Reach::statement, not_unique(message)};
                if (message.find("FOREIGN KEY") != std::string::npos)
                    return {Reach::statement, reference_missing(sql)};
                break;
            case SQLITE_BUSY:
            case SQLITE_LOCKED:
                return {Reach::statement, Error(Kind::busy, "store_busy", "the database is busy",
                                                "try again in a moment", message)};
            case SQLITE_FULL:
            case SQLITE_IOERR:
            case SQLITE_CANTOPEN:
            case SQLITE_READONLY:
            case SQLITE_CORRUPT:
            case SQLITE_NOTADB:
            case SQLITE_NOMEM:
            case SQLITE_PERM:
                return {Reach::transaction, storage_failed(message)};
            default:
                break;
        }
        return {Reach::statement, Error(Kind::internal, "store_failed", "the database refused a statement",
                                        {}, message + " in " + sql)};
    }

    std::string columns_query() const override {
        return "SELECT name, CASE WHEN type = 'TEXT' THEN 0 ELSE 1 END FROM pragma_table_info(:table) ORDER "
               "BY cid";
    }
    std::string tables_query() const override {
        return "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY "
               "name";
    }

    void begin(Access access) override {
        db_.run(access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED");
    }
    void commit(std::string_view, bool) override { db_.run("COMMIT"); }
    void roll_back() override {
        // A full disk may have ended it already.
        if (sqlite_api::sqlite3_get_autocommit(native()) == 0) db_.run("ROLLBACK");
    }

    void start_job() override { db_.run("SAVEPOINT job"); }
    void keep_job() override { db_.run("RELEASE job"); }
    void undo_job() override {
        db_.run("ROLLBACK TO job");
        db_.run("RELEASE job");
    }

    std::vector<std::string> notes(int, Duration) override { return {}; }
    bool claim(Share) override { return true; }

  private:
    sqlite_api::sqlite3* native() {
        return static_cast<soci::sqlite3_session_backend*>(session_.get_backend())->conn_;
    }

    /// Made here, so that nobody else can read it: SQLite gives its side files the same mode.
    void make_file() const {
        if (path_.empty()) return;
        if (path_.find('"') != std::string::npos)
            throw Error(Kind::invalid, "invalid_field",
                        "the path of the database must not hold a quote: " + quoted(path_));
        // One that is there is not opened: closing it would drop the locks that SQLite holds on it in this
        // process (fcntl(2), advisory locks), and another program would take itself for the last to use it.
        const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0 && errno != EEXIST) throw storage_failed(path_ + ": " + std::strerror(errno));
        if (file >= 0) ::close(file);
    }

    /// `UNIQUE constraint failed: session.user_id, session.name` -> what the caller can do about it.
    static Error not_unique(std::string_view message) {
        const auto place = message.rfind(": ");
        const auto columns = place == std::string_view::npos ? message : message.substr(place + 2);
        return duplicate(std::string(columns.substr(0, columns.find('.'))), columns);
    }

    Connection& db_;
    soci::session& session_;
    const std::string path_;
};

}  // namespace

std::unique_ptr<Dialect> make_sqlite(Connection& db, soci::session& session, const std::string& path) {
    return std::make_unique<Sqlite>(db, session, path);
}

}  // namespace berth::store
