#include <fmt/format.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include <cstdio>
#include <stdexcept>
#include <vector>

#include "made.hpp"

/// Durable creates per second through the store, and the same rows one a commit in plain SQLite or by plain
/// libpq.
namespace berth::bench {
namespace {

/// One writer: the next session as soon as the last is on the disk, with the event that a create appends.
Task<> create_some(store::Store& store, int& next, int last) {
    while (next < last) {
        auto work = [session = make_session(next++)](store::Tx& tx) {
            tx.insert_session(session);
            tx.append(created(session));
        };
        co_await store.write(std::move(work));
    }
}

class Stopwatch {
  public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void print(int rows, double seconds) {
    fmt::print("{{\"rows\": {}, \"seconds\": {:.4f}}}\n", rows, seconds);
}

int create_grouped(const std::string& path, int rows, int writers) {
    SystemClock clock;
    const auto store = open_with_owner(path, clock);
    int next = 0;
    std::vector<Task<>> tasks;
    for (int writer = 0; writer < writers; ++writer) tasks.push_back(create_some(*store, next, rows));
    const Stopwatch watch;
    run_all(std::move(tasks));
    print(rows, watch.seconds());
    return 0;
}

/// A connection of plain SQLite.
class Plain {
  public:
    explicit Plain(const std::string& path) {
        check(sqlite3_open(path.c_str(), &db_));
        run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
    }
    ~Plain() { sqlite3_close(db_); }
    Plain(const Plain&) = delete;
    Plain& operator=(const Plain&) = delete;

    void run(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }

    /// Prepared once, run often. Ends before its connection.
    class Statement {
      public:
        Statement(Plain& db, const char* sql) : db_(db) {
            db_.check(sqlite3_prepare_v2(db_.db_, sql, -1, &statement_, nullptr));
        }
        ~Statement() { sqlite3_finalize(statement_); }
        Statement(const Statement&) = delete;
        Statement& operator=(const Statement&) = delete;
        void run() {
            if (sqlite3_step(statement_) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db_.db_));
            sqlite3_reset(statement_);
        }
        void run(int number) {
            sqlite3_bind_int(statement_, 1, number);
            run();
        }

      private:
        Plain& db_;
        sqlite3_stmt* statement_ = nullptr;
    };

  private:
    void check(int result) {
        if (result != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db_));
    }
    sqlite3* db_ = nullptr;
};

/// The session and the event that are copied.
void create_first(const std::string& database) {
    SystemClock clock;
    const auto store = open_with_owner(database, clock);
    write_now(*store, [](store::Tx& tx) {
        tx.insert_session(make_session(0));
        tx.append(created(make_session(0)));
    });
    store->close();
}

/// The same creates, each a transaction of its own: copies of one session and event that the store wrote, so
/// that the rows are as wide, by prepared statements.
int create_singly(const std::string& path, int rows) {
    create_first(path);
    Plain db(path);
    Plain::Statement begin(db, "BEGIN IMMEDIATE");
    Plain::Statement session(db,
                             "INSERT INTO session SELECT printf('ses_%012d', ?1), user_id, printf('work-%d', "
                             "?1), printf('work-%06d', ?1),"
                             " template, revision, workspace_id, engine, ask_wake, ask_hibernate, "
                             "ask_terminate, incarnation, asked_at,"
                             " phase, status, look_at, created_at, last_active_at, last_active_source, search"
                             " FROM session WHERE id = 'ses_000000000000'");
    Plain::Statement event(
        db,
        "INSERT INTO event SELECT sequence + ?1, at, class, actor, kind, subject_kind,"
        " printf('ses_%012d', ?1), owner_id, data FROM event WHERE subject = 'ses_000000000000'");
    Plain::Statement commit(db, "COMMIT");
    const Stopwatch watch;
    for (int number = 1; number <= rows; ++number) {
        begin.run();
        session.run(number);
        event.run(number);
        commit.run();
    }
    print(rows, watch.seconds());
    return 0;
}

/// A connection by plain libpq.
class PlainServer {
  public:
    explicit PlainServer(const std::string& uri) : connection_(PQconnectdb(uri.c_str())) {
        if (PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_));
    }
    ~PlainServer() { PQfinish(connection_); }
    PlainServer(const PlainServer&) = delete;
    PlainServer& operator=(const PlainServer&) = delete;

