#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "base/task.hpp"

/// What an HTTP exchange is, for handlers and callers alike. Knows no route and no domain.
namespace berth::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The value of the first header of that name (ignoring case), or nothing.
std::optional<std::string_view> find_header(const Headers& headers, std::string_view name);
/// All values of that name, in order.
std::vector<std::string_view> all_headers(const Headers& headers, std::string_view name);

/// A body that its handler reads by itself, as it comes.
class BodyReader {
  public:
    virtual ~BodyReader() = default;
    /// What has come next, at most 64 KiB; empty at the end. One read at a time, on any loop, while the
    /// handler runs. Throws `invalid` (`malformed_request`) for a body that ends before its end, and
    /// `system_error` when the client has gone.
    virtual Task<std::string> read() = 0;
    /// How much it will be, when the request says so.
    virtual std::optional<std::uint64_t> size() const = 0;
};

/// A request as handlers see it, with its whole body unless they read that themselves.
struct Request {
    std::string method;  ///< GET, POST…
    std::string target;  ///< As it came: path and query, still encoded.
    std::string path;    ///< Decoded once; a path that does not decode was refused before.
    std::vector<std::pair<std::string, std::string>> query;  ///< Decoded, in order.
    Headers headers;
    std::string host;  ///< The Host header, lower case, with its port as it came.
    std::string body;
    std::shared_ptr<BodyReader> stream;  ///< Set, and `body` empty: where `Dispatch::streams` says so.
    std::string remote;     ///< Address of the client, as far as it is known; empty on a Unix socket.
    bool local = false;     ///< Came over the private Unix socket.
    bool by_proxy = false;  ///< Came from a proxy of ours: what it says of the client holds.
    bool tls = false;
    std::string id;  ///< For logs and problem documents.

    std::optional<std::string> parameter(std::string_view name) const;
    std::optional<std::string_view> header(std::string_view name) const { return find_header(headers, name); }
};

/// One WebSocket message.
struct Message {
    bool text = false;
    std::string bytes;
};

/// An open WebSocket: one reader and one writer at a time. Pings are answered inside `read`.
class WebSocket {
  public:
    virtual ~WebSocket() = default;
    /// The next message of at most the configured size; nothing once the peer has closed or gone.
    virtual Task<std::optional<Message>> read() = 0;
    /// Waits while the peer is slow; throws when it is gone.
    virtual Task<> write(Message message) = 0;
    virtual Task<> close(int code, std::string reason) = 0;
};

/// Where a streamed body goes. Each write waits until the peer has taken it.
class BodyWriter {
  public:
    virtual ~BodyWriter() = default;
    virtual Task<> write(std::string_view bytes) = 0;
};

/// What a handler answers: a whole body, a streamed one, or an upgrade to WebSocket.
struct Response {
    int status = 200;
    Headers headers;
    std::string body;
    std::function<Task<>(BodyWriter&)> stream;  ///< Set: the body is what it writes (chunked).
    std::function<Task<>(WebSocket&)>
        websocket;  ///< Set: the connection is upgraded and this runs on its loop.
};

/// Answers one request. Runs on the connection's loop unless it moves itself.
using Handler = std::function<Task<Response>(Request)>;

/// Decodes %XX (and + when `plus_is_space`). Nothing for malformed escapes, NUL or invalid UTF-8.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
std::string percent_encode(std::string_view text);

}  // namespace berth::net
