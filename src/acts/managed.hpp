#pragma once

#include "store/store.hpp"

namespace berth::acts {

/// Who made a thing owns its spec: throws `conflict` (`managed_by_resource`) for what was made with kubectl.
void refuse_managed(store::Rows& rows, Noun noun, const std::string& row);

}  // namespace berth::acts
