#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

/// An amount of storage or memory in bytes.
struct Bytes {
    std::int64_t count = 0;
    auto operator<=>(const Bytes&) const = default;
};

/// An amount of processor time in thousandths of one core.
struct MilliCpu {
    std::int64_t count = 0;
    auto operator<=>(const MilliCpu&) const = default;
};

/// Reads `10Gi`, `512Mi`, `1G`, `1048576` (suffixes of Kubernetes quantities). Throws `invalid` otherwise,
/// also for negative amounts and those above 2^62.
Bytes parse_bytes(std::string_view text);

/// Writes the largest unit that loses nothing: `10Gi`, `1536Mi`, `1000`.
std::string to_string(Bytes amount);

/// Reads `500m`, `2`, `0.5`. Throws `invalid` otherwise.
MilliCpu parse_cpu(std::string_view text);
std::string to_string(MilliCpu amount);

/// Reads `90s`, `1h30m`, `250ms`, `2d`. Units d h m s ms, each at most once, largest first. Throws `invalid`.
Duration parse_duration(std::string_view text);

/// Writes what `parse_duration` reads: `1h30m`, `250ms`, `0s`.
std::string to_string(Duration length);

/// RFC 3339 in UTC with milliseconds: `2026-01-31T09:30:00.000Z`.
std::string to_string(Time at);

/// Reads what `to_string(Time)` writes, with any number of fraction digits. Throws `invalid`.
Time parse_time(std::string_view text);

}  // namespace berth
