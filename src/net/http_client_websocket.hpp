#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "base/error.hpp"
#include "net/http_client.hpp"

namespace berth::net {

/// Connects and upgrades. A refusal is thrown as the Error that its status and problem document say. `tls` is
/// null without TLS, and outlives the call.
Task<std::unique_ptr<WebSocket>> open_websocket(Address address, asio::ssl::context* tls,
                                                std::string server_name, CallRequest request);

/// The error that a refusal stands for: `code`, `detail` and `next` of its problem document, or its status
/// alone.
Error refusal_of(int status, const std::string& body);

}  // namespace berth::net
