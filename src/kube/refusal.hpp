#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace berth::kube {

/// Parses an answer of any size that was received. Throws `internal` (`cluster_answer`) when it is not JSON.
json::value parse_answer(std::string_view body);

/// The member `a.b.c` of a tree, or null.
const json::value* find_at(const json::value& tree, std::initializer_list<std::string_view> path);
/// The text there, or empty.
std::string text_at(const json::value& tree, std::initializer_list<std::string_view> path);
/// The number there, or 0.
std::int64_t number_at(const json::value& tree, std::initializer_list<std::string_view> path);

/// What a refusal means, in the server's own words. Codes: `already_exists`, `conflict`, `not_found`,
/// `expired` (410), `quota_exceeded`, `namespace_ending`, `forbidden`, `invalid`, `unauthenticated`,
/// `throttled`, `cluster_unavailable`.
///
/// https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/#status-v1-meta
Error to_error(int status, std::string_view body);

/// How long the server asks us to wait, from the header or the Status; nothing when it does not.
std::optional<Duration> retry_after(std::string_view header, std::string_view body);

}  // namespace berth::kube
