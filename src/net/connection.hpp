#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/channel.hpp"
#include "net/forwarded.hpp"
#include "net/head.hpp"
#include "net/http.hpp"
#include "net/inbox.hpp"

namespace berth::net {

/// What a server allows. Counted before anything is allocated for it.
struct ServerConfig {
    std::string host = "127.0.0.1";  ///< An address; `localhost` is 127.0.0.1, `*` every address.
    int port = 8080;                 ///< 0: any free one.
    std::string unix_path;  ///< Set: also a private Unix socket, mode 0600, for requests of this machine.
    int loops = 0;          ///< Threads; 0: one a core.
    int connections_max = 10'000;
    Duration header_timeout = std::chrono::seconds(10);    ///< From the first byte of a head to its last.
    Duration idle_timeout = std::chrono::seconds(75);      ///< Between two requests…
    Duration last_idle_timeout = std::chrono::seconds(5);  ///< …and once the server is leaving.
    Duration body_timeout = std::chrono::seconds(30);      ///< Without a byte of a body.
    Duration write_timeout = std::chrono::seconds(60);     ///< Without a byte taken by the peer.
    Duration ping_every = std::chrono::seconds(30);        ///< On a silent WebSocket.
    std::size_t body_max = 1 << 20;                        ///< Of a request that a handler sees whole.
    std::size_t message_max = 1 << 20;                     ///< Of a WebSocket message.
    HeadLimits head;
    bool tls = false;       ///< Whether what stands before us speaks TLS to the client.
    AddressRanges proxies;  ///< Peers that are believed what they say of a client.
};

/// What becomes of a connection after an exchange.
enum class After { keep, close };

/// What an exchange holds besides its client: closed when the server is cut or a deadline passes.
class Closer {
  public:
    virtual ~Closer() = default;
    virtual void close_all() = 0;
    /// The server stops: end what would go on for ever, politely.
    virtual void drain() {}
};

/// One client's connection, and the request on it that is being answered.
///
/// Belongs to one loop; nothing of it may be touched from another thread. `head` and its views hold until the
/// handler returns. A raw handler must `inbox.consume` the head and what it took of the body before it
/// returns `After::keep`.
class Connection final : public Deadline {
  public:
    Connection(Loop& loop, const ServerConfig& config, Socket socket, std::string remote, bool local);
    ~Connection() override;

    Loop& loop;
    const ServerConfig& config;
    Channel client;
    Inbox inbox;
    RequestHead head;
    const std::string remote;  ///< Address of the peer; empty on the Unix socket.
    const bool local;
    bool leaving = false;             ///< The server will stop: the next answer is the last.
    bool draining = false;            ///< The server stops: no further request.
    bool idle = true;                 ///< Between two requests.
    std::uint64_t waiting_since = 0;  ///< Counts up over the loop's connections; 0: no head is waited for.
    bool upgraded = false;            ///< The client's socket was given away or speaks no HTTP any more.
    std::shared_ptr<void> memory;  ///< What a raw handler remembers of this client from request to request.
    asio::cancellation_signal cancel;  ///< Ends the platform handler that runs.
    Closer* closer = nullptr;

    /// Names the request in logs and problem documents: made when somebody asks.
    std::string request_id() const;

    /// Address of who sent the request at hand: `remote`, or whom a proxy of ours names.
    std::string client_address() const { return net::client_address(config.proxies, remote, head.fields); }

    /// Sends a whole response of our own. Gives `keep` when the connection can go on; the body of the request
    /// must have been consumed for that.
    Work<After> answer(Response response, bool body_consumed);

    /// Lets the peer read the last answer although it still sends: what comes is thrown away for a moment.
    Work<> linger();

    /// The next answer is the last; nothing is ended.
    void leave();
    /// No further request; an idle connection ends now.
    void drain();
    /// Closes the client and what the exchange holds.
    void cut();

  protected:
    void expired() override { cut(); }

  private:
    std::uint64_t number_;
};

/// Answers one request on a connection by moving the bytes itself.
using RawHandler = std::function<Work<After>(Connection&)>;

/// Who answers a Host.
enum class Destination { platform, session, unknown };

struct Dispatch {
    /// Judges the Host of a request, as it came. Called on every loop.
    std::function<Destination(std::string_view host)> decide;
    Handler platform;
    RawHandler session;
    /// Paths that the platform answers under any Host but a session's: probes, scrapers and proxies know us
    /// by an address. Of cookies there only forward-auth takes notice: of those of the host that a proxy
    /// names.
    std::vector<std::string_view> anywhere = {};
    /// Whether the platform's handler reads the body of such a request by itself. Called on every loop.
    std::function<bool(std::string_view method, std::string_view path)> streams = {};
};

/// Reads requests off the connection and has each answered, until either side is done.
Work<> serve_connection(std::shared_ptr<Connection> connection, const Dispatch& dispatch);

/// A problem document (RFC 9457) for what goes wrong below any handler.
Response problem(int status, std::string_view code, std::string_view detail, std::string_view next,
                 std::string_view request_id);

}  // namespace berth::net
