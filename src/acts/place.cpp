#include "acts/place.hpp"

namespace berth::acts {
namespace {

constexpr std::string_view setting = "engine.place";

bool is_anything_there(store::Tx& tx) {
    const store::Query any{.limit = 1};
    return tx.list_workspaces(Caller::system(), any).total > 0 ||
           tx.list_sessions(Caller::system(), any).total > 0;
}

}  // namespace

void keep_place(store::Tx& tx, const std::string& choice) {
    // Whoever has never said it has what was there before one could choose.
    const auto before = tx.find_setting(setting).value_or("shared");
    if (before == choice) return;
    if (is_anything_there(tx))
        throw Error(Kind::conflict, "place_changed",
                    "sessionNamespaces was " + before +
                        " when the sessions and workspaces that there are were made, "
                        "and cannot become " +
                        choice,
                    "set it back, or delete all sessions and workspaces first");
    tx.set_setting(setting, choice);
}

}  // namespace berth::acts
