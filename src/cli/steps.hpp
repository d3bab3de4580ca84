#pragma once

#include <string>

#include "cli/views.hpp"

/// The steps of a start as text: one line in words, redrawn on a terminal, line by line in a pipe.
namespace berth::cli {

/// `admitted 0.0s · scheduled 0.0s · pulled 3.2s`: the steps that are done, in order.
std::string steps_line(const std::vector<StepView>& steps);

/// A label of its own column: `lab   ` — as wide as `open`, two spaces after it.
std::string label(std::string_view name, std::string_view beside = {});

/// Writes what one session does while somebody waits. Pure: every call gives the text to write next.
class StepReport {
  public:
    enum class Mode {
        lines,  ///< For pipes: a line when a step is done.
        live,   ///< For terminals: one line, redrawn.
    };

    /// What is waited for: a start has steps, a stop has only its phase.
    enum class Kind { start, stop };

    /// `columns` is the width of the terminal; lines that would wrap are cut while they are live.
    StepReport(std::string name, Kind kind, Mode mode, std::size_t columns);

    /// `elapsed` is in seconds since the ask. Empty when there is nothing new to write.
    std::string show(const SessionView& session, double elapsed);

    /// The text that ends the report: all steps that are done, as one line on a terminal.
    std::string finish(const SessionView& session);

    /// Takes the live line away, for a message that comes instead.
    std::string erase() const;

  private:
    std::string new_lines(const StatusView& status);

    std::string name_;
    Kind kind_;
    Mode mode_;
    std::size_t columns_;
    std::size_t printed_ = 0;
    std::string told_;
    int incarnation_ = -1;
};

}  // namespace berth::cli