    void run(const char* sql) { check(PQexec(connection_, sql)); }

    /// A row of `table`, to be inserted again and again with other values.
    class Row {
      public:
        Row(PlainServer& server, const std::string& table) : server_(server), table_(table) {
            auto* found = PQexec(server_.connection_, ("SELECT * FROM " + table).c_str());
            std::string sql = "INSERT INTO " + table + " VALUES (";
            for (int column = 0; column < PQnfields(found); ++column) {
                sql += fmt::format("{}${}", column == 0 ? "" : ", ", column + 1);
                names_.emplace_back(PQfname(found, column));
                texts_.emplace_back(PQgetvalue(found, 0, column));
                null_.push_back(PQgetisnull(found, 0, column) != 0);
            }
            PQclear(found);
            server_.check(PQprepare(server_.connection_, table.c_str(), (sql + ")").c_str(), 0, nullptr));
        }
        void set(std::string_view name, std::string text) {
            for (std::size_t column = 0; column < names_.size(); ++column)
                if (names_[column] == name) texts_[column] = std::move(text);
        }
        void insert() {
            std::vector<const char*> values;
            for (std::size_t column = 0; column < texts_.size(); ++column)
                values.push_back(null_[column] ? nullptr : texts_[column].c_str());
            server_.check(PQexecPrepared(server_.connection_, table_.c_str(), static_cast<int>(values.size()),
                                         values.data(), nullptr, nullptr, 0));
        }

      private:
        PlainServer& server_;
        const std::string table_;
        std::vector<std::string> names_, texts_;
        std::vector<bool> null_;
    };

  private:
    void check(PGresult* result) {
        const auto status = PQresultStatus(result);
        PQclear(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            throw std::runtime_error(PQerrorMessage(connection_));
    }
    PGconn* connection_;
};

/// The same on a PostgreSQL server, by prepared statements of libpq.
int create_singly_on_server(const std::string& uri, int rows) {
    create_first(uri);
    PlainServer db(uri);
    PlainServer::Row session(db, "session"), event(db, "event");
    const Stopwatch watch;
    for (int number = 1; number <= rows; ++number) {
        const auto copy = make_session(number);
        session.set("id", copy.id.text);
        session.set("name", copy.name);
        session.set("host", copy.host);
        session.set("search", copy.name);
        event.set("sequence", std::to_string(number + 1));
        event.set("subject", copy.id.text);
        db.run("BEGIN");
        session.insert();
        event.insert();
        db.run("COMMIT");
    }
    print(rows, watch.seconds());
    return 0;
}

}  // namespace
}  // namespace berth::bench

/// `store_load grouped DATABASE ROWS WRITERS` or `store_load singly DATABASE ROWS`; a new file, or the URI of
/// a database without tables.
int main(int count, char** words) {
    const std::vector<std::string> given(words + 1, words + count);
    try {
        const auto number = [&given](std::size_t place) { return std::stoi(given.at(place)); };
        if (given.size() == 4 && given[0] == "grouped")
            return berth::bench::create_grouped(given[1], number(2), number(3));
        if (given.size() == 3 && given[0] == "singly")
            return given[1].starts_with("postgres")
                       ? berth::bench::create_singly_on_server(given[1], number(2))
                       : berth::bench::create_singly(given[1], number(2));
    } catch (const std::exception& error) {
        fmt::print(stderr, "store_load: {}\n", error.what());
        return 1;
    }
    return 2;
}
