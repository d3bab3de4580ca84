#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "model/event.hpp"
#include "model/mirrored.hpp"
#include "model/secret.hpp"
#include "model/session.hpp"
#include "model/template.hpp"
#include "model/user.hpp"
#include "model/workspace.hpp"
#include "store/holdings.hpp"

namespace berth::store {

/// One page of a list: what to look for, how to order it, where to go on.
struct Query {
    std::string q;  ///< Text that name (or display name) contains, ignoring case.
    /// Filters: column -> value. Columns are named as on the wire (`createdAt`) or as in the model
    /// (`created_at`); unknown ones are `invalid`, and so is a value that an enumeration does not have.
    std::map<std::string, std::string> equal;
    std::string sort;    ///< Column, `-column` for descending; empty: newest first.
    std::string cursor;  ///< From the previous page; opaque.
    int limit = 50;      ///< 1 to 200.
};

template <class T>
struct Page {
    std::vector<T> items;
    std::int64_t total = 0;           ///< Rows that match, on all pages.
    std::optional<std::string> next;  ///< Cursor of the next page.
};

/// A signed-in browser.
struct Login {
    LoginId id;
    UserId user;
    std::string secret_hash;  ///< SHA-256 of the cookie's secret, hex.
    std::string user_agent;
    Time created_at{};
    Time expires_at{};
};

/// A token of a program or of the CLI.
struct Token {
    TokenId id;
    UserId user;
    std::string name;
    std::string secret_hash;
    std::string scope;  ///< read, sessions or admin.
    Time created_at{};
    std::optional<Time> expires_at;
    std::optional<Time> last_used_at;
};

/// What a one-use secret is for.
enum class TicketKind {
    first_admin,   ///< The link that `berth up` prints.
    sign_in,       ///< The link an administrator gives to a new user.
    session_host,  ///< From the platform's origin to a session's own host.
};
BOOST_DESCRIBE_ENUM(TicketKind, first_admin, sign_in, session_host)

struct Ticket {
    std::string secret_hash;
    TicketKind kind = TicketKind::sign_in;
    UserId user;
    LoginId login;      ///< The sign-in that a session-host cookie will depend on.
    std::string host;   ///< Session host it is bound to.
    std::string nonce;  ///< Hash of the nonce cookie it is bound to.
    Time expires_at{};
};

/// A remembered answer to a create that carried an idempotency key.
struct Remembered {
    std::string body_hash;
    int status = 0;
    std::string body;
};

/// Who leads among several Berths on one database, and until when by the database's clock.
struct Leadership {
    std::string holder;
    std::int64_t epoch = 0;  ///< One more whenever another holder takes over.
    Time renewed_at{};
    Time expires_at{};
    auto operator<=>(const Leadership&) const = default;
};

/// How far a process has told what people did at its doors.
struct Watermark {
    std::string holder;
    Time reported_at{};
};

/// Reads. In a read transaction all see one snapshot; in a write they see what it has written.
///
/// Functions with a `Caller` never show another's row, whatever the role, unless it asks for `everything`: it
/// is not found. `find` gives nothing, `get` throws `not_found`.
class Rows {
  public:
    virtual ~Rows() = default;

    virtual std::optional<User> find_user(const UserId& id) = 0;
    virtual std::optional<User> find_user_by_name(std::string_view name) = 0;  ///< Ignores case.
    /// Columns: name, displayName, email, role, active, createdAt, lastLoginAt.
    virtual Page<User> list_users(const Query& query) = 0;
    virtual std::int64_t count_admins() = 0;  ///< Active ones.
    /// The argon2id string of the user's password; nothing when there is none.
    virtual std::optional<std::string> find_password(const UserId& id) = 0;

    virtual std::optional<Login> find_login(std::string_view secret_hash) = 0;
    virtual std::optional<Login> find_login(const LoginId& id) = 0;
    virtual std::vector<Login> list_logins(const UserId& user) = 0;
    virtual std::optional<Token> find_token(std::string_view secret_hash) = 0;
    virtual std::vector<Token> list_tokens(const UserId& user) = 0;
    /// Looks at a ticket without taking it; nothing when it has expired.
    virtual std::optional<Ticket> find_ticket(std::string_view secret_hash, Time now) = 0;

