#pragma once

#include "store/store.hpp"

namespace berth::acts {

/// Keeps `choice`, the way in which an engine spreads what belongs to sessions, for as long as there are any
/// sessions or workspaces: what is there cannot be moved.
///
/// Throws `conflict` (`place_changed`) for another choice than the one that is kept.
void keep_place(store::Tx& tx, const std::string& choice);

}  // namespace berth::acts
