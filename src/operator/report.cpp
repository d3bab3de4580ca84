#include "operator/report.hpp"

namespace berth::control {
namespace {

/// The kind of event that a change of phase is; a step within a phase is `session.updated`.
std::string kind_of(Phase before, Phase after) {
    if (before == after) return "session.updated";
    switch (after) {
        case Phase::running:
            return "session.started";
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

void append_event(store::Tx& tx, const Report& report, const Session& before) {
    Event event{.at = report.now,
                .class_ = EventClass::state,
                .actor = std::string(loop_actor),
                .kind = kind_of(before.status.phase, report.status.phase),
                .subject_kind = "session",
                .subject = before.id.text,
                .owner = before.user};
    event.data["name"] = before.name;
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

}  // namespace

bool Report::changes_anything() const {
    return !digests.empty() || init_done || status != facts.session.status ||
           look_at != facts.session.look_at;
}

bool write_report(store::Tx& tx, const Report& report) {
    const auto& seen = report.facts.session;
    auto row = tx.find_session(Caller::system(), seen.id);
    if (!row || row->asks != seen.asks || row->incarnation != seen.incarnation) return false;
    for (const auto& [image, digest] : report.digests)
        tx.set_digest(report.facts.revision.name, report.facts.revision.revision, image, digest);
    note_init(tx, report);
    if (row->status != report.status) append_event(tx, report, *row);
    row->status = report.status;
    row->look_at = report.look_at;
    if (report.status.phase == Phase::gone) give_up_volumes(tx, *row, report.now);
    tx.update_session(*row);
    return true;
}

}  // namespace berth::control
