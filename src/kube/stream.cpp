#include "kube/stream.hpp"

namespace berth::kube {

Task<std::unique_ptr<PortForward>> PortForward::open(Client& client, Key pod, int port) {
    auto socket = co_await client.websocket(pods, std::move(pod), "portforward",
                                            "ports=" + std::to_string(port), "v4.channel.k8s.io");
    co_return std::unique_ptr<PortForward>(new PortForward(std::move(socket)));
}

Task<std::string> PortForward::read() {
    while (true) {
        auto message = co_await socket_->read();
        if (!message || message->bytes.empty()) co_return "";
        const auto channel = static_cast<unsigned char>(message->bytes[0]);
        if (channel > 1) continue;
        message->bytes.erase(0, 1);
        // Each channel begins with the port's number.
        if (!std::exchange(greeted_[channel], true)) message->bytes.erase(0, 2);
        if (message->bytes.empty()) continue;
        if (channel == 1)
            throw Error(Kind::unavailable, "port_closed", "the port does not answer: " + message->bytes);
        co_return std::move(message->bytes);
    }
}

Task<> PortForward::write(std::string bytes) {
    bytes.insert(bytes.begin(), '\0');
    co_await socket_->write({.bytes = std::move(bytes)});
}

Task<> PortForward::close() {
    co_await socket_->close(1000, "");
}

}  // namespace berth::kube
