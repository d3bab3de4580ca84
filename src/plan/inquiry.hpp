#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/template.hpp"
#include "plan/lifecycle.hpp"

/// What a running session is asked about its own use, and what its answers come to. Pure.
namespace berth::plan {

/// A probe and where it is asked.
struct ProbeTarget {
    std::string access;
    std::string component;
    int port = 0;
    ActivityProbe probe;
    bool operator==(const ProbeTarget&) const = default;
};

/// What is asked; nothing at all: what people are seen to do is enough.
struct Inquiry {
    std::vector<ProbeTarget> probes;
    std::optional<MilliCpu> cpu_floor;
    bool empty() const { return probes.empty() && !cpu_floor; }
    bool operator==(const Inquiry&) const = default;
};

Inquiry inquiry_of(const TemplateSpec& spec);

/// How far asking has come.
struct Asking {
    Time tried_at{};        ///< Last, or when it began to run.
    bool momentary = true;  ///< Answers may say only whether it is in use now: what was between is not told.
};

/// When to ask next: often where answers are about the moment, and while people wait for the stop that they
/// were warned of; else just when it matters.
Time ask_at(const NextStop& next, Duration idle_limit, const Asking& asked);

/// An application's answer, judged.
struct Answer {
    std::optional<Time> used_at;  ///< Not later than it was asked. Absent: never, or not now, or not known.
    bool momentary = false;       ///< It said only whether it is in use now.
    std::string unknown;          ///< Why it says nothing; empty: it says something.
    std::string odd;              ///< What is wrong with what it says.
    bool operator==(const Answer&) const = default;
};

/// Reads what came at `now`: only a 2xx with JSON says something.
///
/// At the pointer stands a time (RFC 3339, or seconds or milliseconds since 1970) or a boolean. A time to
/// come counts as now, with a remark.
Answer read_answer(int status, std::string_view body, std::string_view pointer, Time now);

/// The most of an answer that is read.
inline constexpr std::size_t answer_max = std::size_t{64} << 10;

/// How long a session counts as used because it does not say whether it is: then what goes through its
/// gateway counts as it does without a probe.
Duration patience(Duration idle_limit);

}  // namespace berth::plan
