#include "local.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>

#include "net/http_client_websocket.hpp"

namespace berth {

std::optional<pid_t> listener_of(const std::string& socket_path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path.size() >= sizeof address.sun_path) return std::nullopt;
    socket_path.copy(address.sun_path, socket_path.size());
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool known = ::connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                       ::getsockopt(probe, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    ::close(probe);
    return known ? std::optional(peer.pid) : std::nullopt;
}

LocalServer::LocalServer(const std::string& socket_path) : client_({.unix_path = socket_path}, clock_) {}

json::value LocalServer::call(const std::string& method, const std::string& target, Duration limit) {
    net::CallRequest request{.method = method, .target = target, .headers = {{"Accept", "application/json"}}};
    std::exception_ptr failure;
    net::CallResponse answer;
    asio::co_spawn(io_, client_.call(std::move(request), limit),
                   [&](std::exception_ptr thrown, net::CallResponse got) {
                       failure = thrown;
                       answer = std::move(got);
                   });
    io_.restart();
    io_.run();
    if (failure) std::rethrow_exception(failure);
    if (answer.status >= 400) throw net::refusal_of(answer.status, answer.body);
    return answer.body.empty() ? json::value() : json::parse(answer.body);
}

}  // namespace berth
