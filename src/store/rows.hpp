#pragma once

#include "store/sql.hpp"
#include "store/tables.hpp"

namespace berth::store {

/// How long events of each class are kept.
struct Retention {
    Duration state, audit;
};

/// Every read and write as SQL over one connection. Read transactions use it as `Rows`.
class SqlRows final : public Tx {
  public:
    SqlRows(Connection& connection, Clock& clock, Retention retention)
        : db_(connection), clock_(clock), retention_(retention) {}

    std::optional<User> find_user(const UserId& id) override;
    std::optional<User> find_user_by_name(std::string_view name) override;
    Page<User> list_users(const Query& query) override;
    std::int64_t count_admins() override;
    std::optional<std::string> find_password(const UserId& id) override;
    void insert_user(const User& user) override;
    void update_user(const User& user) override;
    void set_password(const UserId& id, const std::string& hash) override;

    std::optional<Login> find_login(std::string_view secret_hash) override;
    std::optional<Login> find_login(const LoginId& id) override;
    std::vector<Login> list_logins(const UserId& user) override;
    std::optional<Token> find_token(std::string_view secret_hash) override;
    std::vector<Token> list_tokens(const UserId& user) override;
    std::optional<Ticket> find_ticket(std::string_view secret_hash, Time now) override;
    void insert_login(const Login& login) override;
    void delete_login(const LoginId& id) override;
    void delete_proofs(const UserId& user) override;
    void insert_token(const Token& token) override;
    bool delete_token(const UserId& user, const TokenId& id) override;
    void touch_token(const TokenId& id, Time at) override;
    void insert_ticket(const Ticket& ticket) override;
    std::optional<Ticket> take_ticket(std::string_view secret_hash, TicketKind kind, Time now) override;
    void delete_tickets(TicketKind kind) override;

    std::optional<Template> find_template(const Caller& caller, std::string_view name) override;
    Page<Template> list_templates(const Caller& caller, const Query& query) override;
    std::optional<TemplateRevision> find_revision(const Caller& caller, std::string_view name,
                                                  int revision) override;
    std::vector<TemplateRevision> list_revisions(const Caller& caller, std::string_view name) override;
    int insert_revision(const Template& newest) override;
    void set_digest(std::string_view name, int revision, const std::string& image,
                    const std::string& digest) override;
    void delete_template(std::string_view name, Time at) override;

    std::optional<Session> find_session(const Caller& caller, const SessionId& id) override;
    std::optional<Session> find_session_by_name(const UserId& user, std::string_view name) override;
    std::optional<Session> find_session_by_host(std::string_view host) override;
    Page<Session> list_sessions(const Caller& caller, const Query& query) override;
    std::vector<Session> sessions_of(const UserId& user) override;
    std::vector<std::pair<SessionId, Time>> unsettled_sessions() override;
    std::vector<SessionId> running_sessions() override;
    std::vector<SessionId> resting_sessions(std::string_view engine) override;
    std::vector<Session> queued_sessions() override;
    std::vector<Session> sessions_on(const WorkspaceId& workspace) override;
    void insert_session(const Session& session) override;
    void update_session(const Session& session) override;

    std::optional<Workspace> find_workspace(const Caller& caller, const WorkspaceId& id) override;
    std::optional<Workspace> find_workspace_by_name(const UserId& user, std::string_view name) override;
    Page<Workspace> list_workspaces(const Caller& caller, const Query& query) override;
    std::vector<Workspace> workspaces_to_remove() override;
    std::vector<Volume> volumes_of(std::string_view owner) override;
    std::vector<Volume> volumes_to_remove() override;
    std::vector<Volume> volumes_on(std::string_view engine) override;
    void insert_workspace(const Workspace& workspace) override;
    void update_workspace(const Workspace& workspace) override;
    void delete_workspace(const WorkspaceId& id) override;
    void insert_volume(const Volume& volume) override;
    void update_volume(const Volume& volume) override;
    void delete_volume(std::string_view handle) override;

    std::vector<Event> events_after(const Caller& caller, std::int64_t sequence, int limit) override;
    std::vector<Event> events_of(const Caller& caller, std::string_view subject, int limit) override;
    Page<Event> list_events(const Caller& caller, const Query& query) override;
    std::int64_t last_sequence() override;
    std::int64_t oldest_sequence() override;
    void append(Event event) override;

