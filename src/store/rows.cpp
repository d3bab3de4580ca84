#include "store/rows.hpp"

namespace berth::store {

struct Answer : Remembered {};

template <>
struct Table<Answer> {
    static constexpr const char* name = "idempotency";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.elsewhere("body_hash", row.body_hash);
        v.elsewhere("status", row.status);
        v.elsewhere("body", row.body);
    }
};

void require_changed(std::int64_t rows, std::string_view noun, std::string_view id) {
    if (rows == 0)
        throw Error(Kind::not_found, "not_found", std::string(noun) + " " + quoted(id) + " does not exist");
}

std::optional<Remembered> SqlRows::find_remembered(const UserId& user, std::string_view route,
                                                   std::string_view key) {
    return db_.find<Answer>("WHERE user_id = :user AND route = :route AND key = :key AND expires_at > :now",
                            user, route, key, clock_.now());
}

void SqlRows::remember(const UserId& user, std::string_view route, std::string_view key,
                       const Remembered& answer, Time expires_at) {
    db_.run("DELETE FROM idempotency WHERE user_id = :user AND route = :route AND key = :key", user, route,
            key);
    db_.run(
        "INSERT INTO idempotency (user_id, route, key, body_hash, status, body, expires_at) "
        "VALUES (:user, :route, :key, :hash, :status, :body, :expires)",
        user, route, key, answer.body_hash, answer.status, answer.body, expires_at);
}

namespace {

template <class T>
T required(std::optional<T> found, std::string_view noun, std::string_view name) {
    if (!found) require_changed(0, noun, name);
    return std::move(*found);
}

}  // namespace

User Rows::get_user(const UserId& id) {
    return required(find_user(id), "user", id.text);
}

Template Rows::get_template(const Caller& caller, std::string_view name) {
    return required(find_template(caller, name), "template", name);
}

TemplateRevision Rows::get_revision(const Caller& caller, std::string_view name, int revision) {
    return required(find_revision(caller, name, revision), "template",
                    std::string(name) + " " + std::to_string(revision));
}

Session Rows::get_session(const Caller& caller, const SessionId& id) {
    return required(find_session(caller, id), "session", id.text);
}

Workspace Rows::get_workspace(const Caller& caller, const WorkspaceId& id) {
    return required(find_workspace(caller, id), "workspace", id.text);
}

}  // namespace berth::store
