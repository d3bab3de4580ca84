#include "image_report.hpp"

#include "cli/text_width.hpp"

namespace berth {
namespace {

constexpr std::string_view to_line_start = "\r\x1b[K";

/// Messages that name their image are not given its name once more.
std::string line_of(const SeenImage& image) {
    const auto& message = image.state.message;
    const bool named = message.find(image.name) != std::string::npos;
    return "  " + cli::printable(named ? message : image.name + ": " + message);
}

}  // namespace

std::string ImageReport::show(const std::vector<SeenImage>& images) {
    std::string lines;
    std::string current;
    for (const auto& image : images) {
        const bool moves = image.state.state == ImageState::pulling;
        if (!moves && image.state.state != ImageState::missing) continue;
        const auto line = line_of(image);
        if (moves && mode_ == Mode::live) {
            if (current.empty()) current = line;
        } else if (auto& last = shown_[image.name]; last != line) {
            last = line;
            lines += line + "\n";
        }
    }
    if (mode_ == Mode::lines) return lines;
    if (lines.empty()) return current == drawn_ ? "" : redraw(current);
    return finish() + lines + redraw(current);
}

std::string ImageReport::finish() {
    return drawn_.empty() ? "" : redraw("");
}

std::string ImageReport::redraw(const std::string& line) {
    drawn_ = line;
    return std::string(to_line_start) + cli::cut_to_width(line, columns_ > 1 ? columns_ - 1 : 1);
}

}  // namespace berth
