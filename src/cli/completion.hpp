#pragma once

#include <string>
#include <vector>

#include "cli/run.hpp"

/// What a shell offers when somebody presses Tab.
namespace berth::cli {

/// What can stand where the last of `words` is being typed (`berth` itself is not among them).
struct Expected {
    std::vector<std::string> words;  ///< Verbs, options, fixed values.
    std::string noun;                ///< SESSION, TEMPLATE, WORKSPACE, USER, FILE…, when a name of one fits.
};

/// Goes through the grammar as the parser does. Pure: asks no server.
Expected expected_words(const CLI::App& app, const std::vector<std::string>& words);

/// The script that teaches `shell` (bash, zsh or fish). Throws `invalid` and names the shells for another
/// one.
std::string completion_script(const std::string& shell);

/// Whether an option of this name takes a value, looked for in `app` and its parents; nothing when there is
/// none.
const CLI::Option* find_option(const CLI::App& app, const std::string& word);

}  // namespace berth::cli