    /// Templates that are deleted are not found, and not listed; their revisions are still found.
    virtual std::optional<Template> find_template(const Caller& caller, std::string_view name) = 0;
    /// Columns: name, displayName, category, owner, revision, createdAt, updatedAt.
    virtual Page<Template> list_templates(const Caller& caller, const Query& query) = 0;
    virtual std::optional<TemplateRevision> find_revision(const Caller& caller, std::string_view name,
                                                          int revision) = 0;
    /// Newest first.
    virtual std::vector<TemplateRevision> list_revisions(const Caller& caller, std::string_view name) = 0;

    /// Also one that is gone.
    virtual std::optional<Session> find_session(const Caller& caller, const SessionId& id) = 0;
    /// By name, among those that are not gone.
    virtual std::optional<Session> find_session_by_name(const UserId& user, std::string_view name) = 0;
    /// Also one that is gone: a host is never given again.
    virtual std::optional<Session> find_session_by_host(std::string_view host) = 0;
    /// Columns: name, user, host, template, revision, workspace, engine, phase, state, createdAt,
    /// lastActiveAt. Sessions that are gone are listed only when `phase` asks for them.
    virtual Page<Session> list_sessions(const Caller& caller, const Query& query) = 0;
    /// The user's sessions that are not gone, oldest first: the numbers of admission.
    virtual std::vector<Session> sessions_of(const UserId& user) = 0;
    /// Keys that the loop has to look at: rows that have a `look_at`, earliest first, with that time.
    virtual std::vector<std::pair<SessionId, Time>> unsettled_sessions() = 0;
    /// Keys of the sessions whose last look found them running.
    virtual std::vector<SessionId> running_sessions() = 0;
    /// Keys of the engine's sessions that are hibernated or have failed, oldest first.
    virtual std::vector<SessionId> resting_sessions(std::string_view engine) = 0;
    /// Sessions that wait for room, the longest waiting first.
    virtual std::vector<Session> queued_sessions() = 0;
    /// The sessions of the workspace that are not gone, oldest first.
    virtual std::vector<Session> sessions_on(const WorkspaceId& workspace) = 0;

    /// Workspaces whose deletion was asked for are found by a caller of `everything` only.
    virtual std::optional<Workspace> find_workspace(const Caller& caller, const WorkspaceId& id) = 0;
    virtual std::optional<Workspace> find_workspace_by_name(const UserId& user, std::string_view name) = 0;
    /// Columns: name, user, template, createdAt, lastUsedAt.
    virtual Page<Workspace> list_workspaces(const Caller& caller, const Query& query) = 0;
    /// Workspaces whose deletion was asked for; `delete_workspace` ends them once their volumes are gone.
    virtual std::vector<Workspace> workspaces_to_remove() = 0;
    /// Also those whose deletion was asked for.
    virtual std::vector<Volume> volumes_of(std::string_view owner) = 0;
    virtual std::vector<Volume> volumes_to_remove() = 0;
    /// All of an engine, also those whose deletion was asked for, by handle.
    virtual std::vector<Volume> volumes_on(std::string_view engine) = 0;

    /// Events after `sequence`, oldest first, that the caller may see.
    virtual std::vector<Event> events_after(const Caller& caller, std::int64_t sequence, int limit) = 0;
    /// The newest `limit` events of a subject, oldest first.
    virtual std::vector<Event> events_of(const Caller& caller, std::string_view subject, int limit) = 0;
    /// Columns: sequence, at, class, actor, kind, subjectKind, subject, owner. Newest first unless asked
    /// otherwise.
    virtual Page<Event> list_events(const Caller& caller, const Query& query) = 0;
    /// The newest event's; 0 when there is none.
    virtual std::int64_t last_sequence() = 0;
    /// From here on no event was forgotten: who has seen less than the one before has to start anew. 0
    /// without events.
    virtual std::int64_t oldest_sequence() = 0;

    /// A setting of the installation: `quota.default`, `instance.id`…
    virtual std::optional<std::string> find_setting(std::string_view name) = 0;

