#pragma once

#include <memory>
#include <vector>

#include "net/connection.hpp"

namespace berth::net {

/// Throws `conflict` (`port_taken`) when somebody listens at the TCP address already, `invalid` when it is
/// none. `Server::start` asks too; asking before costs nothing and leaves nothing behind.
void require_free(const ServerConfig& config);

/// The one listener: reads requests on one loop a core and hands each to the platform or to a session's
/// handler.
///
/// `start` throws `conflict` (`port_taken`) when somebody listens there already. Every loop accepts for
/// itself (SO_REUSEPORT). The handlers of `dispatch` run on the loop of their connection and are called from
/// all loops.
class Server {
  public:
    Server(ServerConfig config, Dispatch dispatch);
    /// Cuts what is open and joins the threads.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// The loops exist from construction on and run from `start` on.
    int loop_count() const;
    Loop& loop(int index);

    void start();
    /// Where it listens, also when the configuration left the port open.
    int port() const;
    /// Connections that are open now, on all loops.
    int connections() const;

    /// Before `stop`: lets everything go on until it has ended or `limit` has passed. Each answer is the last
    /// of its connection. Connections are accepted for the first `welcome` of it, as not everybody has heard,
    /// and then on the private socket only. Await it on a loop of your own.
    Task<> leave(Duration welcome, Duration limit);
    /// Accepts nothing more, lets what runs finish within `limit`, then cuts it. Await it on a loop of your
    /// own.
    Task<> stop(Duration limit);

  private:
    struct Shared;
    struct Runner;

    void listen_tcp();
    void listen_unix();
    Task<> wait_until_left(Duration limit);
    void on_each_loop(void (*what)(Runner&));
    void cut();
    void join();

    std::unique_ptr<Shared> shared_;
    std::vector<std::unique_ptr<Runner>> runners_;
    int port_ = 0;
    bool running_ = false;
};

}  // namespace berth::net
