#pragma once

#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace berth::yaml {

/// Reads one YAML document as a JSON tree (core schema: unquoted numbers, booleans and null are such).
///
/// Text up to 1 MiB, depth 64, 100 000 values once aliases are expanded. Throws `invalid` (`malformed_yaml`)
/// with line and column; a key that appears twice in one mapping is refused.
json::value parse(std::string_view text);

/// Reads every document of a stream, separated by `---`.
std::vector<json::value> parse_all(std::string_view text);

/// Writes block style YAML that `parse` reads back as the same tree.
std::string write(const json::value& tree);

}  // namespace berth::yaml
