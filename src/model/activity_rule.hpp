#pragma once

#include <string>

#include "model/template.hpp"

namespace berth {

/// Throws `invalid` (`invalid_field`) for what cannot be said of use of that access; `path` is where it
/// stands.
void check_activity(const Access& access, const std::string& path);

}  // namespace berth
