#pragma once

#include <sys/types.h>

#include <array>

#include "init/connection.hpp"
#include "init/exec.hpp"
#include "init/limits.hpp"
#include "init/poll_set.hpp"
#include "init/terminal.hpp"

namespace berth::init {

/// Everything behind the socket: the clients, the terminals and the programs they started.
///
/// One thread and no waiting: each round of the loop is `watch`, `PollSet::wait`, `handle`. Nothing here
/// grows: every table has its size, every buffer its limit, and a slow client holds up only itself.
class Server {
  public:
    /// Makes the socket, in the place of one that an earlier process left behind. Gives an errno, 0 for done.
    int listen(const char* path);

    void watch(PollSet& poll);
    void handle(const PollSet& poll, Time now);

    /// A process has ended: it may have been one of ours.
    void child_ended(pid_t pid, int status);

    /// Takes no more clients and tells everybody to go.
    void stop(Time now);
    /// After `stop`: everybody is gone.
    bool quiet() const;
    /// Kills whoever is left.
    void kill_all();

  private:
    void accept_all(Time now);
    void turn_away(Fd client);
    void welcome(Fd client, Time now);

    void serve_client(Connection& client, const PollSet& poll, Time now);
    void advance_dial(Connection& client, Dial::State state, Time now);
    void advance_exec(Connection& client, const PollSet& poll, Time now);
    void tick(Connection& client, Time now);

    /// Handles the complete frames that have arrived, until the program takes no more.
    void take_frames(Connection& client, Time now);
    enum class Taken { all, part, nonsense };
    Taken take(Connection& client, const Frame& frame, Time now);
    Taken take_for_terminal(Connection& client, const Frame& frame);
    Taken take_for_exec(Connection& client, const Frame& frame);

    void answer(Connection& client, const Frame& frame, Time now);
    void open_terminal(Connection& client, const Request& request, Time now);
    void start_exec(Connection& client, const Request& request, Time now);
    void refuse(Connection& client, Refusal refusal, Time now);

    /// Sends what the client has not had yet of an ended terminal, then its status.
    void feed(Connection& client, Time now);
    void forget(Terminal& terminal, Time now);

    /// Closes once everything is sent.
    void finish(Connection& client, Time now);
    void flush(Connection& client, Time now);
    void drop(Connection& client, Time now);

    Fd listener_;
    int listener_place_ = -1;
    Time accept_again_{};
    std::array<char, 108> path_{};
    std::array<Connection, connections_max> clients_;
    Terminals terminals_;
    Execs execs_;
};

}  // namespace berth::init
