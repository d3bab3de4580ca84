#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <functional>
#include <memory>
#include <string>

#include "net/http_client_connection.hpp"

namespace berth::net {

/// Request line and headers. A header or target with a line break is refused.
std::string render_head(const Address& address, const CallRequest& request);

/// `host` or `host:port` as the Host header wants it.
std::string host_header(const Address& address);

/// One request and its answer on one connection.
class Exchange {
  public:
    Exchange(std::unique_ptr<ClientConnection> connection, const std::string& method);

    Task<> send(std::string head, std::string body);
    Task<> read_head();
    /// The next piece of the body, at most 64 KiB; empty at its end.
    Task<std::string> read_piece();
    /// The rest of the body; `internal` when it is larger than `most`.
    Task<std::string> read_body(std::size_t most);
    /// Bytes of the raw connection, whatever HTTP thinks: after 101.
    Task<std::string> read_raw();

    int status() const;
    Headers headers() const;
    bool heard_anything() const { return heard_; }
    /// The answer is complete and the server keeps the connection.
    bool reusable() const;
    ClientConnection& connection() { return *connection_; }
    std::unique_ptr<ClientConnection> release() { return std::move(connection_); }

  private:
    /// Reads more bytes into the buffer; false once the server has closed.
    Task<bool> fill();

    std::unique_ptr<ClientConnection> connection_;
    boost::beast::flat_buffer buffer_;
    boost::beast::http::response_parser<boost::beast::http::buffer_body> parser_;
    bool heard_ = false;
};

/// The body as a stream, or the words of a refusal (status 400 and above, at most 1 MiB).
Task<OpenedStream> open_body(std::unique_ptr<Exchange> exchange);

}  // namespace berth::net
