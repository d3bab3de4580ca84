#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace berth::container {

/// What a refusal of the engine means, in its own words.
///
/// Podman answers 500 to much of what Docker answers 404 or 409, so the words count as well as the status.
/// Codes: image_not_found container_not_found network_not_found volume_not_found not_found · name_taken
/// in_use wrong_state · disk_full · engine_refused (invalid) · engine_failed.
Error to_error(int status, std::string_view body);

/// The text of a refusal: `message` of a JSON body, else the body itself, at most 2000 characters.
std::string words_of(std::string_view body);

}  // namespace berth::container
