#pragma once

#include "cli/run.hpp"

/// Limits as they are said and shown: flags, bodies, lines.
namespace berth::cli {

/// What `--running 3 --cpu 2` said, by key of the API; empty: nothing.
using LimitFlags = std::map<std::string, std::string>;

/// Adds a flag for each limit. `unset` is said for one that is to be taken away.
void add_limit_flags(CLI::App& verb, LimitFlags& said, std::string_view unset);

/// Numbers as numbers, amounts as text; null for what is to be taken away.
json::object limits_said(const LimitFlags& said, std::string_view unset);

/// The quota with those changes: the API replaces it, and what was not named is to stay.
json::object changed_quota(const json::value& holder, const json::object& changes);

/// The member `quota`, or an empty object.
json::value quota_of(const json::value& holder);

/// `running 1 · memory 2Gi`; empty when there are none.
std::string limits_line(const json::value& quota);

/// `███░░░░░░░ 3 of 10`; without a limit the number alone.
std::string use_text(const std::optional<double>& part, std::string_view used, std::string_view limit);

}  // namespace berth::cli
