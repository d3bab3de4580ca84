#include "operator/mirror/definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "kube/refusal.hpp"

namespace berth::control::mirror {
namespace {

constexpr const char* install = "berth crds | kubectl apply --server-side --force-conflicts -f -";

Known judge(const std::optional<json::value>& definition) {
    if (!definition) return Known::no;
    if (kube::find_at(*definition, {"metadata", "deletionTimestamp"}) != nullptr) return Known::going;
    const auto number = kube::text_at(*definition, {"metadata", "annotations", crds::note_definitions});
    return std::atoi(number.c_str()) < crds::definitions_number ? Known::older : Known::yes;
}

/// Of a binding: whether what the policy refuses is refused.
bool denies(const json::value& binding) {
    const auto* actions = kube::find_at(binding, {"spec", "validationActions"});
    return actions != nullptr && actions->is_array() &&
           std::ranges::find(actions->get_array(), json::value("Deny")) != actions->get_array().end();
}

}  // namespace

Task<Known> look_at_definitions(kube::Client& client) {
    auto worst = Known::yes;
    for (const auto& kind : {crds::templates, crds::sessions, crds::workspaces}) {
        kube::Key key{.namespace_ = {}, .name = fmt::format("{}.{}", kind.plural, kind.group)};
        const auto found = co_await client.find(kube::definitions, std::move(key), kube::Detail::metadata);
        const auto known = judge(found);
        if (known == Known::going) co_return known;
        if (worst != Known::no && known != Known::yes) worst = known;
    }
    co_return worst;
}

Task<std::optional<Error>> find_unguarded(kube::Client& client) {
    const kube::Key key{.namespace_ = {}, .name = std::string(crds::users_policy)};
    const auto wrong = [&](const char* code, const std::string& why, std::string next) {
        return Error(Kind::forbidden, code,
                     "the admission policy " + quoted(key.name) + " " + why +
                         ", so anybody may have written whose this is",
                     std::move(next));
    };
    for (const auto& kind : {kube::admission_policies, kube::admission_bindings}) {
        std::optional<json::value> found;
        bool hidden = false;
        try {
            found = co_await client.find(kind, key);
        } catch (const Error& error) {
            hidden = error.kind == Kind::forbidden;
            if (!hidden) throw;
        }
        if (hidden)
            co_return wrong(
                "policy_unknown", "may be missing: Berth may not look",
                fmt::format("let Berth's account get {}.{} {}", kind.plural, kind.group, key.name));
        if (!found) co_return wrong("no_policy", "is not installed", install);
        const bool binds = kind.plural == kube::admission_bindings.plural;
        if (binds && !denies(*found)) co_return wrong("no_policy", "does not deny anything", install);
    }
    co_return std::nullopt;
}

std::pair<std::string, std::string> words_of(Known known) {
    switch (known) {
        case Known::yes:
            return {"kubectl sees templates, sessions and workspaces", ""};
        case Known::no:
            return {"the definitions are not installed: kubectl does not see sessions", install};
        case Known::older:
            return {"the definitions are older than this Berth: kubectl does not see sessions", install};
        case Known::going:
            return {"the definitions are being removed: kubectl does not see sessions", install};
    }
    return {};
}

}  // namespace berth::control::mirror
