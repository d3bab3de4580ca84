#pragma once

#include "kube/stream.hpp"
#include "net/http_client_connection.hpp"

namespace berth::engine::kubernetes {

/// Connections to ports of pods through the API server, for whoever is not in the cluster.
///
/// Each is one end of a pair of sockets; the other end is carried over a WebSocket on the control loop.
class Forwards {
  public:
    Forwards(kube::Client& client, Clock& clock, asio::any_io_executor executor)
        : client_(client), clock_(clock), executor_(executor), tasks_(executor) {}

    /// Any loop may call.
    Task<net::ClientSocket> connect(kube::Key pod, int port);
    Task<> stop();

  private:
    Task<std::shared_ptr<kube::PortForward>> open(kube::Key pod, int port);
    Task<int> begin(kube::Key pod, int port);
    Task<> carry(std::shared_ptr<kube::PortForward> forward, int descriptor);

    kube::Client& client_;
    Clock& clock_;
    asio::any_io_executor executor_;
    TaskGroup tasks_;
};

}  // namespace berth::engine::kubernetes
