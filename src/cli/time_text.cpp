#include "cli/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace berth::cli {
namespace {

/// Two units: `1 m 20 s`, and only the larger one when the smaller is zero.
std::string pair_text(std::int64_t large, const char* large_unit, std::int64_t small,
                      const char* small_unit) {
    if (small == 0) return fmt::format("{} {}", large, large_unit);
    return fmt::format("{} {} {} {}", large, large_unit, small, small_unit);
}

std::string amount_text(std::int64_t seconds) {
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (seconds < 3600) return fmt::format("{} min", seconds / 60);
    if (seconds < 86'400) return fmt::format("{} h", seconds / 3600);
    return seconds < 2 * 86'400 ? "1 day" : fmt::format("{} days", seconds / 86'400);
}

}  // namespace

std::string duration_text(double seconds) {
    seconds = std::max(seconds, 0.0);
    if (seconds < 9.95) return fmt::format("{:.1f}s", seconds);
    const auto whole = static_cast<std::int64_t>(seconds + 0.5);
    if (whole < 60) return fmt::format("{}s", whole);
    if (whole < 3600) return pair_text(whole / 60, "m", whole % 60, "s");
    if (whole < 86'400) return pair_text(whole / 3600, "h", whole / 60 % 60, "m");
    return pair_text(whole / 86'400, "d", whole / 3600 % 24, "h");
}

std::string relative_text(Time at, Time now) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - at).count();
    // Clocks of two machines differ by a little.
    if (seconds > -5 && seconds < 5) return "just now";
    if (seconds < 0) return "in " + amount_text(-seconds);
    if (seconds >= 30 * 86'400) return to_string(at).substr(0, 10);
    if (seconds >= 86'400 && seconds < 2 * 86'400) return "yesterday";
    return amount_text(seconds) + " ago";
}

std::string exact_text(Time at) {
    auto text = to_string(at).substr(0, 19);
    std::replace(text.begin(), text.end(), 'T', ' ');
    return text;
}

}  // namespace berth::cli
