#include "store/rows.hpp"

namespace berth::store {

template <>
struct Table<RunningOf> {
    static constexpr const char* name = "session";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.elsewhere("template", row.template_);
        v.elsewhere("revision", row.revision);
        v.elsewhere("COUNT(*)", row.sessions);
    }
};

namespace {

/// The rows of a table that are the holder's, given the column that names their user.
std::string_view whose(Holder::Kind kind) {
    switch (kind) {
        case Holder::Kind::user:
            return "user_id = :holder";
        case Holder::Kind::group:
            return "user_id IN (SELECT user_id FROM membership WHERE group_id = :holder)";
        case Holder::Kind::engine:
            return "engine = :holder";
    }
    return {};
}

}  // namespace

std::vector<RunningOf> SqlRows::running_of(const Holder& holder) {
    return db_.select<RunningOf>("WHERE takes_part = '1' AND " + std::string(whose(holder.kind)) +
                                     " GROUP BY template, revision ORDER BY template, revision",
                                 holder.id);
}

Held SqlRows::held_by(const Holder& holder) {
    const auto mine = std::string(whose(holder.kind));
    const auto number = [&](const std::string& sql) {
        return db_.value<std::int64_t>(sql + mine, holder.id).value_or(0);
    };
    return {.sessions = number("SELECT COUNT(*) FROM session WHERE phase <> 'gone' AND "),
            .workspaces = holder.kind == Holder::Kind::engine
                              ? 0
                              : number("SELECT COUNT(*) FROM workspace WHERE deleted_at IS NULL AND "),
            .storage = {number(
                "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM volume WHERE deleted_at IS NULL AND ")}};
}

}  // namespace berth::store
