#include "store/list.hpp"
#include "store/rows.hpp"

namespace berth::store {
namespace {

/// The state that the asks amount to; the same as `desired` of the model.
constexpr const char* state_of_asks =
    "CASE WHEN ask_terminate IS NOT NULL THEN 'terminated' "
    "WHEN ask_hibernate IS NOT NULL AND (ask_wake IS NULL OR ask_hibernate > ask_wake) THEN 'hibernated' "
    "WHEN ask_freeze IS NOT NULL AND (ask_wake IS NULL OR ask_freeze > ask_wake) THEN 'frozen' "
    "ELSE 'running' END";

const ListShape& shape() {
    static const ListShape made{
        .key = "id",
        .newest = "-createdAt",
        .search = "search",
        .columns = {
            {"name", "name"},
            {"user", "user_id"},
            {"host", "host"},
            {"template", "template"},
            {"revision", "revision", CellKind::number},
            {"workspace", "coalesce(workspace_id, '')"},
            {"engine", "engine"},
            {"phase", "phase", CellKind::text, ListColumn::sort_and_filter, json::enum_names<Phase>()},
            {"state", state_of_asks, CellKind::text, ListColumn::sort_and_filter, json::enum_names<State>()},
            {"createdAt", "created_at", CellKind::number, ListColumn::sort_only, {}},
            {"lastActiveAt", "coalesce(last_active_at, 0)", CellKind::number, ListColumn::sort_only, {}}}};
    return made;
}

/// What the loop is told of a session that it has to look at.
struct Due {
    SessionId id;
    Time look_at{};
};

struct Key {
    SessionId id;
};

}  // namespace

template <>
struct Table<Due> {
    static constexpr const char* name = "session";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.elsewhere("id", row.id);
        v.elsewhere("look_at", row.look_at);
    }
};

template <>
struct Table<Key> {
    static constexpr const char* name = "session";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.elsewhere("id", row.id);
    }
};

std::optional<Session> SqlRows::find_session(const Caller& caller, const SessionId& id) {
    return db_.find<Session>("WHERE id = :id AND (user_id = :caller OR :everything = 1)", id, caller.user,
                             caller.everything);
}

std::optional<Session> SqlRows::find_session_by_name(const UserId& user, std::string_view name) {
    return db_.find<Session>("WHERE user_id = :user AND name = :name AND phase <> 'gone'", user, name);
}

std::optional<Session> SqlRows::find_session_by_host(std::string_view host) {
    return db_.find<Session>("WHERE host = :host", host);
}

Page<Session> SqlRows::list_sessions(const Caller& caller, const Query& query) {
    Where where;
    if (!caller.everything) where.add("user_id = {}", caller.user);
    if (!query.equal.contains("phase")) where.add("phase <> 'gone'");
    return list<Session>(db_, shape(), query, std::move(where));
}

std::vector<Session> SqlRows::sessions_of(const UserId& user) {
    return db_.select<Session>("WHERE user_id = :user AND phase <> 'gone' ORDER BY created_at, id", user);
}

std::vector<std::pair<SessionId, Time>> SqlRows::unsettled_sessions() {
    std::vector<std::pair<SessionId, Time>> keys;
    for (auto& due : db_.select<Due>("WHERE look_at IS NOT NULL ORDER BY look_at, id"))
        keys.emplace_back(std::move(due.id), due.look_at);
    return keys;
}

std::vector<SessionId> SqlRows::running_sessions() {
    std::vector<SessionId> keys;
    for (auto& key : db_.select<Key>("WHERE phase IN ('running', 'frozen') ORDER BY created_at, id"))
        keys.push_back(std::move(key.id));
    return keys;
}

std::vector<SessionId> SqlRows::resting_sessions(std::string_view engine) {
    std::vector<SessionId> keys;
    for (auto& key : db_.select<Key>("WHERE engine = :engine AND phase IN ('hibernated', 'failed') "
                                     "ORDER BY created_at, id",
                                     engine))
        keys.push_back(std::move(key.id));
    return keys;
}

std::vector<Session> SqlRows::queued_sessions() {
    return db_.select<Session>("WHERE queued_at IS NOT NULL ORDER BY queued_at, id");
}

std::vector<Session> SqlRows::sessions_on(const WorkspaceId& workspace) {
    return db_.select<Session>("WHERE workspace_id = :workspace AND phase <> 'gone' ORDER BY created_at, id",
                               workspace);
}

void SqlRows::insert_session(const Session& session) {
    db_.insert(session);
}

void SqlRows::update_session(const Session& session) {
    require_changed(db_.update(session), "session", session.name.empty() ? session.id.text : session.name);
}

}  // namespace berth::store
