#pragma once

#include <optional>
#include <string>

#include "net/connection.hpp"

namespace berth::net {

/// The reason phrase of a status; `Unknown` for none.
std::string_view reason_phrase(int status);

/// Writes the head of a response of ours into `out`: our own Date, framing and Connection, then `headers`.
///
/// `length` absent: chunked (or until close for HTTP/1.0). Framing headers in `response.headers` are left
/// out. Throws `internal` when a header holds a line break.
void write_head(std::string& out, const Connection& connection, const Response& response,
                std::optional<std::size_t> length, bool keep);

/// Answers the request on `connection` by the platform's handler: reads the body, unless the handler does,
/// runs it, sends what it gives.
Work<After> serve_platform(Connection& connection, const Dispatch& dispatch);

/// Upgrades the connection and runs the response's WebSocket function. The connection is over afterwards.
Work<After> serve_websocket(Connection& connection, Response response, Headers request, std::string target);

/// Whether the request asks for a WebSocket that we can open (RFC 6455, 4.2.1).
bool wants_websocket(const RequestHead& head);

}  // namespace berth::net
