// One look at a row and its resource: read both, decide, take one step, look again.

#include <algorithm>

#include "base/log.hpp"
#include "operator/failure.hpp"
#include "operator/mirror/mirror.hpp"

namespace berth::control {

using namespace mirror;

namespace {

constexpr int turns_max = 12;

/// The world has moved on, or may have: look at the resource, then decide again.
bool is_old_news(const Error& error) {
    return error.code == "conflict" || error.code == "not_found" || error.code == "already_exists" ||
           error.code == "outcome_unknown";
}

}  // namespace

Task<> Mirror::look(Key key) {
    std::exception_ptr failure;
    try {
        auto turn = Turn::again;
        for (int turns = 0; turn == Turn::again && turns < turns_max; ++turns) turn = co_await look_once(key);
        if (turn == Turn::again)
            throw Error(Kind::busy, "moving", "the resource changes faster than it can be written");
        failures_.erase(key);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) retry(key, as_error(failure, "cluster_unavailable"));
    queue_.done(key);
    wake_up();
}

void Mirror::retry(const Key& key, const Error& error) {
    const int count = ++failures_[key];
    const auto pause =
        std::min(options_.retry_first * (std::int64_t{1} << std::min(count - 1, 10)), options_.retry_longest);
    std::uniform_int_distribution<std::int64_t> some(pause.count() / 2, pause.count());
    const Duration again(some(random_));
    log::warning("not mirrored yet",
                 {{"what", key.id}, {"error", error.what()}, {"again_in", to_string(again)}});
    queue_.add(key, clock_.now() + again);
}

/// Both sides as they are now.
Task<Mirror::Facts> Mirror::read(Key key) {
    std::optional<Seen> named;
    if (key.by == Key::By::name)
        if (const auto* entry = find(key.noun, key.id)) named = entry->seen;
    auto read = [key, named, url_of = options_.url_of](store::Rows& rows) {
        Facts facts;
        if (key.by == Key::By::row) {
            facts.face = face_of(rows, key.noun, key.id, url_of);
            facts.record = rows.find_mirrored(key.noun, key.id);
        } else if (named) {
            facts.record = rows.find_mirrored_by_uid(named->uid);
            if (facts.record || named->row.empty()) return facts;
            facts.face = face_of(rows, key.noun, named->row, url_of);
            facts.record = rows.find_mirrored(key.noun, named->row);
        }
        return facts;
    };
    auto facts = co_await store_.read(read);
    if (key.by == Key::By::row)
        place(key, facts);
    else if (const auto* entry = find(key.noun, key.id))
        facts.seen = entry->seen;
    co_return facts;
}

/// The resource of a row, or what is where it would be made.
void Mirror::place(const Key& key, Facts& facts) {
    const auto* record = facts.record ? &*facts.record : nullptr;
    auto* recorded = record == nullptr ? nullptr : find(key.noun, record->name);
    if (recorded != nullptr && recorded->seen.uid == record->uid) {
        recorded->row = key.id;
        facts.seen = recorded->seen;
        return;
    }
    if (!facts.face) return;
    auto* there = find(key.noun, name_of(*facts.face, record));
    if (there == nullptr) return;
    if (is_made_for(there->seen, *facts.face, record)) {
        facts.seen = there->seen;
    } else {
        // Looked at by itself; the row waits for it to go.
        facts.taken = true;
        there->wanted_by = key.id;
    }
}

Sides Mirror::sides_of(Noun noun, const Facts& facts) {
    return {.noun = noun,
            .face = facts.face ? &*facts.face : nullptr,
            .record = facts.record ? &*facts.record : nullptr,
            .seen = facts.seen ? &*facts.seen : nullptr,
            .taken = facts.taken};
}

Task<Mirror::Turn> Mirror::look_once(const Key& key) {
    const auto facts = co_await read(key);
    if (key.by == Key::By::name && facts.record && facts.seen && facts.record->uid == facts.seen->uid) {
        if (auto* entry = find(key.noun, key.id)) entry->row = facts.record->row;
        poke({key.noun, Key::By::row, facts.record->row});
        co_return Turn::enough;
    }
    auto sides = sides_of(key.noun, facts);
    auto step = decide(sides);
    const bool judging =
        step == Step::take || step == Step::ask || step == Step::end_row || step == Step::report;
    const bool judge_again = facts.seen && judge_again_.erase(facts.seen->uid) > 0;
    if (facts.seen && !(judging && judge_again)) {
        sides.refusal = refusal_of(*facts.seen);
        step = decide(sides);
    }
    if (step == Step::nothing) {
        told_.erase(key);
        co_return Turn::enough;
    }
    std::optional<Error> failure;
    try {
        co_return co_await act(step, key, facts);
    } catch (const Error& error) {
        failure = error;
    }
    log::debug("a step of the mirror failed",
               {{"what", key.id}, {"step", json::enum_name(step)}, {"error", failure->what()}});
    const auto name = facts.seen   ? facts.seen->name
                      : facts.face ? name_of(*facts.face, sides.record)
                                   : std::string();
    if (!is_old_news(*failure) || name.empty()) throw *failure;
    co_await refresh(key.noun, name);
    if (!facts.seen && find(key.noun, name) == nullptr) throw *failure;
    co_return Turn::again;
}

Task<Mirror::Turn> Mirror::act(Step step, const Key& key, const Facts& facts) {
    const auto noun = key.noun;
    switch (step) {
        case Step::nothing:
            co_return Turn::enough;
        case Step::create:
            co_await create(facts);
            break;
        case Step::link:
            co_await link(facts, *facts.seen);
            break;
        case Step::claim:
            co_await claim(noun, *facts.seen);
            break;
        case Step::take:
            co_await take(noun, *facts.seen);
            break;
        case Step::ask:
            co_await ask(key, facts);
            break;
        case Step::write_spec: {
            const auto* entry = find(noun, facts.seen->name);
            if (entry != nullptr && entry->unkept_spec == spec_hash(noun, facts.face->spec))
                co_return Turn::enough;
            co_await write_spec(key, facts);
            break;
        }
        case Step::write_state:
            co_await write_state(noun, *facts.face, *facts.seen);
            break;
        case Step::write_status:
            co_return co_await write_status(key, facts);
        case Step::end_row:
            co_await end_row(key, facts);
            break;
        case Step::release:
            co_await release(noun, *facts.seen);
            break;
        case Step::remove:
            co_await remove(noun, *facts.seen);
            break;
        case Step::forget:
            co_await forget(*facts.record);
            if (facts.face) poke_what_it_uses(*facts.face);
            break;
        case Step::report: {
            const Error error(Kind::not_found, "no_such_row",
                              "its marks say that Berth made it for " + quoted(facts.seen->row) +
                                  ", and there is no such thing, or this is a copy",
                              std::string("delete it, or remove its annotation ") + note_row);
            co_await refuse(noun, *facts.seen, error);
        }
    }
    co_return Turn::again;
}

}  // namespace berth::control
