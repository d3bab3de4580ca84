#include <fmt/format.h>
#include <poll.h>
#include <soci/postgresql/soci-postgresql.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "crypto/random.hpp"
#include "store/postgres_message.hpp"
#include "store/postgres_uri.hpp"
#include "store/sql.hpp"

namespace berth::store {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Duration pause_min = std::chrono::milliseconds(100);
constexpr Duration pause_max = std::chrono::seconds(2);

// The first of the two numbers of our advisory locks; the second is that of the schema.
constexpr int writer_lock = 0x62657274;
constexpr int claim_lock = 0x62657275;

/// Milliseconds since 1970, now and not when the transaction began.
constexpr std::string_view clock_sql = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// What stands in place of the server's code where it has said nothing: as SOCI has it.
constexpr std::string_view no_state = "     ";

using Result = std::unique_ptr<PGresult, decltype(&::PQclear)>;

Error unreachable(const std::string& detail) {
    return {Kind::unavailable, "database_unreachable", "the database cannot be reached",
            "try again in a moment", detail};
}

Error busy(const std::string& detail) {
    return {Kind::busy, "store_busy", "the database is busy", "try again in a moment", detail};
}

/// A connection to a PostgreSQL server; what it speaks beside SOCI's statements is libpq.
class Postgres final : public Dialect {
  public:
    Postgres(Connection& db, soci::session& session, const std::string& uri, const ServerOptions& options)
        : db_(db), session_(session), uri_(uri), options_(options) {
        connection_uri(uri_, options_);  // Throws now what would be thrown at each connect.
    }

    void connect() override {
        if (Steady::now() < next_try_) throw *away_;
        try {
            open();
            settle();
            if (claimed_ && !claim(*claimed_))
                throw Error(Kind::unavailable, "database_in_use", "the database is being copied",
                            "try again once that has ended");
            if (listening_) listen();
        } catch (const Error& error) {
            lost_ = true;
            pause_ = std::clamp(pause_ * 2, pause_min, pause_max);
            next_try_ = Steady::now() + pause_;
            away_ = error;
            throw;
        }
        pause_ = {};
    }

    std::string schema(std::string_view script) const override {
        std::string text(script);
        const auto replace = [&text](std::string_view from, std::string_view to) {
            for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
                text.replace(at, from.size(), to);
        };
        // Compared byte by byte, as SQLite does: the same order and the same names on both.
        replace(" TEXT", " TEXT COLLATE \"C\"");
        replace(" INTEGER", " BIGINT");
        return text;
    }

    void script(const std::string& statements) override { run(statements); }

    Verdict judge(const soci::soci_error& error, const std::string& sql, bool change) override {
        const auto* known = dynamic_cast<const soci::postgresql_soci_error*>(&error);
        auto message = error.get_error_message();
        // SOCI puts its own words before those of the server.
        if (const auto severity = message.find("ERROR:  "); severity != std::string::npos)
            message.erase(0, severity);
        return judge(known != nullptr ? known->sqlstate() : "", message, sql, change);
    }

    std::optional<std::string> clock() const override { return fmt::format("SELECT {}", clock_sql); }

    std::string columns_query() const override {
        return "SELECT column_name::text, CASE WHEN data_type = 'text' THEN 0 ELSE 1 END "
               "FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = "
               ":table "
               "ORDER BY ordinal_position";
    }
    std::string tables_query() const override {
        return "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() "
               "AND table_type = 'BASE TABLE' ORDER BY 1";
    }

