#include "plan/inquiry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace berth::plan {
namespace {

constexpr Duration often{15'000};
constexpr Duration seldom{60'000};  // No longer than what `Engine::usage` speaks of.
constexpr Duration at_most_often{1'000};
constexpr Duration patience_min = std::chrono::minutes(5);
constexpr Duration patience_max = std::chrono::days(1);
/// Clocks of a machine and of what runs there differ a little; more is worth a word.
constexpr Duration skew = std::chrono::seconds(30);
/// As seconds the year 5138, as milliseconds 1973.
constexpr double seconds_max = 1e11;
constexpr double milliseconds_max = 1e14;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// RFC 3339 with any offset.
Time parse_rfc3339(std::string_view text) {
    if (text.size() < 6 || text.back() == 'Z') return parse_time(text);
    const auto offset = text.substr(text.size() - 6);
    const bool shaped = (offset[0] == '+' || offset[0] == '-') && is_digit(offset[1]) &&
                        is_digit(offset[2]) && offset[3] == ':' && is_digit(offset[4]) && is_digit(offset[5]);
    if (!shaped) return parse_time(text);
    const auto number = [&](std::size_t at) { return (offset[at] - '0') * 10 + offset[at + 1] - '0'; };
    const auto local = parse_time(std::string(text.substr(0, text.size() - 6)) + "Z");
    const Duration ahead = std::chrono::hours(number(1)) + std::chrono::minutes(number(4));
    return offset[0] == '+' ? local - ahead : local + ahead;
}

std::optional<Time> time_of(double number) {
    if (!std::isfinite(number) || number < 0 || number > milliseconds_max) return std::nullopt;
    return Time(Duration(std::llround(number < seconds_max ? number * 1000 : number)));
}

std::optional<Time> time_of(const json::value& said) {
    if (said.is_number()) return time_of(said.to_number<double>());
    try {
        return parse_rfc3339(said.get_string());
    } catch (const Error&) {
        return std::nullopt;
    }
}

Answer read_value(const json::value& said, std::string_view pointer, Time now) {
    const auto place = pointer.empty() ? std::string("the answer") : std::string(pointer);
    if (said.is_bool())
        return {.used_at = said.get_bool() ? std::optional(now) : std::nullopt, .momentary = true};
    if (!said.is_number() && !said.is_string())
        return {.unknown = place + " is neither a time nor a boolean"};
    const auto at = time_of(said);
    if (!at) return {.unknown = place + " is not a time"};
    Answer answer{.used_at = std::min(*at, now)};
    if (*at > now + skew)
        answer.odd = fmt::format("{} is {}, a time to come: taken as now", place, to_string(*at));
    return answer;
}

}  // namespace

Inquiry inquiry_of(const TemplateSpec& spec) {
    Inquiry inquiry{.cpu_floor = spec.lifecycle.cpu_floor};
    for (const auto& access : spec.access) {
        if (!access.activity || !access.activity->probe) continue;
        const auto* component = find_component(spec, access.component);
        const auto* port = component == nullptr ? nullptr : find_port(*component, access.port.value_or(""));
        if (port == nullptr) continue;
        inquiry.probes.push_back({access.name, access.component, port->port, *access.activity->probe});
    }
    return inquiry;
}

Time ask_at(const NextStop& next, Duration idle_limit, const Asking& asked) {
    const auto pause = std::clamp(idle_limit / 20, at_most_often, next.warned ? often : seldom);
    const auto again = asked.tried_at + pause;
    if (asked.momentary || next.warned) return again;
    return asked.tried_at < next.warn_at ? next.warn_at : again;
}

Answer read_answer(int status, std::string_view body, std::string_view pointer, Time now) {
    if (status >= 300 && status < 400)
        return {.unknown = fmt::format("HTTP {}, and redirects are not followed", status)};
    if (status < 200 || status >= 300) return {.unknown = fmt::format("HTTP {}", status)};
    json::value said;
    try {
        said = json::parse(body);
    } catch (const Error&) {
        return {.unknown = "the answer is not JSON"};
    }
    boost::system::error_code missing;
    const auto* found = said.find_pointer(pointer, missing);
    if (found == nullptr) return {.unknown = fmt::format("there is nothing at {}", pointer)};
    return read_value(*found, pointer, now);
}

Duration patience(Duration idle_limit) {
    return std::clamp(idle_limit, patience_min, patience_max);
}

}  // namespace berth::plan
