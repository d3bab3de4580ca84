#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/workload.hpp"

/// What `berth up` says of the images that it waits for.
namespace berth {

struct SeenImage {
    std::string name;
    ObservedImage state;
};

/// Says each thing once. Pure: every call gives the text to write next.
class ImageReport {
  public:
    enum class Mode {
        lines,  ///< For pipes: a line for each change.
        live,   ///< For terminals: what goes on is one line, redrawn.
    };

    /// `columns` is the width of the terminal; the line that is redrawn is cut to it.
    ImageReport(Mode mode, std::size_t columns) : mode_(mode), columns_(columns) {}

    /// Empty when there is nothing new. Of several that are under way a terminal shows the first.
    std::string show(const std::vector<SeenImage>& images);
    /// Takes the line away that was redrawn, for what comes next.
    std::string finish();

  private:
    std::string redraw(const std::string& line);

    Mode mode_;
    std::size_t columns_;
    std::map<std::string, std::string> shown_;  ///< By image.
    std::string drawn_;
};

}  // namespace berth
