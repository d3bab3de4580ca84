#include <fmt/format.h>

#include "store/rows.hpp"

namespace berth::store {

template <>
struct Table<Leadership> {
    static constexpr const char* name = "leader";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.elsewhere("holder", row.holder);
        v.elsewhere("epoch", row.epoch);
        v.elsewhere("renewed_at", row.renewed_at);
        v.elsewhere("expires_at", row.expires_at);
    }
};

Time SqlRows::now() {
    // Not the start of the transaction, which may have waited for others since.
    return db_.now().value_or(clock_.now());
}

std::optional<Leadership> SqlRows::leadership() {
    auto found = db_.find<Leadership>("WHERE id = 1 AND holder <> ''");
    if (found && found->expires_at <= now()) found.reset();
    return found;
}

std::optional<Leadership> SqlRows::take_leadership(const std::string& holder, Duration lease) {
    const auto at = now();
    const auto last = db_.find<Leadership>("WHERE id = 1");
    const bool ours = last && last->holder == holder;
    if (last && !ours && !last->holder.empty() && last->expires_at > at) return std::nullopt;
    const Leadership taken{.holder = holder,
                           .epoch = (last ? last->epoch : 0) + (ours ? 0 : 1),
                           .renewed_at = at,
                           .expires_at = at + lease};
    db_.run(
        "INSERT INTO leader (id, holder, epoch, renewed_at, expires_at) VALUES (1, :holder, :epoch, "
        ":renewed, "
        ":expires) ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, epoch = excluded.epoch, "
        "renewed_at = excluded.renewed_at, expires_at = excluded.expires_at",
        taken.holder, taken.epoch, taken.renewed_at, taken.expires_at);
    return taken;
}

std::vector<Watermark> SqlRows::watermarks() {
    return db_.select<Watermark>("ORDER BY holder");
}

void SqlRows::put_watermark(const Watermark& mark) {
    delete_watermark(mark.holder);
    db_.insert(mark);
}

void SqlRows::delete_watermark(std::string_view holder) {
    db_.run("DELETE FROM watermark WHERE holder = :holder", holder);
}

void SqlRows::release_leadership(const std::string& holder, std::int64_t epoch) {
    db_.run("UPDATE leader SET holder = '' WHERE id = 1 AND holder = :holder AND epoch = :epoch", holder,
            epoch);
}

void SqlRows::require_epoch(std::int64_t epoch) {
    const auto last = db_.value<std::int64_t>("SELECT epoch FROM leader WHERE id = 1").value_or(0);
    if (last != epoch)
        throw Error(Kind::conflict, "deposed", "another Berth has taken the lead", "leave it to that one",
                    fmt::format("epoch {}, now {}", epoch, last));
}

}  // namespace berth::store
