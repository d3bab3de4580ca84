#include "operator/report.hpp"

#include "plan/asks.hpp"

namespace berth::control {
namespace {

constexpr Duration look_at_slack = std::chrono::minutes(1);

/// The kind of event that a change of phase is; a step within a phase is `session.updated`.
std::string kind_of(Phase before, Phase after) {
    if (before == after) return "session.updated";
    switch (after) {
        case Phase::running:
            return before == Phase::frozen ? "session.woken" : "session.started";
        case Phase::frozen:
            return "session.frozen";
        case Phase::hibernated:
            return "session.hibernated";
        case Phase::failed:
            return "session.failed";
        case Phase::gone:
            return "session.deleted";
        default:
            return "session.updated";
    }
}

Event event_of(const Report& report, const Session& row, EventClass class_, std::string kind) {
    Event event{.at = report.now,
                .class_ = class_,
                .actor = std::string(loop_actor),
                .kind = std::move(kind),
                .subject_kind = "session",
                .subject = row.id.text,
                .owner = row.user};
    event.data["name"] = row.name;
    return event;
}

void append_event(store::Tx& tx, const Report& report, const Session& before) {
    auto event =
        event_of(report, before, EventClass::state, kind_of(before.status.phase, report.status.phase));
    event.data["status"] = json::to_json(report.status);
    tx.append(std::move(event));
}

/// A session that is gone takes along what belonged to it alone: its user asked for that by ending it.
void give_up_volumes(store::Tx& tx, const Session& session, Time now) {
    for (auto volume : tx.volumes_of(session.id.text)) {
        if (volume.deleted_at) continue;
        volume.deleted_at = now;
        tx.update_volume(volume);
    }
}

void note_init(store::Tx& tx, const Report& report) {
    if (!report.init_done) return;
    const auto& step = *report.init_done;
    for (const auto& known : report.facts.volumes) {
        if (known.handle != step.volume) continue;
        for (auto row : tx.volumes_of(known.owner)) {
            if (row.handle != step.volume || row.init_done != step.before) continue;
            row.init_done = step.done;
            tx.update_volume(row);
        }
    }
}

/// People are told of a stop, or that it does not come, or it begins: an ask as if somebody had made it.
void note_stay(store::Tx& tx, const Report& report, Session& row) {
    using Act = plan::StayDecision::Act;
    const auto& [act, next, look_at] = report.stay;
    row.look_at = report.now;
    if (act == Act::unwarn) {
        row.stay.warned_at.reset();
        auto event = event_of(report, row, EventClass::state, "session.updated");
        event.data["status"] = json::to_json(row.status);
        return tx.append(std::move(event));
    }
    const auto because = plan::stop_sentence(*next);
    auto told = event_of(report, row, EventClass::audit, "session.warned");
    told.data["reason"] = json::enum_name(next->reason);
    told.data["message"] = because;
    if (act == Act::warn) {
        row.stay.warned_at = report.now;
        row.stay.warned_of = next->reason;
        told.data["stopsAt"] = to_string(next->at);
    } else {
        const bool freezes = next->to == State::frozen;
        freezes ? plan::ask_freeze(row, report.now) : plan::ask_hibernate(row, report.now);
        row.stay.stopped_by = next->reason;
        row.stay.stopped_because = because;
        told.kind = freezes ? "session.frozen" : "session.hibernated";
    }
    tx.append(told);
    told.class_ = EventClass::state;
    told.kind = "session.updated";
    told.data["status"] = json::to_json(row.status);
    told.data["state"] = json::enum_name(desired(row.asks));
    tx.append(std::move(told));
}

/// What does not count is noted beside, whenever it comes.
bool same_but_uncounted(Stay one, const Stay& other) {
    one.uncounted = other.uncounted;
    return one == other;
}

/// An earlier look than is needed finds nothing to do, so a row may say a little too early.
bool early_enough(std::optional<Time> in_row, std::optional<Time> wanted) {
    if (!in_row || !wanted) return in_row == wanted;
    return *in_row <= *wanted && *wanted - *in_row <= look_at_slack;
}

}  // namespace

bool Report::changes_anything() const {
    return !digests.empty() || init_done || status != facts.session.status ||
           !early_enough(facts.session.look_at, look_at) || stay.act != plan::StayDecision::Act::nothing;
}

bool write_report(store::Tx& tx, const Report& report) {
    const auto& seen = report.facts.session;
    auto row = tx.find_session(Caller::system(), seen.id);
    if (!row || row->asks != seen.asks || row->incarnation != seen.incarnation) return false;
    // It was let in meanwhile, or told another place.
    if (row->queued_at != seen.queued_at || (row->queued_at && row->status != seen.status)) return false;
    const bool judged = report.stay.act != plan::StayDecision::Act::nothing;
    // Somebody has used it since, or said that something in it works.
    const bool as_judged =
        row->last_active_at == seen.last_active_at && same_but_uncounted(row->stay, seen.stay);
    if (judged && !as_judged) return false;
    for (const auto& [image, digest] : report.digests)
        tx.set_digest(report.facts.revision.name, report.facts.revision.revision, image, digest);
    note_init(tx, report);
    if (row->status != report.status) append_event(tx, report, *row);
    row->status = report.status;
    row->look_at = report.look_at;
    if (judged) note_stay(tx, report, *row);
    if (report.status.phase == Phase::gone) give_up_volumes(tx, *row, report.now);
    tx.update_session(*row);
    return true;
}

}  // namespace berth::control
