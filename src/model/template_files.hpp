#pragma once

#include <string>

#include "model/template.hpp"

namespace berth {

/// Checks what a component gets beside its image and volumes: secrets, files and where uploads are. `path` is
/// the component's, for messages. Throws `invalid` (`invalid_field`).
void check_files(const Component& component, const std::string& path);

/// Why nothing can be put there; empty when it can: an absolute path below `/`, none of the places that are
/// taken.
std::string why_not_at(const std::string& path);

}  // namespace berth
