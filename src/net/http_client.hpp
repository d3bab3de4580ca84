#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret_text.hpp"
#include "net/http.hpp"

namespace berth::net {

/// Where a server listens.
struct Address {
    std::string unix_path;  ///< Set: a Unix socket, and `host` only names it in the Host header.
    std::string host = "localhost";
    int port = 80;
    bool tls = false;
};

/// Whom a client trusts over TLS and how it proves who it is; all in PEM.
struct TlsOptions {
    std::string authorities;  ///< Certificates; empty: the system's.
    std::string certificate;  ///< Our own, with its chain; empty: none.
    SecretText key;           ///< Of `certificate`.
    std::string server_name;  ///< What the server has to be called; empty: the address's host.
};

struct CallRequest {
    std::string method = "GET";
    std::string target = "/";
    Headers headers;
    std::string body;
};

struct CallResponse {
    int status = 0;
    Headers headers;
    std::string body;
};

/// A raw byte stream after an upgrade (`101`) or a hijack, or a body read piece by piece.
class ByteStream {
  public:
    virtual ~ByteStream() = default;
    /// Some bytes, at most 64 KiB; empty at the end. Throws `connection_lost` when it breaks off before.
    virtual Task<std::string> read() = 0;
    virtual Task<> write(std::string bytes) = 0;
    virtual Task<> shut_down_writing() = 0;
    virtual void close() = 0;
};

/// What came before a stream.
struct OpenedStream {
    int status = 0;
    Headers headers;
    std::string error_body;  ///< The whole body when the status is not what was hoped for (>= 400).
    std::unique_ptr<ByteStream> stream;  ///< Null exactly then.
};

/// Calls one server over HTTP/1.1, keeping idle connections.
///
/// Safe from any loop: each call uses a connection of its own loop. A request that a dying kept connection
/// swallowed is sent once more on a new one when it has no body side effects (GET, HEAD, PUT, DELETE).
/// Failures to connect and time-outs are `unavailable`.
class HttpClient {
  public:
    /// Throws `invalid` (`invalid_certificate`) for PEM that cannot be used.
    HttpClient(Address address, Clock& clock, TlsOptions tls = {});
    ~HttpClient();

    /// The whole exchange within `limit`; a body above `body_max` is `internal`.
    Task<CallResponse> call(CallRequest request, Duration limit, std::size_t body_max = 64u << 20);
    /// The head within `limit`; then the body (or the raw connection after 101 or `hijack`) as a stream.
    Task<OpenedStream> open(CallRequest request, Duration limit);
    /// A WebSocket to `request.target`, with the request's headers. Refusals throw with the problem's own
    /// words.
    Task<std::unique_ptr<WebSocket>> websocket(CallRequest request, Duration limit);

    /// Closes what is kept, before the loops that it belongs to end.
    void close_idle();

  private:
    struct Pool;
    std::shared_ptr<Pool> pool_;
};

/// What kind of error an HTTP status of 300 and above tells of.
Kind kind_of(int status);

/// Splits an absolute URL `http(s)://host[:port]/…`; throws `invalid`.
std::pair<Address, std::string> parse_url(std::string_view url);

}  // namespace berth::net
