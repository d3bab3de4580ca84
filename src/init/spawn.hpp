#pragma once

#include <sys/types.h>

#include <array>

namespace berth::init {

/// Where a new program stands among the others.
enum class Place {
    foreground,  ///< A group of its own in our session, in the foreground of its terminal when there is one.
    session,     ///< A session of its own without a terminal.
    terminal,    ///< A session of its own; its standard input becomes the controlling terminal.
};

/// A program to start. Pointers are only read during `spawn`.
struct Spawn {
    Place place = Place::session;
    const char* file = nullptr;        ///< Searched in PATH when it has no slash.
    char* const* arguments = nullptr;  ///< Ends with a null pointer.
    char* const* variables = nullptr;  ///< `NAME=value`, added to our environment; may be null.
    const char* directory = nullptr;   ///< Null: where we are.
    std::array<int, 3> standard{
        0, 1, 2};  ///< Descriptors for input, output and error, none of the others' numbers.
};

enum class Step { none, standard, terminal, directory, program };

struct Spawned {
    pid_t pid = 0;
    int error = 0;           ///< 0: the program runs.
    Step step = Step::none;  ///< What failed.
};

/// Starts a program: signals at their defaults, none blocked, no descriptor of ours but the three.
///
/// Waits until the program runs or cannot, but not longer than `start_time`: after that (a directory on a
/// dead network file system) it counts as running, and a late failure is its status 127 or 126.
Spawned spawn(const Spawn& what);

/// The status of a program that could not be started, as shells have it: 127 not found, 126 otherwise.
int failure_status(int error);

/// What a shell would show for a status of waitpid(2): the exit code, or 128 + the signal.
int exit_status(int wait_status);

/// Raises how many descriptors we may have to what our tables can hold, or as far as it goes. What we start
/// has the limit that we were given.
void claim_descriptors();

/// Makes sure that 0, 1 and 2 are open, so that no other descriptor is ever one of them.
void fill_standard_descriptors();

}  // namespace berth::init
