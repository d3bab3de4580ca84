#include "operator/mirror/definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "kube/refusal.hpp"

namespace berth::control::mirror {
namespace {

Known judge(const std::optional<json::value>& definition) {
    if (!definition) return Known::no;
    if (kube::find_at(*definition, {"metadata", "deletionTimestamp"}) != nullptr) return Known::going;
    const auto number = kube::text_at(*definition, {"metadata", "annotations", crds::note_definitions});
    return std::atoi(number.c_str()) < crds::definitions_number ? Known::older : Known::yes;
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

std::pair<std::string, std::string> words_of(Known known) {
    constexpr const char* install = "berth crds | kubectl apply --server-side -f -";
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
