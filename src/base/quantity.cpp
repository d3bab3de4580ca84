#include "base/quantity.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"

namespace berth {
namespace {

struct Unit {
    std::string_view suffix;
    std::int64_t factor;
};

constexpr std::int64_t largest_amount = std::int64_t{1} << 62;
constexpr std::array<Unit, 10> byte_units{{{"Ti", std::int64_t{1} << 40},
                                           {"Gi", std::int64_t{1} << 30},
                                           {"Mi", std::int64_t{1} << 20},
                                           {"Ki", std::int64_t{1} << 10},
                                           {"T", 1'000'000'000'000},
                                           {"G", 1'000'000'000},
                                           {"M", 1'000'000},
                                           {"k", 1'000},
                                           {"K", 1'000},
                                           {"", 1}}};
constexpr std::array<Unit, 5> time_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

[[noreturn]] void refuse(std::string_view text, std::string_view wanted) {
    throw Error(Kind::invalid, "invalid_quantity",
                fmt::format("{} is not {}", quoted(text.substr(0, 64)), wanted));
}

/// A non-negative decimal number at the front of `text`, which is shortened by it. NaN where there is none.
double take_number(std::string_view& text) {
    double number = 0;
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nan("");
    const auto [end, ec] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (ec != std::errc{}) return std::nan("");
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

}  // namespace

Bytes parse_bytes(std::string_view text) {
    auto rest = text;
    const double number = take_number(rest);
    for (const auto& unit : byte_units) {
        if (std::isnan(number) || rest != unit.suffix) continue;
        const double amount = number * static_cast<double>(unit.factor);
        if (amount > static_cast<double>(largest_amount)) break;
        return {std::llround(amount)};
    }
    refuse(text, "an amount of bytes such as 512Mi or 10Gi");
}

std::string to_string(Bytes amount) {
    for (const auto& unit : byte_units) {
        if (unit.suffix.size() == 2 && amount.count != 0 && amount.count % unit.factor == 0)
            return fmt::format("{}{}", amount.count / unit.factor, unit.suffix);
    }
    return std::to_string(amount.count);
}

MilliCpu parse_cpu(std::string_view text) {
    auto rest = text;
    const double number = take_number(rest);
    if (!std::isnan(number) && number <= 1e9) {
        if (rest == "m") return {std::llround(number)};
        if (rest.empty()) return {std::llround(number * 1000)};
    }
    refuse(text, "an amount of processors such as 500m or 2");
}

std::string to_string(MilliCpu amount) {
    return amount.count % 1000 == 0 ? std::to_string(amount.count / 1000) : fmt::format("{}m", amount.count);
}

Duration parse_duration(std::string_view text) {
    auto rest = text;
    std::int64_t total = 0;
    std::int64_t previous = largest_amount;
    while (!rest.empty()) {
        const double number = take_number(rest);
        const auto letters = rest.substr(0, rest.find_first_of("0123456789."));
        const Unit* found = nullptr;
        for (const auto& unit : time_units)
            if (unit.suffix == letters) found = &unit;
        if (std::isnan(number) || found == nullptr || found->factor >= previous || number > 1e7)
            refuse(text, "a duration such as 90s or 1h30m");
        total += std::llround(number * static_cast<double>(found->factor));
        previous = found->factor;
        rest.remove_prefix(letters.size());
    }
    if (text.empty()) refuse(text, "a duration such as 90s or 1h30m");
    return Duration(total);
}

std::string to_string(Duration length) {
    auto left = length.count();
    std::string text;
    for (const auto& unit : time_units) {
        if (const auto whole = left / unit.factor; whole > 0) {
            text += fmt::format("{}{}", whole, unit.suffix);
            left %= unit.factor;
        }
    }
    return text.empty() ? "0s" : text;
}

std::string to_string(Time at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(at - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

Time parse_time(std::string_view text) {
    const std::string copy(text.substr(0, 40));
    int year = 0, used = 0;
    unsigned month = 0, day = 0;
    int hour = 0, minute = 0, second = 0;
    const int fields = std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year, &month, &day, &hour,
                                   &minute, &second, &used);
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    auto rest = std::string_view(copy).substr(fields == 6 ? static_cast<std::size_t>(used) : 0);
    std::int64_t fraction = 0;
    if (fields == 6 && rest.starts_with('.')) {
        rest.remove_prefix(1);
        for (int digit = 0; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; ++digit) {
            if (digit < 3) fraction = fraction * 10 + (rest.front() - '0');
            rest.remove_prefix(1);
            if (digit == 0 && (rest.empty() || rest.front() < '0' || rest.front() > '9')) fraction *= 100;
            if (digit == 1 && (rest.empty() || rest.front() < '0' || rest.front() > '9')) fraction *= 10;
        }
    }
    const bool sane = fields == 6 && rest == "Z" && date.ok() && hour < 24 && minute < 60 && second < 61 &&
                      hour >= 0 && minute >= 0 && second >= 0;
    if (!sane) refuse(text, "a time such as 2026-01-31T09:30:00Z");
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second) + std::chrono::milliseconds(fraction);
}

}  // namespace berth
