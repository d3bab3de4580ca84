#include "cli/steps.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text_width.hpp"
#include "cli/time_text.hpp"

namespace berth::cli {
namespace {

constexpr std::string_view between = " · ";
constexpr std::string_view to_line_start = "\r\x1b[K";

std::string done_text(const StepView& step) {
    if (!step.seconds) return step.name;
    return step.name + " " + duration_text(*step.seconds);
}

/// The step in the words of somebody who waits for it.
std::string_view doing(std::string_view step) {
    if (step == "admitted") return "waiting for room";
    if (step == "scheduled") return "scheduling";
    if (step == "pulled") return "pulling";
    if (step == "initialized") return "preparing the workspace";
    if (step == "started") return "starting";
    if (step == "ready") return "waiting until it is ready";
    return step == "routed" ? "routing" : step;
}

/// `pulling 12s: Copying blob 3 of 7`
std::string current_text(const StatusView& status, double elapsed) {
    const auto current =
        std::ranges::find_if(status.steps, [](const auto& step) { return step.state != "done"; });
    const bool starts = status.phase == "pending" || status.phase == "starting";
    const bool stepping = starts && current != status.steps.end();
    const std::string what(stepping ? doing(current->name) : status.phase);
    std::string words = stepping ? current->message.value_or("") : "";
    if (words.empty()) words = status.message;
    const auto time = duration_text(elapsed);
    return words.empty() ? what + " " + time : fmt::format("{} {}: {}", what, time, printable(words));
}

}  // namespace

std::string steps_line(const std::vector<StepView>& steps) {
    std::string line;
    for (const auto& step : steps)
        if (step.state == "done") line += (line.empty() ? "" : std::string(between)) + done_text(step);
    return line;
}

std::string label(std::string_view name, std::string_view beside) {
    const auto text = printable(name);
    const auto width = std::max({text_width(text), text_width(printable(beside)), std::size_t{4}});
    return text + std::string(width + 2 - text_width(text), ' ');
}

StepReport::StepReport(std::string name, Kind kind, Mode mode, std::size_t columns)
    : name_(std::move(name)), kind_(kind), mode_(mode), columns_(columns) {}

std::string StepReport::show(const SessionView& session, double elapsed) {
    if (mode_ == Mode::lines) return new_lines(session.status);
    const auto current = current_text(session.status, elapsed);
    auto done = session.status.phase == "starting" || session.status.phase == "pending"
                    ? steps_line(session.status.steps)
                    : std::string();
    if (!done.empty()) done += between;
    auto line = label(name_) + done + current;
    // What happens now matters more than what is over.
    if (text_width(line) >= columns_) line = label(name_) + current;
    return std::string(to_line_start) + cut_to_width(line, columns_ > 1 ? columns_ - 1 : 1);
}

std::string StepReport::finish(const SessionView& session) {
    if (mode_ == Mode::lines) return new_lines(session.status);
    const auto done = kind_ == Kind::start ? steps_line(session.status.steps) : std::string();
    return std::string(to_line_start) + (done.empty() ? "" : label(name_) + done + "\n");
}

std::string StepReport::erase() const {
    return mode_ == Mode::live ? std::string(to_line_start) : std::string();
}

std::string StepReport::new_lines(const StatusView& status) {
    if (kind_ == Kind::stop) return {};
    if (status.incarnation != incarnation_) printed_ = 0;
    incarnation_ = status.incarnation;
    std::string text;
    std::size_t done = 0;
    for (const auto& step : status.steps) {
        if (step.state != "done") continue;
        if (++done > printed_) text += label(name_) + done_text(step) + "\n";
    }
    // What waits for its turn has no step to show for a long time.
    if (status.reason == "Queued" && status.message != told_)
        text += label(name_) + "queued: " + printable(status.message) + "\n";
    told_ = status.message;
    printed_ = std::max(printed_, done);
    return text;
}

}  // namespace berth::cli
