#pragma once

#include <string_view>
#include <vector>

#include "api/files.hpp"

namespace berth::embedded {

/// One file that the program carries: `/ui/index.html`, `/images/terminal/Containerfile`, `/bin/berth-init`.
struct Entry {
    std::string_view path;
    std::string_view bytes;
    bool executable = false;
};

/// All of them, by path.
const std::vector<Entry>& entries();

/// Those below `prefix`, by path.
std::vector<Entry> below(std::string_view prefix);

/// The web interface; nullptr in a build that was made without it.
const api::Files* web_files();

}  // namespace berth::embedded