    std::optional<std::string> find_setting(std::string_view name) override;
    void set_setting(std::string_view name, const std::string& text) override;
    std::optional<Remembered> find_remembered(const UserId& user, std::string_view route,
                                              std::string_view key) override;
    void remember(const UserId& user, std::string_view route, std::string_view key, const Remembered& answer,
                  Time expires_at) override;
    void forget_expired(Time now) override;

    Time now() override;
    std::optional<Mirrored> find_mirrored(Noun noun, std::string_view row) override;
    std::optional<Mirrored> find_mirrored_by_uid(std::string_view uid) override;
    std::vector<Mirrored> mirrored_after(Noun noun, std::string_view row, int limit) override;
    void put_mirrored(const Mirrored& mirrored) override;
    void delete_mirrored(Noun noun, std::string_view row) override;

    std::vector<Watermark> watermarks() override;
    void put_watermark(const Watermark& mark) override;
    void delete_watermark(std::string_view holder) override;

    std::optional<Tier> find_tier(std::string_view name) override;
    std::vector<Tier> list_tiers() override;
    std::optional<Group> find_group(const GroupId& id) override;
    std::optional<Group> find_group_by_name(std::string_view name) override;
    std::vector<Group> list_groups() override;
    std::vector<Group> groups_of(const UserId& user) override;
    std::vector<User> members_of(const GroupId& group) override;
    std::vector<User> users_in_tier(std::string_view name) override;
    std::vector<RunningOf> running_of(const Holder& holder) override;
    Held held_by(const Holder& holder) override;

    std::vector<SealingKey> sealing_keys() override;
    std::int64_t count_sealed(const KeyId& key) override;
    std::optional<UserSecret> find_secret(const UserId& user, std::string_view name) override;
    std::vector<UserSecret> secrets_of(const UserId& user) override;
    std::vector<UserSecret> secrets_under(const KeyId& key, int limit) override;
    std::optional<UserFile> find_user_file(const UserId& user, std::string_view path) override;
    std::optional<UserFile> find_user_file(const UserFileId& id) override;
    std::vector<UserFile> user_files_of(const UserId& user) override;
    std::vector<UserFile> unfinished_user_files(Time before) override;
    std::optional<UserFilePart> find_user_file_part(const UserFileId& file, int number) override;
    std::vector<UserFilePart> user_file_parts_under(const KeyId& key, int limit) override;
    std::vector<Consent> consents_of(const UserId& user) override;
    void put_tier(const Tier& tier) override;
    bool delete_tier(std::string_view name) override;
    void insert_group(const Group& group) override;
    void update_group(const Group& group) override;
    void delete_group(const GroupId& id) override;
    void add_member(const GroupId& group, const UserId& user) override;
    void remove_member(const GroupId& group, const UserId& user) override;
    void insert_sealing_key(const SealingKey& key) override;
    void update_sealing_key(const SealingKey& key) override;
    void delete_sealing_key(const KeyId& id) override;
    void put_secret(const UserSecret& secret) override;
    bool delete_secret(const UserId& user, std::string_view name) override;
    void insert_user_file(const UserFile& file) override;
    void update_user_file(const UserFile& file) override;
    void delete_user_file(const UserFileId& id) override;
    void put_user_file_part(const UserFilePart& part) override;
    void put_consent(const Consent& consent) override;
    void delete_consent(const UserId& user, std::string_view template_, std::string_view secret) override;

    std::optional<Leadership> leadership() override;
    std::optional<Leadership> take_leadership(const std::string& holder, Duration lease) override;
    void release_leadership(const std::string& holder, std::int64_t epoch) override;
    void require_epoch(std::int64_t epoch) override;

    /// How far the events of a transaction are: appended, and already rows.
    struct Progress {
        std::size_t appended = 0, stored = 0;
    };
    Progress progress() const { return {events_.size(), stored_}; }
    /// Goes back there: what came later was rolled back.
    void go_back(Progress progress);
    /// Makes rows of the events appended: all at once, last of all, and before somebody reads them.
    void store_events();
    /// Their first and last number, `12 15`; empty without events.
    std::string note() const;
    /// The events since the last call, with their sequence numbers.
    std::vector<Event> take_events();

  private:
    void forget_events(EventClass class_, Time before);

    Connection& db_;
    Clock& clock_;
    Retention retention_;
    std::vector<Event> events_;
    std::size_t stored_ = 0;           // How many of them are rows.
    std::int64_t first_of_batch_ = 0;  // Sequence number of the first of `events_`.
};

/// Throws `not_found` unless a statement changed a row.
void require_changed(std::int64_t rows, std::string_view noun, std::string_view id);

}  // namespace berth::store
