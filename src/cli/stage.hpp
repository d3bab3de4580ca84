#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/imposter.hpp"

namespace berth::cli {

/// What one run of the program gave.
struct Outcome {
    int status = 0;
    std::string out, err;
    bool operator==(const Outcome&) const = default;
};
void PrintTo(const Outcome& outcome, std::ostream* out);

/// The program against an imposter, with a home directory of its own that is removed at the end.
class Stage : public ::testing::Test {
  protected:
    Stage();
    ~Stage() override;

    /// Runs `berth WORDS` with `input` as standard input; BERTH_URL is the imposter.
    Outcome berth(std::vector<std::string> words, const std::string& input = {});

    /// A session of the contract: its phase and how many of the six steps are done.
    static json::object session(const std::string& name, const std::string& phase, int done,
                                int incarnation = 1);
    static json::object list(json::array items);

    Imposter server;
    std::string home;
    std::map<std::string, std::string> environment;
    bool out_terminal = false;
    bool in_terminal = false;
    int terminal = -1;  ///< Set: standard input is this descriptor.
};

}  // namespace berth::cli
