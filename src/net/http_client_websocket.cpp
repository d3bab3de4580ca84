#include "net/http_client_websocket.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/json.hpp>

#include "net/http_client_connection.hpp"
#include "net/http_client_exchange.hpp"

namespace berth::net {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

constexpr std::size_t message_max = 1u << 20;
constexpr std::size_t close_reason_max = 123;  // RFC 6455, 5.5: a control frame carries 125 bytes.

template <class Stream>
class ClientWebSocket final : public WebSocket {
  public:
    template <class... Arguments>
    explicit ClientWebSocket(Arguments&&... arguments) : stream_(std::forward<Arguments>(arguments)...) {
        stream_.read_message_max(message_max);
    }

    websocket::stream<Stream>& stream() { return stream_; }

    Task<std::optional<Message>> read() override {
        beast::flat_buffer buffer;
        boost::system::error_code ec;
        co_await stream_.async_read(buffer, asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        if (ec == websocket::error::message_too_big)
            throw Error(Kind::internal, "answer_too_large", "a WebSocket message is larger than 1 MiB");
        if (ec) co_return std::nullopt;
        co_return Message{.text = stream_.got_text(), .bytes = beast::buffers_to_string(buffer.data())};
    }

    Task<> write(Message message) override {
        stream_.text(message.text);
        boost::system::error_code ec;
        co_await stream_.async_write(asio::buffer(message.bytes),
                                     asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        if (ec) throw Error(Kind::unavailable, "connection_lost", "the connection was lost: " + ec.message());
    }

    Task<> close(int code, std::string reason) override {
        websocket::close_reason why;
        why.code = static_cast<std::uint16_t>(code);
        why.reason.assign(reason.substr(0, close_reason_max));
        boost::system::error_code ec;
        co_await stream_.async_close(why, asio::redirect_error(asio::use_awaitable, ec));
    }

  private:
    websocket::stream<Stream> stream_;
};

template <class Stream>
Task<std::unique_ptr<WebSocket>> upgrade(std::unique_ptr<ClientWebSocket<Stream>> socket, Address address,
                                         CallRequest request) {
    socket->stream().set_option(
        websocket::stream_base::decorator([headers = request.headers](websocket::request_type& head) {
            for (const auto& [name, value] : headers) head.set(name, value);
        }));
    websocket::response_type answer;
    boost::system::error_code ec;
    auto host = host_header(address);
    co_await socket->stream().async_handshake(answer, host, request.target,
                                              asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    if (ec == websocket::error::upgrade_declined)
        throw refusal_of(static_cast<int>(answer.result_int()), answer.body());
    if (ec) throw unreachable(address, ec.message());
    co_return std::unique_ptr<WebSocket>(std::move(socket));
}

std::string text_of(const boost::json::object& problem, std::string_view key) {
    const auto* found = problem.if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

}  // namespace

Kind kind_of(int status) {
    switch (status) {
        case 401:
            return Kind::unauthenticated;
        case 403:
            return Kind::forbidden;
        case 404:
            return Kind::not_found;
        case 409:
            return Kind::conflict;
        case 429:
            return Kind::too_many;
        case 502:
        case 503:
        case 504:
            return Kind::unavailable;
        default:
            return status >= 400 && status < 500 ? Kind::invalid : Kind::internal;
    }
}

Error refusal_of(int status, const std::string& body) {
    boost::system::error_code ec;
    const auto tree = boost::json::parse(body, ec);
    const auto* problem = ec ? nullptr : tree.if_object();
    const auto code = problem != nullptr ? text_of(*problem, "code") : "";
    const auto detail = problem != nullptr ? text_of(*problem, "detail") : "";
    const auto next = problem != nullptr ? text_of(*problem, "next") : "";
    return Error(kind_of(status), code.empty() ? "http_" + std::to_string(status) : code,
                 detail.empty() ? "the server answered " + std::to_string(status) : detail, next);
}

Task<std::unique_ptr<WebSocket>> open_websocket(Address address, asio::ssl::context* tls,
                                                std::string server_name, CallRequest request) {
    auto socket = co_await connect_socket(address);
    if (!address.tls) {
        auto plain = std::make_unique<ClientWebSocket<ClientSocket>>(std::move(socket));
        co_return co_await upgrade(std::move(plain), address, std::move(request));
    }
    auto stream = co_await start_tls(std::move(socket), std::move(server_name), *tls);
    auto secure = std::make_unique<ClientWebSocket<TlsSocket>>(std::move(stream));
    co_return co_await upgrade(std::move(secure), address, std::move(request));
}

}  // namespace berth::net