    /// By the clock of the database, which is one for all Berths on it; at the time of the call, not of the
    /// transaction.
    virtual Time now() = 0;

    /// The resource that stands for the row.
    virtual std::optional<Mirrored> find_mirrored(Noun noun, std::string_view row) = 0;
    virtual std::optional<Mirrored> find_mirrored_by_uid(std::string_view uid) = 0;
    /// In the order of their rows, those that come after `row`.
    virtual std::vector<Mirrored> mirrored_after(Noun noun, std::string_view row, int limit) = 0;

    /// Who leads now; nothing when nobody does.
    virtual std::optional<Leadership> leadership() = 0;
    virtual std::vector<Watermark> watermarks() = 0;

    virtual std::optional<Tier> find_tier(std::string_view name) = 0;
    virtual std::vector<Tier> list_tiers() = 0;  ///< By name.
    virtual std::optional<Group> find_group(const GroupId& id) = 0;
    virtual std::optional<Group> find_group_by_name(std::string_view name) = 0;
    virtual std::vector<Group> list_groups() = 0;                        ///< By name.
    virtual std::vector<Group> groups_of(const UserId& user) = 0;        ///< By name.
    virtual std::vector<User> members_of(const GroupId& group) = 0;      ///< By name.
    virtual std::vector<User> users_in_tier(std::string_view name) = 0;  ///< By name.

    virtual std::vector<RunningOf> running_of(const Holder& holder) = 0;  ///< By template revision.
    virtual Held held_by(const Holder& holder) = 0;
    virtual std::vector<SealingKey> sealing_keys() = 0;       ///< Oldest first.
    virtual std::int64_t count_sealed(const KeyId& key) = 0;  ///< Secrets and parts of files under it.
    virtual std::optional<UserSecret> find_secret(const UserId& user, std::string_view name) = 0;
    virtual std::vector<UserSecret> secrets_of(const UserId& user) = 0;  ///< By name.
    virtual std::vector<UserSecret> secrets_under(const KeyId& key, int limit) = 0;
    /// Only complete ones, as the rest of these.
    virtual std::optional<UserFile> find_user_file(const UserId& user, std::string_view path) = 0;
    virtual std::optional<UserFile> find_user_file(const UserFileId& id) = 0;  ///< Also one that is not.
    virtual std::vector<UserFile> user_files_of(const UserId& user) = 0;       ///< By path.
    /// Uploads that nobody finished and that began before then.
    virtual std::vector<UserFile> unfinished_user_files(Time before) = 0;
    virtual std::optional<UserFilePart> find_user_file_part(const UserFileId& file, int number) = 0;
    virtual std::vector<UserFilePart> user_file_parts_under(const KeyId& key, int limit) = 0;
    virtual std::vector<Consent> consents_of(const UserId& user) = 0;  ///< By template and secret.

    User get_user(const UserId& id);
    Template get_template(const Caller& caller, std::string_view name);
    TemplateRevision get_revision(const Caller& caller, std::string_view name, int revision);
    Session get_session(const Caller& caller, const SessionId& id);
    Workspace get_workspace(const Caller& caller, const WorkspaceId& id);
};

/// Writes. Each is part of one savepoint: all or nothing. A unique name that is taken is `conflict`
/// (`name_taken`, `host_taken` for the host of a session); a row that refers to what does not exist is
/// `conflict` (`reference_missing`); an update of a row that is not there is `not_found`. Updates leave alone
/// what never changes: ids, owners, hosts, times of creation.
class Tx : public Rows {
  public:
    virtual void insert_user(const User& user) = 0;
    virtual void update_user(const User& user) = 0;
    /// An empty hash takes the password away.
    virtual void set_password(const UserId& id, const std::string& hash) = 0;

