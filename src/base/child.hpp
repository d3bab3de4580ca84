#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace berth {

/// A program to run by its argument vector; no shell.
struct ChildRequest {
    std::vector<std::string> arguments;                 ///< The first is looked up in PATH.
    std::string input;                                  ///< Its standard input.
    std::map<std::string, std::string> env;             ///< Added to our own environment.
    std::string without;                                ///< What of our own begins so is left out.
    std::function<void(const std::string& line)> line;  ///< Hears of each line of output as it comes.
    /// Together: `line` hears, and the result has, standard output and error. Apart: `line` hears of standard
    /// output alone, and the result has standard error alone.
    enum class Output { together, apart } output = Output::together;
};

/// What came of it.
struct ChildResult {
    int status = 0;      ///< Exit code, or 128 and the signal.
    std::string output;  ///< The last 64 KiB, of what `ChildRequest::output` says.
    /// The last lines that are not empty, joined by "; ".
    std::string last_lines(int count) const;
};

/// Runs it to its end. After `limit`, or when cancelled, it and its children are killed.
///
/// Throws what `line` does, and `unavailable`: `program_not_found` when there is none of that name,
/// `timed_out`.
Task<ChildResult> run_child(ChildRequest request, Clock& clock, Duration limit);

/// A program that runs beside us until it ends or this is destroyed: then it is asked to end (SIGTERM),
/// and after 5 s killed.
///
/// It runs in the folder of its log: what it drops where it stands (conmon's file `oom`) stays there.
class BackgroundChild {
  public:
    BackgroundChild(std::vector<std::string> arguments, std::map<std::string, std::string> env,
                    std::string log_path);
    ~BackgroundChild();
    BackgroundChild(const BackgroundChild&) = delete;
    BackgroundChild& operator=(const BackgroundChild&) = delete;
    bool running();
    int pid() const { return pid_; }
    void terminate();

  private:
    int pid_ = -1;
};

}  // namespace berth
