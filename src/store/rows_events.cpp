#include <fmt/format.h>

#include <algorithm>

#include "store/list.hpp"
#include "store/rows.hpp"

namespace berth::store {
namespace {

const ListShape& shape() {
    static const ListShape made{
        .key = "sequence",
        .key_kind = CellKind::number,
        .newest = "-sequence",
        // The words of an event are ASCII but for the actor, whose case then counts outside of it: `lower` of
        // SQLite, and of PostgreSQL in the collation of these columns, knows no other letters.
        .search = "lower(actor || ' ' || kind || ' ' || subject)",
        .columns = {
            {"sequence", "sequence", CellKind::number},
            {"at", "at", CellKind::number, ListColumn::sort_only, {}},
            {"class", "class", CellKind::text, ListColumn::sort_and_filter, json::enum_names<EventClass>()},
            {"actor", "actor"},
            {"kind", "kind"},
            {"subjectKind", "subject_kind"},
            {"subject", "subject"},
            {"owner", "owner_id", CellKind::text, ListColumn::filter_only, {}}}};
    return made;
}

constexpr std::int64_t forgotten_at_once = 10'000;

/// The newest sequence number that was forgotten: one class is kept longer than the other, so the oldest
/// event that is there says nothing about what is missing after it.
constexpr std::string_view forgotten_setting = "events.forgotten";

}  // namespace

std::vector<Event> SqlRows::events_after(const Caller& caller, std::int64_t sequence, int limit) {
    store_events();
    return db_.select<Event>(
        "WHERE sequence > :after AND (owner_id = '' OR owner_id = :caller OR :everything = 1) "
        "ORDER BY sequence LIMIT :limit",
        sequence, caller.user, caller.everything, limit);
}

std::vector<Event> SqlRows::events_of(const Caller& caller, std::string_view subject, int limit) {
    store_events();
    auto events = db_.select<Event>(
        "WHERE subject = :subject AND (owner_id = '' OR owner_id = :caller OR :everything = 1) "
        "ORDER BY sequence DESC LIMIT :limit",
        subject, caller.user, caller.everything, limit);
    std::ranges::reverse(events);
    return events;
}

Page<Event> SqlRows::list_events(const Caller& caller, const Query& query) {
    store_events();
    Where where;
    if (!caller.everything) where.add("(owner_id = '' OR owner_id = {})", caller.user);
    return list<Event>(db_, shape(), query, std::move(where));
}

std::int64_t SqlRows::last_sequence() {
    if (!events_.empty()) return events_.back().sequence;
    return db_.value<std::int64_t>("SELECT MAX(sequence) FROM event").value_or(0);
}

std::int64_t SqlRows::oldest_sequence() {
    if (last_sequence() == 0) return 0;
    const auto forgotten = find_setting(forgotten_setting);
    return forgotten ? std::stoll(*forgotten) + 1 : 1;
}

void SqlRows::append(Event event) {
    // The newest event is never forgotten, so numbers are not given twice; a savepoint that goes gives its
    // numbers back.
    if (events_.empty()) first_of_batch_ = last_sequence() + 1;
    event.sequence = first_of_batch_ + static_cast<std::int64_t>(events_.size());
    events_.push_back(std::move(event));
}

void SqlRows::store_events() {
    db_.insert_all(std::span<const Event>(events_).subspan(stored_));
    stored_ = events_.size();
}

void SqlRows::go_back(Progress progress) {
    events_.resize(progress.appended);
    stored_ = progress.stored;
}

std::vector<Event> SqlRows::take_events() {
    stored_ = 0;
    return std::exchange(events_, {});
}

std::string SqlRows::note() const {
    if (events_.empty()) return {};
    return fmt::format("{} {}", events_.front().sequence, events_.back().sequence);
}

std::optional<std::string> SqlRows::find_setting(std::string_view name) {
    return db_.value<std::string>("SELECT text FROM setting WHERE name = :name", name);
}

void SqlRows::set_setting(std::string_view name, const std::string& text) {
    db_.run(
        "INSERT INTO setting (name, text) VALUES (:name, :text) ON CONFLICT (name) DO UPDATE SET text = "
        "excluded.text",
        name, text);
}

void SqlRows::forget_expired(Time now) {
    store_events();
    db_.run("DELETE FROM login WHERE expires_at <= :now", now);
    db_.run("DELETE FROM ticket WHERE expires_at <= :now", now);
    db_.run("DELETE FROM idempotency WHERE expires_at <= :now", now);
    forget_events(EventClass::state, now - retention_.state);
    forget_events(EventClass::audit, now - retention_.audit);
}

void SqlRows::forget_events(EventClass class_, Time before) {
    static const std::string old =
        " FROM (SELECT sequence FROM event WHERE class = :class AND at < :before AND sequence < :newest "
        "ORDER BY at, sequence LIMIT " +
        std::to_string(forgotten_at_once) + ") AS old";
    const auto newest = last_sequence();
    const auto last = db_.value<std::int64_t>("SELECT MAX(sequence)" + old, class_, before, newest);
    if (!last) return;
    db_.run("DELETE FROM event WHERE sequence IN (SELECT sequence" + old + ")", class_, before, newest);
    if (*last >= oldest_sequence()) set_setting(forgotten_setting, std::to_string(*last));
}

}  // namespace berth::store
