#pragma once

#include <sys/types.h>

#include <array>

#include "init/connection.hpp"
#include "init/delivery.hpp"
#include "init/exec.hpp"
#include "init/forward.hpp"
#include "init/gate.hpp"
#include "init/limits.hpp"
#include "init/listener.hpp"
#include "init/poll_set.hpp"
#include "init/terminal.hpp"

namespace berth::init {

/// Everything behind the sockets: the clients, and what they asked for.
///
/// One thread and no waiting: each round of the loop is `watch`, `PollSet::wait`, `handle`. Nothing here
/// grows: every table has its size, every buffer its limit, and a slow client holds up only itself.
class Server {
  public:
    /// Makes the Unix socket, see `Listener`. Gives an errno, 0 for done.
    int listen(const char* path);
    /// Listens on a TCP port too, for those who know the key in that file.
    Refusal listen_tcp(std::uint16_t port, const char* key_path);

    /// The program waits for a delivery: nothing is started before.
    void wait_for_delivery() { delivery_.wait(); }
    bool waits() const { return delivery_.state() == Delivery::State::waiting; }

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
    void let_in(Fd stranger, Time now);
    void turn_away(Fd client);
    void welcome(Fd client, Entrance entrance, Time now);

    void serve_client(Connection& client, const PollSet& poll, Time now);
    void start_dial(Connection& client, const Request& request, Time now);
    void advance_dial(Connection& client, Dial::State state, Time now);
    void advance_exec(Connection& client, const PollSet& poll, Time now);
    void start_forward(Connection& client, Time now);
    void tick(Connection& client, Time now);
    /// Drops whoever vanished from the network.
    void look_for_life(Time now);

    /// Handles the complete frames that have arrived, until the program takes no more.
    void take_frames(Connection& client, Time now);
    enum class Taken { all, part, nonsense };
    Taken take(Connection& client, const Frame& frame, Time now);
    Taken take_for_terminal(Connection& client, const Frame& frame);
    Taken take_for_exec(Connection& client, const Frame& frame);
    Taken take_for_delivery(Connection& client, const Frame& frame, Time now);

    void answer(Connection& client, const Frame& frame, Time now);
    void open_terminal(Connection& client, const Request& request, Time now);
    void start_exec(Connection& client, const Request& request, Time now);
    void tell_state(Connection& client, Time now);
    void start_delivery(Connection& client, const Request& request, Time now);
    void refuse(Connection& client, Refusal refusal, Time now);

    /// Sends what the client has not had yet of an ended terminal, then its status.
    void feed(Connection& client, Time now);
    void forget(Terminal& terminal, Time now);

    /// Closes once everything is sent.
    void finish(Connection& client, Time now);
    void flush(Connection& client, Time now);
    void drop(Connection& client, Time now);

    Listener inside_;
    Listener network_;
    Gate gate_;
    std::array<Connection, connections_max> clients_;
    Terminals terminals_;
    Execs execs_;
    Forwards forwards_;
    Delivery delivery_;
    Time look_at_ = Time::max();
};

}  // namespace berth::init
