#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "net/http_client.hpp"

/// The Berth that serves a data directory of this machine, reached by its private socket.
namespace berth {

/// The process that listens on the private socket; nothing when none does.
std::optional<pid_t> listener_of(const std::string& socket_path);

/// Calls of its REST API, one at a time; who may open the socket is an administrator.
class LocalServer {
  public:
    explicit LocalServer(const std::string& socket_path);

    /// The answer's document, or null. A refusal is thrown as its problem document says.
    json::value call(const std::string& method, const std::string& target,
                     Duration limit = std::chrono::seconds(30));

  private:
    SystemClock clock_;
    asio::io_context io_;
    net::HttpClient client_;
};

}  // namespace berth
