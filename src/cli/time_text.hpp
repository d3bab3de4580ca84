#pragma once

#include <string>

#include "base/quantity.hpp"

/// Times and durations as people read them.
namespace berth::cli {

/// `0.4s` below ten seconds, `12s` below a minute, then `1 m 20 s`, `2 h 5 m`, `3 d 4 h`. Negative counts as
/// zero.
std::string duration_text(double seconds);

/// How long ago `at` was: `just now`, `20 s ago`, `2 min ago`, `3 h ago`, `yesterday`, `5 days ago`, and the
/// UTC date from 30 days on. A time that has not come yet is `in 5 min`.
std::string relative_text(Time at, Time now);

/// `2026-01-31 09:30:00` in UTC.
std::string exact_text(Time at);

}  // namespace berth::cli
