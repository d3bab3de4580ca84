#include "operator/mirror/seen.hpp"

#include <algorithm>
#include <charconv>

#include "kube/refusal.hpp"

namespace berth::control::mirror {
namespace {

constexpr std::size_t row_max = 253;
constexpr std::size_t conditions_max = 16, condition_type_max = 63;

using kube::find_at;
using kube::number_at;
using kube::text_at;

std::uint64_t hash_of(const json::value& tree) {
    return std::hash<std::string>()(json::write(tree));
}

/// As our own codec writes it; what it cannot read stays as it is, and so differs from what any row says.
template <class T>
json::value canonical(const json::value& tree) {
    try {
        return json::to_json(json::from_json<T>(tree));
    } catch (const Error&) {
        return tree;
    }
}

template <class Status>
json::value without_times(const json::value& tree) {
    try {
        auto status = json::from_json<Status>(tree);
        for (auto& condition : status.conditions) condition.last_transition_time = {};
        if constexpr (requires { status.last_activity; }) status.last_activity.reset();
        return json::to_json(status);
    } catch (const Error&) {
        return tree;
    }
}

std::int64_t number_of(const std::string& text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Of a text that whoever writes the object may make as long as they like: no row is called so.
std::string some_of(std::string text) {
    if (text.size() > row_max) text.resize(row_max);
    return text;
}

void read_conditions(Seen& seen, const json::value& object) {
    const auto* list = find_at(object, {"status", "conditions"});
    if (list == nullptr || !list->is_array()) return;
    for (const auto& tree : list->get_array()) {
        if (seen.conditions.size() == conditions_max) return;
        try {
            const auto each = json::from_json<crds::Condition>(tree);
            if (each.type.size() <= condition_type_max)
                seen.conditions.push_back({each.type, each.status, each.last_transition_time});
        } catch (const Error&) {
            continue;  // Somebody else wrote it.
        }
    }
}

}  // namespace

kube::Resource resource_of(Noun noun) {
    switch (noun) {
        case Noun::template_:
            return crds::templates;
        case Noun::session:
            return crds::sessions;
        case Noun::workspace:
            return crds::workspaces;
    }
    return crds::sessions;
}

bool is_ours(const json::value& held_by) {
    return held_by.is_string() && held_by.get_string() == finalizer;
}

json::array finalizers_of(const json::value& object) {
    const auto* list = find_at(object, {"metadata", "finalizers"});
    return list == nullptr || !list->is_array() ? json::array() : list->get_array();
}

std::uint64_t spec_hash(Noun noun, const json::value& spec) {
    switch (noun) {
        case Noun::template_:
            return hash_of(canonical<TemplateSpec>(spec));
        case Noun::workspace:
            return hash_of(canonical<crds::WorkspaceSpec>(spec));
        case Noun::session:
            break;
    }
    auto known = canonical<crds::SessionSpec>(spec);
    if (auto* entries = known.if_object()) entries->erase("state");
    return hash_of(known);
}

std::uint64_t status_hash(Noun noun, const json::value& status) {
    switch (noun) {
        case Noun::template_:
            return hash_of(without_times<crds::TemplateStatus>(status));
        case Noun::session:
            return hash_of(without_times<crds::SessionStatus>(status));
        case Noun::workspace:
            return hash_of(without_times<crds::WorkspaceStatus>(status));
    }
    return 0;
}

Seen read_seen(Noun noun, const json::value& object, std::string_view instance) {
    Seen seen{.name = text_at(object, {"metadata", "name"}),
              .uid = text_at(object, {"metadata", "uid"}),
              .version = text_at(object, {"metadata", "resourceVersion"}),
              .generation = number_at(object, {"metadata", "generation"}),
              .noted = number_of(text_at(object, {"metadata", "annotations", note_generation})),
              .row = some_of(text_at(object, {"metadata", "annotations", note_row})),
              .user = text_at(object, {"spec", "user"}),
              .deleting = find_at(object, {"metadata", "deletionTimestamp"}) != nullptr};
    const auto marked = text_at(object, {"metadata", "labels", label_instance});
    seen.ours = marked == instance;
    seen.foreign = !marked.empty() && marked != instance;
    // Whoever writes a number of the future there would only make their own changes go unheard.
    if (seen.noted > seen.generation) seen.noted = 0;
    if (noun == Noun::session)
        for (const auto state : {State::running, State::frozen, State::hibernated, State::terminated})
            if (text_at(object, {"spec", "state"}) == json::enum_name(state)) seen.state = state;
    static const json::value nothing = json::object();
    const auto* spec = find_at(object, {"spec"});
    const auto* status = find_at(object, {"status"});
    seen.spec = spec_hash(noun, spec == nullptr ? nothing : *spec);
    seen.status = status == nullptr ? 0 : status_hash(noun, *status);
    seen.held = std::ranges::any_of(finalizers_of(object), is_ours);
    read_conditions(seen, object);
    return seen;
}

}  // namespace berth::control::mirror