    virtual void insert_login(const Login& login) = 0;
    virtual void delete_login(const LoginId& id) = 0;
    /// Everything that lets the user in: sign-ins, tokens and tickets.
    virtual void delete_proofs(const UserId& user) = 0;
    virtual void insert_token(const Token& token) = 0;
    /// False when the user has no such token.
    virtual bool delete_token(const UserId& user, const TokenId& id) = 0;
    /// Only last use; a token that is gone meanwhile is not an error.
    virtual void touch_token(const TokenId& id, Time at) = 0;
    virtual void insert_ticket(const Ticket& ticket) = 0;
    /// Takes the ticket out: the second caller gets nothing, and so does one that comes after `expires_at`.
    virtual std::optional<Ticket> take_ticket(std::string_view secret_hash, TicketKind kind, Time now) = 0;
    virtual void delete_tickets(TicketKind kind) = 0;

    /// Adds a revision and makes the template point at it; the first one makes the template. Returns its
    /// number: `newest.revision`, which must follow the last one (else `conflict`, `revision_conflict`); only
    /// a template that was deleted goes on counting where it stopped.
    virtual int insert_revision(const Template& newest) = 0;
    /// Remembers what an image was when it was first there; a second digest for it changes nothing.
    virtual void set_digest(std::string_view name, int revision, const std::string& image,
                            const std::string& digest) = 0;
    /// Hides the template from lists and launches; sessions keep their revision.
    virtual void delete_template(std::string_view name, Time at) = 0;

    virtual void insert_session(const Session& session) = 0;
    virtual void update_session(const Session& session) = 0;

    virtual void insert_workspace(const Workspace& workspace) = 0;
    virtual void update_workspace(const Workspace& workspace) = 0;
    /// Refused (`workspace_in_use`) while a session that is not gone is on it.
    virtual void delete_workspace(const WorkspaceId& id) = 0;
    virtual void insert_volume(const Volume& volume) = 0;
    virtual void update_volume(const Volume& volume) = 0;
    virtual void delete_volume(std::string_view handle) = 0;

    /// Appends; the sequence number is given at commit order. Published after the commit.
    virtual void append(Event event) = 0;

    /// Nothing once it has expired.
    virtual std::optional<Remembered> find_remembered(const UserId& user, std::string_view route,
                                                      std::string_view key) = 0;
    virtual void remember(const UserId& user, std::string_view route, std::string_view key,
                          const Remembered& answer, Time expires_at) = 0;
    virtual void set_setting(std::string_view name, const std::string& text) = 0;
    /// Deletes expired logins, tickets and remembered answers, and events beyond the retention of their class
    /// (at most 10 000 of each class a call). The newest event stays.
    virtual void forget_expired(Time now) = 0;

    /// One resource for a row: replaces what stood for it before.
    virtual void put_mirrored(const Mirrored& mirrored) = 0;
    virtual void delete_mirrored(Noun noun, std::string_view row) = 0;

    virtual void put_watermark(const Watermark& mark) = 0;
    virtual void delete_watermark(std::string_view holder) = 0;

    virtual void put_tier(const Tier& tier) = 0;
    /// False when there is none.
    virtual bool delete_tier(std::string_view name) = 0;
    virtual void insert_group(const Group& group) = 0;
    virtual void update_group(const Group& group) = 0;
    virtual void delete_group(const GroupId& id) = 0;  ///< With its memberships.
    /// Joining twice is joining once.
    virtual void add_member(const GroupId& group, const UserId& user) = 0;
    virtual void remove_member(const GroupId& group, const UserId& user) = 0;

    virtual void insert_sealing_key(const SealingKey& key) = 0;
    virtual void update_sealing_key(const SealingKey& key) = 0;
    virtual void delete_sealing_key(const KeyId& id) = 0;
    virtual void put_secret(const UserSecret& secret) = 0;
    virtual bool delete_secret(const UserId& user, std::string_view name) = 0;
    virtual void insert_user_file(const UserFile& file) = 0;
    virtual void update_user_file(const UserFile& file) = 0;
    virtual void delete_user_file(const UserFileId& id) = 0;  ///< With its parts.
    virtual void put_user_file_part(const UserFilePart& part) = 0;
    virtual void put_consent(const Consent& consent) = 0;
    virtual void delete_consent(const UserId& user, std::string_view template_, std::string_view secret) = 0;

