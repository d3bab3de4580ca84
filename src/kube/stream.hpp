#pragma once

#include "kube/client.hpp"

namespace berth::kube {

/// A connection to a port of a pod, through the API server and the pod's node.
///
/// The protocol `v4.channel.k8s.io`: channel 0 carries the bytes, channel 1 what went wrong; the first
/// message of each is the port's number. It knows no half-close.
class PortForward {
  public:
    /// Throws `unavailable` (`port_closed`) in the node's words when nobody accepts there, though that may
    /// also become known with the first read.
    static Task<std::unique_ptr<PortForward>> open(Client& client, Key pod, int port);

    /// Some bytes; empty at the end.
    Task<std::string> read();
    Task<> write(std::string bytes);
    Task<> close();

  private:
    explicit PortForward(std::unique_ptr<net::WebSocket> socket) : socket_(std::move(socket)) {}
    std::unique_ptr<net::WebSocket> socket_;
    bool greeted_[2] = {false, false};
};

}  // namespace berth::kube
