#pragma once

#include <string>
#include <string_view>

namespace berth::api {

/// The OpenAPI 3.1 document of the table: the same text for the same program, for people to read in a diff.
std::string openapi_document(std::string_view version);

}  // namespace berth::api
