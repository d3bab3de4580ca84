#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "init/fd.hpp"
#include "init/limits.hpp"
#include "init/pages.hpp"
#include "init/poll_set.hpp"

namespace berth::init {

/// One direction of a forwarded connection.
///
/// Bytes go from socket to socket through a buffer that all share. Only what the receiving side did not take
/// is kept, and nothing more is read until that is gone: a slow reader holds up its own writer.
class Way {
  public:
    bool over() const { return state_ == State::over; }
    bool reads() const { return state_ == State::open && empty(); }
    bool writes() const { return !empty(); }

    // Each of these is false when one of the two sockets has failed.

    /// Reads once and passes on. With `last_words` nothing to read now is the end.
    enum class Rest { may_come, last_words };
    bool pull(int from, int to, Rest rest);
    /// Passes on what is kept, and the end behind it.
    bool push(int to);
    /// Sends `bytes`, keeping what is not taken: at most `kept_max` in all.
    bool send(int to, std::string_view bytes);

    /// Nothing more goes this way, also not what is kept.
    void close();

  private:
    enum class State {
        open,
        ended,  ///< The sender has ended; the receiver does not know yet.
        over,   ///< The receiver knows.
    };

    bool empty() const { return head_ == tail_; }
    void pass_on_end(int to);

    State state_ = State::open;
    Pages pages_;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

/// A client whose connection has become the connection to a port.
struct Forward {
    Fd client;
    Fd port;
    Way up;    ///< From the client to the port.
    Way down;  ///< From the port to the client.
    int client_place = -1;
    int port_place = -1;
    bool client_left = false;  ///< It hung up in good order: there is nothing to learn from it unasked.
    bool port_left = false;

    void watch(PollSet& poll);
    void move(const PollSet& poll);
    /// The program has ended: what the port has said is passed on, nothing else.
    void finish();
    /// One side failed: the other hears it as a reset.
    void give_up();

  private:
    bool move_up(int at_client, int at_port);
    bool move_down(int at_client, int at_port);
    /// Closes both sockets when both directions are over.
    void settle();
};

/// All forwarded connections, at most `forwards_max`. One that is idle holds its two sockets and nothing
/// else.
class Forwards {
  public:
    bool full() const;

    /// Takes over both sockets, and what the client has already sent to the port; tells it `O`. Not when
    /// full.
    void start(Fd client, Fd port, std::string_view sent);

    void watch(PollSet& poll);
    void handle(const PollSet& poll);
    /// Ends those whose client is gone without a word.
    void drop_vanished();

    /// Ends all of them, as soon as what their ports have said is with the clients.
    void stop();
    bool any() const;

  private:
    std::array<Forward, forwards_max> all_;
    bool stopping_ = false;
};

}  // namespace berth::init