    /// Takes the lead, or renews it, for the length of `lease` from now. Nothing while another has it.
    virtual std::optional<Leadership> take_leadership(const std::string& holder, Duration lease) = 0;
    /// Gives it up, if it still is that of `holder` in `epoch`.
    virtual void release_leadership(const std::string& holder, std::int64_t epoch) = 0;
    /// Throws `conflict` (`deposed`) once another epoch than this one has begun: what a leader writes goes
    /// with it, so that nothing of an older one arrives late.
    virtual void require_epoch(std::int64_t epoch) = 0;
};

/// What we remember. Rows are the truth; the change feed is how the layers hear of each other.
///
/// Writes are closures: each runs in a savepoint of its own inside a shared transaction on the writer's
/// thread, and its caller goes on after that transaction is durable (group commit). A closure that throws
/// leaves nothing behind, and the exception comes to its caller. Closures may run on another thread: they
/// take what they need by value and touch nothing else.
class Store {
  public:
    virtual ~Store() = default;

    template <class F>
    Task<std::invoke_result_t<F, Tx&>> write(F work);
    template <class F>
    Task<std::invoke_result_t<F, Rows&>> read(F work);

    /// Called with the events of each commit, in order, on one thread at a time; it must not block, and posts
    /// to its own loop. The subscription ends with the returned handle.
    using Listener = std::function<void(const std::vector<Event>&)>;
    [[nodiscard]] virtual std::shared_ptr<void> subscribe(Listener listener) = 0;

    /// Finishes what was given to `write` before, then refuses more. Idempotent.
    virtual void close() = 0;

  protected:
    /// Runs `work` on the writer (or a reader) and then `done`, on any thread, with its failure or nothing.
    using Done = std::function<void(std::exception_ptr)>;
    virtual void enqueue_write(std::function<void(Tx&)> work, Done done) = 0;
    virtual void enqueue_read(std::function<void(Rows&)> work, Done done) = 0;
};

/// How long we have patience with a PostgreSQL server, and it with us. Nothing of it matters to SQLite.
struct ServerOptions {
    std::string password_file;  ///< Its first line is the password, read at each connect; empty: none.
    Duration connect_limit = std::chrono::seconds(3);     ///< To connect to one host, in whole seconds.
    Duration lock_limit = std::chrono::seconds(5);        ///< For the write of another Berth to end.
    Duration statement_limit = std::chrono::seconds(30);  ///< For one statement.
    /// Between two statements of a transaction: then the server ends it, so that a Berth that hangs does not
    /// keep others waiting.
    Duration idle_limit = std::chrono::seconds(5);
    Duration silence_limit = std::chrono::seconds(10);  ///< For the server to confirm what was sent.
    Duration outcome_limit = std::chrono::seconds(15);  ///< To learn of a commit whose answer was lost.
    Duration look_every = std::chrono::seconds(10);     ///< For events, should a notification have been lost.
};

struct Options {
    /// `postgres://…`, or the path of a database file, also with `sqlite:` before it. Empty: in memory, and
    /// everything runs on the caller's thread.
    std::string database;
    ServerOptions server{};
    int readers = 2;         ///< Threads that read a database that is not in memory.
    int batch_max = 256;     ///< Closures of one commit.
    int queue_max = 10'000;  ///< Closures waiting; more are `busy`.
    Duration keep_state_events = std::chrono::hours(24 * 7);
    Duration keep_audit_events = std::chrono::hours(24 * 365);
};

/// Opens (and migrates) the database; the directory of a file exists. Throws `conflict` when another process
/// has the file open (`data_directory_in_use`), `internal` (`migration_changed`) when a migration that ran
/// differs from ours, `internal` (`database_newer`) with the newest version that this program knows when the
/// database is newer, and `unavailable` (`database_unreachable`) when a server is away.
///
/// Any number of Berths may share a database on a PostgreSQL server: each hears the events of all.
///
/// A write whose commit fails (`unavailable`: `storage_failed`, `database_unreachable`) has left nothing
/// behind; the next one may work. Only `outcome_unknown` may or may not have.
std::unique_ptr<Store> open(const Options& options, Clock& clock);

}  // namespace berth::store

#include "store/store_inl.hpp"
