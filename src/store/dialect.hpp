#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "store/store.hpp"

namespace soci {
class session;
class soci_error;
}  // namespace soci

/// What differs between the databases, in one place.
namespace berth::store {

class Connection;
class Statement;

/// What a transaction is for.
enum class Access {
    read,   ///< One snapshot, however long it reads.
    write,  ///< Nobody else writes until it ends.
};

/// What a statement that failed takes with it.
enum class Reach {
    statement,    ///< Itself alone.
    transaction,  ///< Everything since `begin`.
    connection,   ///< The connection too; the next transaction opens another.
};

/// What a failure of the database means.
struct Verdict {
    Reach reach;
    Error error;
};

/// The database behind one connection. Failures leave through `Connection::refuse` or as `soci_error`.
class Dialect {
  public:
    virtual ~Dialect() = default;

    /// Opens or reopens the session with all its settings; statements of before are gone.
    virtual void connect() = 0;
    /// Text of a migration, which is written for SQLite, in this database's types.
    virtual std::string schema(std::string_view script) const = 0;
    /// Runs statements without parameters.
    virtual void script(const std::string& statements) = 0;
    /// What a failure is. `change`: the statement was not a query.
    virtual Verdict judge(const soci::soci_error& error, const std::string& sql, bool change) = 0;
    /// The time of the database's own clock as a query that gives milliseconds since 1970; nothing when that
    /// is ours.
    virtual std::optional<std::string> clock() const { return std::nullopt; }
    /// Names and kinds (1 for numbers) of the columns of the table `:table`, in order; the names of all
    /// tables.
    virtual std::string columns_query() const = 0;
    virtual std::string tables_query() const = 0;

    virtual void begin(Access access) = 0;
    /// `note` reaches those who `listen`, with the commit. `certain`: an answer that is lost is looked for.
    virtual void commit(std::string_view note, bool certain) = 0;
    /// Ends a transaction if there is one. Throws when it cannot be known to have ended.
    virtual void roll_back() = 0;

    /// A job is a part of a transaction that can be undone alone. One at a time. What it changes depends on
    /// nothing but the rows and the parameters of its statements: they may be run again.
    virtual void start_job() = 0;
    virtual void keep_job() = 0;
    virtual void undo_job() = 0;
    /// A change of a job has succeeded; or has failed, and undoes itself alone.
    virtual void changed(const std::string&, const Statement&) {}
    virtual void undo_change() {}

    /// Hears the notes of commits from here on; until the connection is lost.
    virtual void listen() {}
    /// Waits for notes until `stop` is readable, but not longer than `limit`; gives them.
    virtual std::vector<std::string> notes(int stop, Duration limit) = 0;
    /// Keeps others from taking the whole database for themselves, or takes it; until the connection ends.
    /// False when somebody else has it.
    enum class Share { with_others, alone };
    virtual bool claim(Share share) = 0;
};

/// Throws `invalid` for a URI that cannot be read.
std::unique_ptr<Dialect> make_sqlite(Connection& db, soci::session& session, const std::string& path);
std::unique_ptr<Dialect> make_postgres(Connection& db, soci::session& session, const std::string& uri,
                                       const ServerOptions& options);

/// `table` has a row of that kind already: `name_taken`, `host_taken` or `already_exists`. `columns` are
/// those that were to be unique, `session.user_id, session.name`.
Error duplicate(const std::string& table, std::string_view columns);
Error reference_missing(const std::string& sql);
Error storage_failed(const std::string& detail);

}  // namespace berth::store
