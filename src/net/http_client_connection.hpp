#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/handed_socket.hpp"
#include "net/http_client.hpp"

namespace berth::net {

using ClientSocket = asio::generic::stream_protocol::socket;
using TlsSocket = asio::ssl::stream<ClientSocket>;

/// One connection of the client, plain or TLS. One reader and one writer at a time.
class ClientConnection {
  public:
    virtual ~ClientConnection() = default;
    /// At least one byte; 0 once the peer has closed. Throws when the connection broke.
    virtual Task<std::size_t> read_some(asio::mutable_buffer into) = 0;
    virtual Task<> write(asio::const_buffer bytes) = 0;
    virtual Task<> shut_down_writing() = 0;
    virtual void close() = 0;
    /// Whether an idle connection can still be used: the peer neither closed it nor said something unasked.
    virtual bool still_good() = 0;
};

/// A connected socket to a Unix path of any length that names a socket itself, not a link to one.
///
/// Throws `unavailable` (`unreachable`) with the reason.
Task<ClientSocket> connect_unix(std::string path);

/// A connected TCP or Unix socket for `address`, without TLS. `localhost` and `*.localhost` are this machine.
Task<ClientSocket> connect_socket(Address address);

/// The TLS session of a connected socket, with the peer's name and certificate verified.
Task<TlsSocket> start_tls(ClientSocket socket, std::string host, asio::ssl::context& context);

/// Verifies the server by `options`. Throws `invalid` (`invalid_certificate`) for PEM that cannot be used.
asio::ssl::context make_client_tls(const TlsOptions& options);

std::unique_ptr<ClientConnection> make_connection(ClientSocket socket);
std::unique_ptr<ClientConnection> make_connection(HandedSocket<> socket);
std::unique_ptr<ClientConnection> make_connection(TlsSocket socket);

/// `cannot reach PLACE: why`, as `unavailable`.
Error unreachable(const Address& address, const std::string& why);

}  // namespace berth::net
