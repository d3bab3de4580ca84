#include "acts/managed.hpp"

namespace berth::acts {

void refuse_managed(store::Rows& rows, Noun noun, const std::string& row) {
    const auto found = rows.find_mirrored(noun, row);
    if (!found || found->origin != Origin::kubectl) return;
    const auto kind = json::enum_name(noun);
    throw Error(
        Kind::conflict, "managed_by_resource",
        "the " + kind + " was made with kubectl, as " + quoted(found->name) + " in namespace " +
            quoted(found->namespace_),
        "change it there: kubectl -n " + found->namespace_ + " edit " + kind + "s.berth.dev " + found->name);
}

}  // namespace berth::acts
