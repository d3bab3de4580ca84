#pragma once

#include <map>
#include <string>
#include <string_view>

#include "model/template.hpp"

/// `${…}` in a template: expanded once, only in environment values, contents of files and arguments after the
/// first.
namespace berth::plan {

/// What names stand for: `components.model.ports.rpc.url` -> `ws://model:8081`.
using Values = std::map<std::string, std::string, std::less<>>;

/// The names that do not depend on who launches: each component's ports as `url`, `host` and `port`.
Values component_values(const TemplateSpec& spec);

/// `$${` is a literal `${`. Throws `invalid` (`unknown_value`) for a name that is not there, naming the
/// nearest, and for an unclosed `${`.
std::string expand(std::string_view text, const Values& values);

/// Expands `text` against the names a launch will have, to find mistakes when a template is saved.
void check_values(const TemplateSpec& spec);

}  // namespace berth::plan
