#pragma once

#include <string>
#include <string_view>

#include "model/limits.hpp"

/// Names that Berth gives and accepts. Everything that becomes a host, a container or a volume passes here.
namespace berth::plan {

/// Names of sessions and workspaces: 1 to 63 characters of any script without control characters, slashes or
/// spaces at the ends, valid UTF-8. Throws `invalid` (`invalid_name`) with `what` in the message.
void check_name(std::string_view what, std::string_view name);

/// Names of templates, components, ports, volumes and accesses: RFC 1123 labels of at most `longest`
/// characters. Throws `invalid` (`invalid_name`).
void check_label(std::string_view what, std::string_view name, std::size_t longest = limits::label_max);

/// An RFC 1123 label of at most `longest` characters made of any text: letters a-z, digits and inner hyphens;
/// common Latin letters lose their accents (`Müller` -> `mueller`), everything else becomes a hyphen. Never
/// empty (`x`).
std::string slug(std::string_view text, std::size_t longest = 40);

/// First label of a session's host, at most 40 + 1 + size of `random` characters. `random` is base32 and
/// makes it unique.
std::string session_host(std::string_view name, std::string_view random);

/// The engine's name of a volume: unique by `owner` (an id) and `volume`, stable, at most 63 characters.
std::string volume_handle(std::string_view instance, std::string_view owner, std::string_view volume);

}  // namespace berth::plan
