#include "operator/mirror/decide.hpp"

#include <algorithm>

namespace berth::control::mirror {
namespace {

bool alive(const Face* face) {
    return face != nullptr && !face->ended;
}

bool is_linked(const Sides& sides) {
    return sides.record != nullptr && sides.seen != nullptr && sides.record->uid == sides.seen->uid;
}

bool is_refused(const Sides& sides) {
    return sides.refusal != nullptr && sides.refusal->generation == sides.seen->generation;
}

/// Whether the resource says something else than is.
bool status_differs(const Sides& sides, const Face* face) {
    const auto* refusal = is_refused(sides) ? sides.refusal : nullptr;
    const auto wanted = status_of(face, sides.seen->generation, refusal);
    return status_hash(sides.noun, wanted) != sides.seen->status;
}

Step about_deleted(const Sides& sides) {
    const auto& seen = *sides.seen;
    if (!is_linked(sides) || !alive(sides.face)) return seen.held ? Step::release : Step::nothing;
    if (!sides.face->ending && !is_refused(sides)) return Step::end_row;
    // A session ends in its own time; the resource shows it until then, or why it does not end.
    return status_differs(sides, sides.face) ? Step::write_status : Step::nothing;
}

/// What nobody has written down to be a row's.
Step about_stranger(const Sides& sides) {
    const auto& seen = *sides.seen;
    if (seen.row.empty()) {
        if (is_refused(sides)) return status_differs(sides, nullptr) ? Step::write_status : Step::nothing;
        return seen.ours && seen.held ? Step::take : Step::claim;
    }
    // Made by us, and not written down any more: a crash came between.
    if (sides.face != nullptr && is_made_for(seen, *sides.face, sides.record))
        return alive(sides.face) ? Step::link : Step::remove;  // It was made late: the row has ended since.
    if (is_refused(sides)) return status_differs(sides, nullptr) ? Step::write_status : Step::nothing;
    return Step::report;
}

Step about_linked(const Sides& sides) {
    const auto& seen = *sides.seen;
    const auto& face = *sides.face;
    const bool fresh = is_fresh(seen, *sides.record);
    if (!seen.held || !seen.ours) return Step::claim;
    if (sides.record->origin == Origin::kubectl) {
        if (fresh && !is_refused(sides)) return Step::take;
    } else {
        if (fresh && seen.state && !is_refused(sides)) return Step::ask;
        if (seen.spec != spec_hash(face.noun, face.spec)) return Step::write_spec;
    }
    if (!fresh && seen.state && seen.state != face.state) return Step::write_state;
    return status_differs(sides, &face) ? Step::write_status : Step::nothing;
}

}  // namespace

bool is_fresh(const Seen& seen, const Mirrored& record) {
    return seen.generation > std::max(record.generation, seen.noted);
}

const std::string& name_of(const Face& face, const Mirrored* record) {
    return record != nullptr && record->origin == Origin::kubectl ? record->name : face.name;
}

bool is_made_for(const Seen& seen, const Face& face, const Mirrored* record) {
    return seen.ours && seen.row == face.row && seen.name == name_of(face, record) && seen.user == face.user;
}

Step decide(const Sides& sides) {
    const auto* seen = sides.seen;
    if (seen == nullptr) {
        if (alive(sides.face)) return sides.taken ? Step::nothing : Step::create;
        return sides.record == nullptr ? Step::nothing : Step::forget;
    }
    if (seen->foreign && !is_linked(sides)) return Step::nothing;
    if (seen->deleting) return about_deleted(sides);
    if (!is_linked(sides)) return about_stranger(sides);
    return alive(sides.face) ? about_linked(sides) : Step::remove;
}

}  // namespace berth::control::mirror
