#include "net/http_client_connection.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace berth::net {
namespace {

using asio::ip::tcp;

constexpr std::chrono::milliseconds backlog_pause{1};

/// Closes a descriptor at the end of a block.
struct Descriptor {
    int number;
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
};

std::string words_of(int error) {
    return std::generic_category().message(error);
}

template <class Stream>
class Connection final : public ClientConnection {
  public:
    explicit Connection(Stream stream) : stream_(std::move(stream)) {}

    Task<std::size_t> read_some(asio::mutable_buffer into) override {
        boost::system::error_code ec;
        const auto count =
            co_await stream_.async_read_some(into, asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated) co_return 0;
        if (ec) throw boost::system::system_error(ec);
        co_return count;
    }

    Task<> write(asio::const_buffer bytes) override {
        co_await asio::async_write(stream_, bytes, asio::use_awaitable);
    }

    Task<> shut_down_writing() override {
        boost::system::error_code ec;
        if constexpr (!std::is_same_v<Stream, TlsSocket>)
            stream_.shutdown(ClientSocket::shutdown_send, ec);
        else
            co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
        co_return;
    }

    void close() override {
        boost::system::error_code ec;
        if constexpr (std::is_same_v<Stream, TlsSocket>)
            stream_.lowest_layer().close(ec);
        else
            stream_.close(ec);
    }

    bool still_good() override {
        char byte = 0;
        const auto got = ::recv(stream_.lowest_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }

  private:
    Stream stream_;
};

bool is_this_machine(std::string_view host) {
    return host == "localhost" || host.ends_with(".localhost");
}

Task<std::vector<tcp::endpoint>> resolve(Address address) {
    const auto port = static_cast<asio::ip::port_type>(address.port);
    std::vector<tcp::endpoint> found;
    boost::system::error_code ec;
    if (is_this_machine(address.host)) {
        found.emplace_back(asio::ip::address_v4::loopback(), port);
        found.emplace_back(asio::ip::address_v6::loopback(), port);
    } else if (const auto literal = asio::ip::make_address(address.host, ec); !ec) {
        found.emplace_back(literal, port);
    } else {
        tcp::resolver resolver(co_await asio::this_coro::executor);
        const auto answers = co_await resolver.async_resolve(address.host, std::to_string(port),
                                                             asio::redirect_error(asio::use_awaitable, ec));
        if (ec) throw unreachable(address, ec.message());
        for (const auto& answer : answers) found.push_back(answer.endpoint());
    }
    co_return found;
}

}  // namespace

Error unreachable(const Address& address, const std::string& why) {
    const auto place =
        address.unix_path.empty() ? address.host + ":" + std::to_string(address.port) : address.unix_path;
    return Error(Kind::unavailable, "unreachable", "cannot reach " + place + ": " + why);
}

Task<ClientSocket> connect_unix(std::string path) {
    const Address address{.unix_path = path};
    // The path may be longer than a socket address holds, and whoever owns its folder could have put a link
    // there: the descriptor names the very file that was checked.
    const Descriptor place{::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    if (place.number < 0) throw unreachable(address, words_of(errno));
    struct stat about{};
    if (::fstat(place.number, &about) != 0) throw unreachable(address, words_of(errno));
    if (!S_ISSOCK(about.st_mode)) throw unreachable(address, "not a socket");
    const asio::local::stream_protocol::endpoint endpoint("/proc/self/fd/" + std::to_string(place.number));
    ClientSocket socket(co_await asio::this_coro::executor);
    socket.open(asio::local::stream_protocol());
    // A Unix socket connects at once. Where the backlog is full the kernel says so instead of waiting
    // (unix(7)), and asio would take that for a connection on its way. Whoever calls has a deadline.
    socket.native_non_blocking(true);
    while (::connect(socket.native_handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
        if (errno != EAGAIN && errno != EINTR) throw unreachable(address, words_of(errno));
        asio::steady_timer pause(socket.get_executor(), backlog_pause);
        co_await pause.async_wait(asio::use_awaitable);
    }
    co_return socket;
}

Task<ClientSocket> connect_socket(Address address) {
    if (!address.unix_path.empty()) co_return co_await connect_unix(address.unix_path);
    const auto endpoints = co_await resolve(address);
    boost::system::error_code ec = asio::error::host_not_found;
    for (const auto& endpoint : endpoints) {
        ClientSocket socket(co_await asio::this_coro::executor);
        socket.open(endpoint.protocol(), ec);
        if (ec) continue;
        co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        if (ec) continue;
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        co_return socket;
    }
    throw unreachable(address, ec.message());
}

asio::ssl::context make_client_tls(const TlsOptions& options) {
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    context.set_verify_mode(asio::ssl::verify_peer);
    boost::system::error_code ec;
    const auto check = [&](std::string_view what) {
        if (ec)
            throw Error(Kind::invalid, "invalid_certificate",
                        std::string(what) + " cannot be used: " + ec.message());
    };
    if (options.authorities.empty())
        context.set_default_verify_paths(ec);
    else
        context.add_certificate_authority(asio::buffer(options.authorities), ec);
    check("the certificate authority");
    if (options.certificate.empty()) return context;
    context.use_certificate_chain(asio::buffer(options.certificate), ec);
    check("the client certificate");
    context.use_private_key(asio::buffer(options.key.reveal()), asio::ssl::context::pem, ec);
    check("the key of the client certificate");
    return context;
}

Task<TlsSocket> start_tls(ClientSocket socket, std::string host, asio::ssl::context& context) {
    TlsSocket stream(std::move(socket), context);
    stream.set_verify_callback(asio::ssl::host_name_verification(host));
    // RFC 6066, 3: an address is not a name to ask for.
    boost::system::error_code is_name;
    asio::ip::make_address(host, is_name);
    if (is_name && SSL_set_tlsext_host_name(stream.native_handle(), host.c_str()) != 1)
        throw Error(Kind::internal, "internal", "cannot name " + quoted(host) + " in a TLS handshake");
    boost::system::error_code ec;
    co_await stream.async_handshake(asio::ssl::stream_base::client,
                                    asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    if (ec)
        throw Error(Kind::unavailable, "tls_refused",
                    "no trusted connection to " + host + ": " + ec.message());
    co_return stream;
}

std::unique_ptr<ClientConnection> make_connection(ClientSocket socket) {
    return std::make_unique<Connection<ClientSocket>>(std::move(socket));
}

std::unique_ptr<ClientConnection> make_connection(HandedSocket<> socket) {
    return std::make_unique<Connection<HandedSocket<>>>(std::move(socket));
}

std::unique_ptr<ClientConnection> make_connection(TlsSocket socket) {
    return std::make_unique<Connection<TlsSocket>>(std::move(socket));
}

}  // namespace berth::net