    void begin(Access access) override {
        wrote_ = in_job_ = false;
        changes_.clear();
        const bool fresh = !connected();
        if (fresh) connect();
        const auto sql =
            access == Access::read
                ? std::string("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                : fmt::format("BEGIN ISOLATION LEVEL READ COMMITTED; {}; SAVEPOINT kept", lock_sql());
        if (const auto result = execute(sql); succeeded(result))
            return;
        else if (auto verdict = judge_result(result, sql); fresh || verdict.reach != Reach::connection)
            db_.refuse(std::move(verdict));
        // The server was started again while nobody asked it; nothing was done yet that could be lost.
        connect();
        run(sql);
    }

    void commit(std::string_view note, bool certain) override {
        std::string sql;
        certain = certain && wrote_;
        if (certain) sql += mark_sql();
        if (!note.empty()) sql += fmt::format("SELECT pg_notify('{}', '{}'); ", channel_, note);
        sql += "COMMIT";
        const auto result = execute(sql);
        if (succeeded(result)) {
            // One that failed before answers so.
            if (std::string_view(::PQcmdStatus(result.get())) == "COMMIT") return;
            db_.refuse({Reach::transaction, storage_failed("the transaction was rolled back")});
        }
        auto verdict = judge_result(result, "COMMIT");
        if (!certain || verdict.reach != Reach::connection) db_.refuse(std::move(verdict));
        if (!was_committed(verdict.error)) throw verdict.error;
    }

    void roll_back() override {
        if (!connected() || ::PQtransactionStatus(conn_) == PQTRANS_IDLE) return;
        if (succeeded(execute("ROLLBACK"))) return;
        // What state it is in is not known: another one is opened for the next transaction.
        lost_ = true;
    }

    // Here a statement that fails takes everything with it, back to the last savepoint, and a savepoint for
    // each job would be a way to the server and back that most jobs do not need. So there is one behind which
    // nothing can fail any more; from there what has succeeded is done again, when something else has to be
    // undone.
    void start_job() override {
        in_job_ = true;
        job_start_ = std::ssize(changes_);
    }
    void keep_job() override { in_job_ = false; }
    void undo_job() override {
        in_job_ = false;
        if (std::ssize(changes_) > job_start_) keep_before_job();
    }

    void changed(const std::string& sql, const Statement& statement) override {
        wrote_ = true;
        if (in_job_) changes_.push_back({sql, statement.parameters()});
    }

    void undo_change() override {
        if (!in_job_) return;
        std::vector<Change> own(std::make_move_iterator(changes_.begin() + job_start_),
                                std::make_move_iterator(changes_.end()));
        keep_before_job();
        for (const auto& change : own) db_.repeat(change.sql, change.parameters);
        changes_ = std::move(own);
    }

    void listen() override {
        listening_ = true;
        run(fmt::format("LISTEN \"{}\"", channel_));
    }

    std::vector<std::string> notes(int stop, Duration limit) override {
        auto notes = take_notes();
        if (!notes.empty()) return notes;
        ::pollfd files[2] = {{.fd = ::PQsocket(conn_), .events = POLLIN, .revents = 0},
                             {.fd = stop, .events = POLLIN, .revents = 0}};
        ::poll(files, 2, static_cast<int>(limit.count()));
        return take_notes();
    }

    bool claim(Share share) override {
        claimed_ = share;
        const auto* function = share == Share::alone ? "pg_try_advisory_lock" : "pg_try_advisory_lock_shared";
        const auto result = run(fmt::format("SELECT {}({}, {})", function, claim_lock, schema_key_));
        return *::PQgetvalue(result.get(), 0, 0) == 't';
    }

  private:
    bool connected() const { return conn_ != nullptr && !lost_ && ::PQstatus(conn_) == CONNECTION_OK; }
    bool gone() const { return conn_ == nullptr || ::PQstatus(conn_) != CONNECTION_OK; }

    void open() {
        db_.forget_statements();
        conn_ = nullptr;
        try {
            session_.close();
            session_.open(soci::postgresql, connection_uri(uri_, options_));
        } catch (const soci::soci_error& error) {
            throw unreachable(one_line(error.get_error_message()));
        }
        conn_ = static_cast<soci::postgresql_session_backend*>(session_.get_backend())->conn_;
        lost_ = false;
    }

    void settle() {
        ::PQsetErrorVerbosity(conn_, PQERRORS_VERBOSE);
        ::PQsetNoticeReceiver(conn_, [](void*, const PGresult*) {}, nullptr);
        const auto* encoding = ::PQparameterStatus(conn_, "server_encoding");
        if (encoding == nullptr || std::string_view(encoding) != "UTF8")
            throw Error(Kind::invalid, "database_encoding", "the database must have the encoding UTF8",
                        "make another one: createdb --encoding UTF8 --template template0 NAME");
        run(fmt::format(
            "SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; "
            "SET lock_timeout = {}; SET statement_timeout = {}; "
            "SET idle_in_transaction_session_timeout = {}; "
            // A commit is on the disk before anybody hears of it.
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'",
            options_.lock_limit.count(), options_.statement_limit.count(), options_.idle_limit.count()));
        const auto names = run("SELECT hashtext(current_schema()), md5(current_schema())");
        if (::PQgetisnull(names.get(), 0, 0) != 0)
            throw Error(Kind::invalid, "database_schema", "the database has no schema to keep tables in",
                        "create the schema that search_path names");
        schema_key_ = ::PQgetvalue(names.get(), 0, 0);
        channel_ = std::string("berth_") + ::PQgetvalue(names.get(), 0, 1);
    }

    std::string lock_sql() const {
        return fmt::format("SELECT pg_advisory_xact_lock({}, {})", writer_lock, schema_key_);
    }

    /// Undoes the job and keeps what came before it for good: each change is repeated once at most.
    void keep_before_job() {
        run("ROLLBACK TO SAVEPOINT kept");
        changes_.resize(static_cast<std::size_t>(job_start_));
        for (const auto& change : changes_) db_.repeat(change.sql, change.parameters);
        if (!changes_.empty()) run("RELEASE SAVEPOINT kept; SAVEPOINT kept");
        changes_.clear();
        job_start_ = 0;
    }

    /// Leaves the number of this commit in the database, with the commit.
    std::string mark_sql() {
        std::string sql;
        if (++batch_ == 1)
            sql = fmt::format("DELETE FROM writer WHERE written_at < {} - 86400000; ", clock_sql);
        return sql + fmt::format(
                         "INSERT INTO writer (id, batch, written_at) VALUES ('{}', {}, {}) ON CONFLICT (id) "
                         "DO UPDATE SET batch = excluded.batch, written_at = excluded.written_at; ",
                         id_, batch_, clock_sql);
    }

    /// Whether the last commit, whose answer was lost, is in the database. Throws when that cannot be learnt.
    bool was_committed(const Error& lost) {
        for (const auto until = Steady::now() + options_.outcome_limit; Steady::now() < until;) {
            try {
                next_try_ = {};
                connect();
                // The server may not have heard that the connection is lost: once we have the lock, that
                // transaction has ended one way or the other.
                run("BEGIN; " + lock_sql());
                const auto found = run(fmt::format("SELECT batch FROM writer WHERE id = '{}'", id_));
                const bool there =
                    ::PQntuples(found.get()) == 1 &&
                    std::string_view(::PQgetvalue(found.get(), 0, 0)) == std::to_string(batch_);
                run("ROLLBACK");
                return there;
            } catch (const Error&) {
                std::this_thread::sleep_for(pause_min);
            }
        }
        throw Error(Kind::unavailable, "outcome_unknown",
                    "the database was lost while it stored this, so it may be stored or not",
                    "look whether it is there before you try again", lost.what());
    }

    std::vector<std::string> take_notes() {
        if (!connected() || ::PQconsumeInput(conn_) == 0) {
            lost_ = true;
            db_.refuse({Reach::connection, unreachable(conn_ == nullptr ? "" : ::PQerrorMessage(conn_))});
        }
        std::vector<std::string> notes;
        while (auto* note = ::PQnotifies(conn_)) {
            notes.emplace_back(note->extra);
            ::PQfreemem(note);
        }
        return notes;
    }

    Result execute(const std::string& sql) { return {::PQexec(conn_, sql.c_str()), &::PQclear}; }

    static bool succeeded(const Result& result) {
        const auto status = ::PQresultStatus(result.get());
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    }

    Result run(const std::string& sql) {
        auto result = execute(sql);
        if (!succeeded(result)) db_.refuse(judge_result(result, sql));
        return result;
    }

    /// Also of no result, which is what is left when nothing could be sent.
    Verdict judge_result(const Result& result, const std::string& sql) {
        const auto* state = result ? ::PQresultErrorField(result.get(), PG_DIAG_SQLSTATE) : nullptr;
        const auto* text = result ? ::PQresultErrorMessage(result.get()) : "nothing could be sent";
        return judge(state == nullptr ? no_state : std::string_view(state), text, sql, false);
    }

    Verdict judge(std::string_view state, const std::string& message, const std::string& sql, bool change) {
        const auto sentence = sentence_in(message, state);
        if (gone() || state == no_state || state.starts_with("08") || state.starts_with("57P") ||
            state == "25P03") {
            lost_ = true;
            return {Reach::connection, unreachable(sentence)};
        }
        if (state == "25006") {
            // A standby, or a server that is being looked after: the next connection may lead elsewhere.
            lost_ = true;
            return {Reach::connection,
                    Error(Kind::unavailable, "database_read_only", "the database takes no changes at present",
                          "try again in a moment", sentence)};
        }
        if (state.starts_with("53") || state.starts_with("58") || state.starts_with("XX00"))
            return {Reach::transaction, storage_failed(sentence)};
        const bool undoable = change && in_job_;
        const auto reach = undoable || ::PQtransactionStatus(conn_) != PQTRANS_INERROR ? Reach::statement
                                                                                       : Reach::transaction;
        if (state == "23505") {
            const auto table = field_in(message, "TABLE NAME");
            return {reach, duplicate(table, columns_in(message, table))};
        }
        if (state == "23503") return {reach, reference_missing(sql)};
        if (state.starts_with("40") || state == "55P03" || state == "57014") return {reach, busy(sentence)};
        return {reach, Error(Kind::internal, "store_failed", "the database refused a statement", {},
                             sentence + " in " + sql)};
    }

    Connection& db_;
    soci::session& session_;
    const std::string uri_;
    const ServerOptions options_;
    PGconn* conn_ = nullptr;  // The session's.
    bool lost_ = false;       // To be opened again before the next transaction.
    Duration pause_{};
    Steady::time_point next_try_;
    std::optional<Error> away_;  // What the last try said.

    std::string schema_key_, channel_;
    std::optional<Share> claimed_;
    bool listening_ = false;

    const std::string id_ = crypto::random_text(10);
    std::int64_t batch_ = 0;
    bool wrote_ = false;  // In this transaction.

    struct Change {
        std::string sql;
        std::vector<Cell> parameters;
    };
    bool in_job_ = false;
    std::vector<Change> changes_;   // Since the savepoint.
    std::ptrdiff_t job_start_ = 0;  // How many of them are of jobs before this one.
};

}  // namespace

std::unique_ptr<Dialect> make_postgres(Connection& db, soci::session& session, const std::string& uri,
                                       const ServerOptions& options) {
    return std::make_unique<Postgres>(db, session, uri, options);
}

}  // namespace berth::store
