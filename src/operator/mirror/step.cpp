// The steps of a look: each is one write to the cluster, or one transaction.

#include <fmt/format.h>

#include "base/log.hpp"
#include "kube/refusal.hpp"
#include "operator/mirror/mirror.hpp"
#include "operator/mirror/take.hpp"

namespace berth::control {

using namespace mirror;

namespace {

constexpr std::size_t words_max = 1000;  // An Event's message has at most 1024 bytes.

/// What the person who wrote the spec can do something about.
bool is_theirs(const Error& error) {
    switch (error.kind) {
        case Kind::invalid:
        case Kind::forbidden:
        case Kind::not_found:
        case Kind::too_many:
            return true;
        case Kind::conflict:
            return error.code != "deposed";
        default:
            return false;
    }
}

/// An object's member, made when it is missing.
json::object& member(json::object& object, std::string_view key) {
    auto& place = object[key];
    if (!place.is_object()) place = json::object();
    return place.as_object();
}

/// Its beginning, cut between two characters.
std::string cut(std::string text) {
    if (text.size() <= words_max) return text;
    text.resize(words_max);
    while (!text.empty() && (text.back() & 0xc0) == 0x80) text.pop_back();
    if (!text.empty()) text.pop_back();
    return text;
}

std::string short_hash(const std::string& text) {
    return fmt::format("{:016x}", std::hash<std::string>()(text));
}

}  // namespace

json::object Mirror::about(const Seen& seen) const {
    return {{"name", seen.name},
            {"namespace", options_.namespace_},
            {"uid", seen.uid},
            {"resourceVersion", seen.version}};
}

/// The whole object, if it is still what was decided about; else what it has become is known now.
Task<std::optional<json::value>> Mirror::unchanged(Noun noun, const Seen& seen) {
    auto found = co_await client_.find(resource_of(noun), {options_.namespace_, seen.name});
    if (!found) {
        gone(noun, seen.name, seen.uid, {});
        co_return std::nullopt;
    }
    keep(noun, *found);
    const bool same = kube::text_at(*found, {"metadata", "uid"}) == seen.uid &&
                      kube::text_at(*found, {"metadata", "resourceVersion"}) == seen.version;
    if (!same) co_return std::nullopt;
    co_return std::move(found);
}

/// What the cluster has now.
Task<> Mirror::refresh(Noun noun, std::string name) {
    const auto found = co_await client_.find(resource_of(noun), {options_.namespace_, name});
    if (found) {
        keep(noun, *found);
    } else if (const auto* entry = find(noun, name)) {
        const auto uid = entry->seen.uid;
        gone(noun, name, uid, {});
    }
}

Task<> Mirror::create(const Facts& facts) {
    const auto& face = *facts.face;
    json::object object{{"metadata",
                         {{"name", name_of(face, facts.record ? &*facts.record : nullptr)},
                          {"namespace", options_.namespace_},
                          {"labels", {{label_managed, "berth"}, {label_instance, options_.instance}}},
                          {"annotations", {{note_row, face.row}, {note_generation, "1"}}},
                          {"finalizers", json::array{finalizer}}}},
                        {"spec", face.spec}};
    const auto made = co_await client_.create(resource_of(face.noun), std::move(object));
    keep(face.noun, made);
    co_await link(facts, read_seen(face.noun, made, options_.instance));
}

/// Whoever owned the spec goes on to, also where the resource had to be made again.
Task<> Mirror::link(const Facts& facts, Seen made) {
    const auto& face = *facts.face;
    const Mirrored record{.noun = face.noun,
                          .row = face.row,
                          .namespace_ = options_.namespace_,
                          .name = made.name,
                          .uid = made.uid,
                          .origin = facts.record ? facts.record->origin : Origin::api,
                          .generation = made.noted};
    auto put = [record](store::Tx& tx) { tx.put_mirrored(record); };
    co_await write(put);
    if (auto* entry = find(face.noun, made.name); entry != nullptr && entry->seen.uid == made.uid)
        entry->row = face.row;
}

Task<> Mirror::claim(Noun noun, const Seen& seen) {
    const auto object = co_await unchanged(noun, seen);
    if (!object) co_return;
    auto finalizers = finalizers_of(*object);
    if (!seen.held) finalizers.emplace_back(finalizer);
    json::object metadata{{"resourceVersion", seen.version}};
    metadata["labels"] = json::object{{label_managed, "berth"}, {label_instance, options_.instance}};
    metadata["finalizers"] = std::move(finalizers);
    const auto claimed = co_await client_.patch(resource_of(noun), {options_.namespace_, seen.name},
                                                {{"metadata", std::move(metadata)}});
    keep(noun, claimed);
}

Task<> Mirror::take(Noun noun, const Seen& seen) {
    if (auto why = co_await unguarded(noun)) co_return co_await refuse(noun, seen, std::move(*why));
    const auto object = co_await unchanged(noun, seen);
    if (!object) co_return;
    const Taking taking{.noun = noun,
                        .namespace_ = options_.namespace_,
                        .object = *object,
                        .engine = options_.engine,
                        .now = clock_.now()};
    auto work = [taking](store::Tx& tx) {
        mirror::take(tx, taking);
        const auto uid = kube::text_at(taking.object, {"metadata", "uid"});
        return tx.find_mirrored_by_uid(uid)->row;
    };
    std::optional<Error> failure;
    std::string row;
    try {
        row = co_await write(work);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) co_return co_await refuse(noun, seen, *failure);
    forgive(seen.uid, {noun, Key::By::row, row});
    if (auto* entry = find(noun, seen.name); entry != nullptr && entry->seen.uid == seen.uid)
        entry->row = row;
    poke({noun, Key::By::row, row});
}

Task<> Mirror::ask(const Key& key, const Facts& facts) {
    if (auto why = co_await unguarded(key.noun))
        co_return co_await refuse(key.noun, *facts.seen, std::move(*why));
    auto work = [record = *facts.record, seen = *facts.seen, now = clock_.now()](store::Tx& tx) {
        take_ask(tx, record, seen, now);
    };
    std::optional<Error> failure;
    try {
        co_await write(work);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) co_return co_await refuse(key.noun, *facts.seen, *failure);
    forgive(facts.seen->uid, key);
    if (facts.seen->spec != spec_hash(key.noun, facts.face->spec))
        co_await tell(key.noun, *facts.seen, "Reverted",
                      "it was made in Berth: change it there; only spec.state can be asked for here");
}

/// Whole: a merge would leave there what somebody added.
Task<> Mirror::write_spec(const Key& key, const Facts& facts) {
    const auto& seen = *facts.seen;
    const auto found = co_await unchanged(key.noun, seen);
    if (!found) co_return;
    auto object = found->as_object();
    auto spec = facts.face->spec;
    if (seen.state && facts.face->state) spec["state"] = json::enum_name(*facts.face->state);
    object["spec"] = std::move(spec);
    member(member(object, "metadata"), "annotations")[note_generation] = std::to_string(seen.generation + 1);
    const auto written = co_await client_.replace(resource_of(key.noun), std::move(object));
    keep(key.noun, written);
    const auto wanted = spec_hash(key.noun, facts.face->spec);
    if (auto* entry = find(key.noun, seen.name); entry != nullptr && entry->seen.spec != wanted) {
        log::warning("the cluster does not keep a spec as it is written", {{"what", seen.name}});
        entry->unkept_spec = wanted;
    }
    if (is_fresh(seen, *facts.record))
        co_await tell(key.noun, seen, "Reverted", "it was made in Berth: change it there");
}

Task<> Mirror::write_state(Noun noun, const Face& face, const Seen& seen) {
    json::object metadata{{"resourceVersion", seen.version}};
    metadata["annotations"] = json::object{{note_generation, std::to_string(seen.generation + 1)}};
    json::object change{{"metadata", std::move(metadata)},
                        {"spec", {{"state", json::enum_name(*face.state)}}}};
    const auto written =
        co_await client_.patch(resource_of(noun), {options_.namespace_, seen.name}, std::move(change));
    keep(noun, written);
}

Task<Mirror::Turn> Mirror::write_status(const Key& key, const Facts& facts) {
    const auto& seen = *facts.seen;
    const bool linked = facts.record && facts.record->uid == seen.uid;
    const auto* face = linked && facts.face ? &*facts.face : nullptr;
    const auto* refusal = refusal_of(seen);
    auto status = status_of(face, seen.generation, refusal);
    const auto wanted = status_hash(key.noun, status);
    if (const auto* entry = find(key.noun, seen.name); entry != nullptr && entry->unkept_status == wanted)
        co_return Turn::enough;
    if (face != nullptr && !face->settled && refusal == nullptr) {
        const auto [place, began] = told_.emplace(key, clock_.now());
        const auto due = place->second + options_.progress_every;
        if (clock_.now() < due) {
            queue_.add(key, due);
            co_return Turn::enough;
        }
        place->second = clock_.now();
    } else {
        told_.erase(key);
        if (face != nullptr) poke_what_it_uses(*face);
    }
    keep_times(status, seen, clock_.now());
    json::object report{{"metadata", about(seen)}, {"status", std::move(status)}};
    const auto written = co_await client_.replace(resource_of(key.noun), std::move(report), "status");
    keep(key.noun, written);
    if (auto* entry = find(key.noun, seen.name); entry != nullptr && entry->seen.status != wanted) {
        log::warning("the cluster does not keep a status as it is written", {{"what", seen.name}});
        entry->unkept_status = wanted;
    }
    co_return Turn::again;
}

/// What was refused is not any more, which is told at once.
void Mirror::forgive(const std::string& uid, const Key& key) {
    if (refusals_.erase(uid) > 0) told_[key] = clock_.now() - options_.progress_every;
}

/// Whether namespace or definitions are on their way out, and all resources with them: nobody meant the rows.
Task<bool> Mirror::all_goes() {
    const auto home = co_await client_.find(kube::namespaces, {"", options_.namespace_});
    if (!home || kube::find_at(*home, {"metadata", "deletionTimestamp"}) != nullptr) co_return true;
    const auto known = co_await look_at_definitions(client_);
    co_return known == Known::going || known == Known::no;
}

Task<> Mirror::end_row(const Key& key, const Facts& facts) {
    const bool goes = co_await all_goes();
    if (goes) co_return co_await release(key.noun, *facts.seen);
    if (auto why = co_await unguarded(key.noun))
        co_return co_await refuse(key.noun, *facts.seen, std::move(*why));
    auto work = [record = *facts.record, now = clock_.now()](store::Tx& tx) {
        mirror::end_row(tx, record, now);
    };
    std::optional<Error> failure;
    try {
        co_await write(work);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) co_await refuse(key.noun, *facts.seen, *failure);
}

Task<> Mirror::release(Noun noun, const Seen& seen) {
    const auto object = co_await unchanged(noun, seen);
    if (!object) co_return;
    auto others = finalizers_of(*object);
    others.erase(std::remove_if(others.begin(), others.end(), is_ours), others.end());
    const bool last = others.empty();
    json::object metadata{{"resourceVersion", seen.version}, {"finalizers", std::move(others)}};
    const auto left = co_await client_.patch(resource_of(noun), {options_.namespace_, seen.name},
                                             {{"metadata", std::move(metadata)}});
    if (last)
        gone(noun, seen.name, seen.uid, {});
    else
        keep(noun, left);
}

Task<> Mirror::remove(Noun noun, const Seen& seen) {
    const auto left =
        co_await client_.remove(resource_of(noun), {options_.namespace_, seen.name}, {.uid = seen.uid});
    if (left)
        keep(noun, *left);
    else
        gone(noun, seen.name, seen.uid, {});
}

Task<> Mirror::forget(const Mirrored& record) {
    auto work = [noun = record.noun, row = record.row](store::Tx& tx) { tx.delete_mirrored(noun, row); };
    co_await write(work);
}

const Refusal* Mirror::refusal_of(const Seen& seen) const {
    const auto found = refusals_.find(seen.uid);
    return found == refusals_.end() ? nullptr : &found->second;
}

/// Keeps why, for the status, and says it as an Event once. What is not the person's to mend is thrown.
Task<> Mirror::refuse(Noun noun, const Seen& seen, Error error) {
    if (!is_theirs(error)) throw error;
    auto read = [name = seen.user](store::Rows& rows) {
        const auto user = rows.find_user_by_name(name);
        return user ? user->id : UserId();
    };
    const auto user = co_await store_.read(read);
    Refusal refusal{.generation = seen.generation,
                    .reason = reason_of(error),
                    .message = cut(message_of(error)),
                    .at = clock_.now(),
                    .user = user};
    // Other numbers in its words are no other reason: who waits is not told at every turn.
    const auto before = refusals_.find(seen.uid);
    if (before != refusals_.end() && before->second.generation == refusal.generation &&
        before->second.reason == refusal.reason) {
        before->second.user = user;
        co_return;
    }
    refusals_[seen.uid] = refusal;
    co_await tell(noun, seen, refusal.reason, refusal.message);
}

/// An Event on the resource: a word for whoever looks, which nobody waits for. Its name says what it is, so
/// that it is there once.
Task<> Mirror::tell(Noun noun, Seen seen, std::string reason, std::string message) {
    const auto kind = resource_of(noun);
    const auto now = to_string(clock_.now());
    const auto mark = short_hash(fmt::format("{} {} {} {}", seen.uid, seen.generation, reason, message));
    json::object event{
        {"metadata", {{"name", fmt::format("{}.{}", seen.name, mark)}, {"namespace", options_.namespace_}}},
        {"involvedObject",
         {{"apiVersion", kube::api_version(kind)},
          {"kind", kind.kind},
          {"name", seen.name},
          {"namespace", options_.namespace_},
          {"uid", seen.uid},
          {"resourceVersion", seen.version}}},
        {"type", "Warning"},
        {"reason", reason},
        {"message", message},
        {"source", {{"component", "berth"}}},
        {"firstTimestamp", now},
        {"lastTimestamp", now},
        {"count", 1}};
    try {
        co_await client_.create(kube::events, std::move(event));
    } catch (const Error& error) {
        if (error.code != "already_exists")
            log::debug("an Event was not written", {{"what", seen.name}, {"error", error.what()}});
    }
}

}  // namespace berth::control
