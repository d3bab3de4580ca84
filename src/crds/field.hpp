#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "crds/pattern.hpp"
#include "model/limits.hpp"

/// What the described types cannot say of themselves: meaning, limits and rules of each member.
namespace berth::crds {

/// A sentence of CEL that has to hold, and what to say when it does not
/// (https://kubernetes.io/docs/reference/using-api/cel/).
struct Rule {
    std::string expression;
    std::string message;
    std::string path = {};  ///< Of the member that is to blame, such as `.access`; empty: the place itself.
};

/// What is to be known of one member, or of a type as such.
///
/// `longest` and `pattern` are of a text, or of each text of a list or map; `most` and `least` are how many
/// items a list has, `most` also of a map; `lowest` and `highest` are of a number.
struct Field {
    std::string_view meaning;
    bool required = false;
    std::optional<std::size_t> longest = std::nullopt;
    Pattern pattern = {};
    std::optional<std::size_t> most = std::nullopt;
    std::optional<std::size_t> least = std::nullopt;
    std::optional<std::int64_t> lowest = std::nullopt;
    std::optional<std::int64_t> highest = std::nullopt;
    std::string_view key =
        {};  ///< Of a list: the member that tells its items apart. Else it is of one piece.
    std::vector<Rule> rules = {};
};

/// By `Type.member`, and by `Type` for what holds of it wherever it stands.
using Fields = std::map<std::string, Field, std::less<>>;

/// Of templates, and of sessions and workspaces.
const Fields& template_fields();
const Fields& session_fields();

/// Throws `std::logic_error` where the tables have none of that name: a test sees to it that none is missing.
const Field& find_field(std::string_view name);

}  // namespace berth::crds
