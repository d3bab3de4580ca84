#pragma once

#include <sys/types.h>

#include <array>
#include <optional>
#include <string_view>

#include "init/box.hpp"
#include "init/fd.hpp"
#include "init/group.hpp"
#include "init/limits.hpp"
#include "init/poll_set.hpp"
#include "init/request.hpp"

namespace berth::init {

/// A program that one client runs, and that goes with it.
struct Exec {
    enum class State {
        unused,
        attached,   ///< Its client is there.
        abandoned,  ///< The client is gone; the program was told to go.
    };

    State state = State::unused;
    pid_t pid = 0;
    bool on_terminal = false;
    Fd input;
    Fd output;
    Fd errors;
    Fd slave;                     ///< With a terminal: kept open, see `Pty`.
    std::optional<int> status;    ///< Once its first process has ended.
    std::optional<Time> kill_at;  ///< Once abandoned, until it was killed.
    Groups doomed;                ///< Whom that kills.
    std::size_t last_words = 0;   ///< Bytes read from its terminal since then.
    int input_place = -1;
    int output_place = -1;
    int errors_place = -1;

    /// Writes input; gives how many bytes it took, which may be none. A closed input takes everything.
    std::size_t write_input(std::string_view bytes);

    /// No more input: closes the pipe, or types the end-of-file character.
    void close_input();

    Groups groups() const;

    /// Sends a signal to its own group.
    void signal(int number) const;

    /// Waits for output when `wants_output` (its client takes some), and for room when `input_waits`.
    void watch(PollSet& poll, bool wants_output, bool input_waits);

    /// Reads each stream that has something once, the terminal of an ended program to its end, as long as the
    /// box has room for it.
    void read(const PollSet& poll, Outbox& into);

    /// True when it has ended and everything it wrote was read.
    bool over() const { return status && !output && !errors; }

  private:
    void read_stream(Fd& stream, char kind, Outbox& into);
};

/// All programs that clients run, at most `execs_max`.
class Execs {
  public:
    struct Started {
        Exec* exec = nullptr;
        Refusal refusal;
    };

    /// Starts what a request X says.
    Started start(const Request& request);

    /// Its client is gone: closes everything, SIGHUP now and SIGKILL after `kill_time`.
    void abandon(Exec& exec, Time now);
    void forget(Exec& exec) { exec = Exec(); }

    /// A process has ended; true when it was one of these.
    bool ended(pid_t pid, int status);

    /// SIGHUP to all whose client is still there.
    void hang_up_all();
    /// SIGKILL to whatever is left.
    void kill_all();

    void watch(PollSet& poll);
    /// Kills what is due, forgets what is gone.
    void tick(Time now);

    bool any() const;

  private:
    std::array<Exec, execs_max> all_;
};

}  // namespace berth::init
