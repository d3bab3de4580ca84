#include <boost/asio/append.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket.hpp>

#include "base/error.hpp"
#include "base/log.hpp"
#include "net/answer.hpp"
#include "net/text.hpp"

namespace berth::net {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

/// The client's socket, behind the bytes that were read too early.
class EarlierBytes {
  public:
    using executor_type = Executor;
    using next_layer_type = Socket;

    EarlierBytes(Socket socket, std::string earlier)
        : socket_(std::move(socket)), earlier_(std::move(earlier)) {}

    executor_type get_executor() { return socket_.get_executor(); }
    Socket& next_layer() { return socket_; }
    const Socket& next_layer() const { return socket_; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        auto initiate = [this]<class Handler>(Handler handler, Buffers into) {
            if (earlier_.empty()) {
                socket_.async_read_some(into, std::move(handler));
                return;
            }
            const auto count = asio::buffer_copy(into, asio::buffer(earlier_));
            earlier_.erase(0, count);
            asio::post(get_executor(), asio::append(std::move(handler), ErrorCode(), count));
        };
        return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(std::move(initiate), token, buffers);
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return socket_.async_write_some(buffers, std::forward<Token>(token));
    }

  private:
    Socket socket_;
    std::string earlier_;
};

// Found by argument-dependent lookup from Beast.
template <class Handler>
void async_teardown(beast::role_type role, EarlierBytes& stream, Handler&& handler) {
    websocket::async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

void beast_close_socket(EarlierBytes& stream) {
    ErrorCode ignored;
    stream.next_layer().close(ignored);
}

class ServerWebSocket final : public WebSocket, public Closer {
  public:
    ServerWebSocket(Connection& connection, std::string earlier)
        : connection_(connection), stream_(connection.client.release(), std::move(earlier)) {
        connection_.upgraded = true;
        connection_.closer = this;
        websocket::stream_base::timeout limits{};
        limits.handshake_timeout = std::chrono::seconds(10);
        // Beast pings when half of it has passed.
        limits.idle_timeout = connection.config.ping_every * 2;
        limits.keep_alive_pings = true;
        stream_.set_option(limits);
        stream_.read_message_max(connection.config.message_max);
        stream_.auto_fragment(false);
    }
    ~ServerWebSocket() override { connection_.closer = nullptr; }

    Task<> accept(const Headers& request, const std::string& target, const Response& response) {
        beast::http::request<beast::http::empty_body> handshake(beast::http::verb::get, target, 11);
        for (const auto& [name, value] : request) handshake.insert(name, value);
        const auto decorate = [&response](websocket::response_type& answer) {
            for (const auto& [name, value] : response.headers) answer.insert(name, value);
        };
        stream_.set_option(websocket::stream_base::decorator(decorate));
        co_await stream_.async_accept(handshake, asio::use_awaitable);
    }

    Task<std::optional<Message>> read() override {
        beast::flat_buffer buffer;
        ErrorCode failure;
        co_await stream_.async_read(buffer, asio::redirect_error(asio::use_awaitable, failure));
        if (failure) co_return std::nullopt;
        Message message{.text = stream_.got_text(), .bytes = {}};
        const auto bytes = buffer.cdata();
        message.bytes.assign(static_cast<const char*>(bytes.data()), bytes.size());
        co_return message;
    }

    Task<> write(Message message) override {
        if (closing_) throw boost::system::system_error(asio::error::connection_aborted);
        stream_.text(message.text);
        writing_ = true;
        connection_.arm(connection_.config.write_timeout);
        ErrorCode failure;
        co_await stream_.async_write(asio::buffer(message.bytes),
                                     asio::redirect_error(asio::use_awaitable, failure));
        connection_.disarm();
        writing_ = false;
        if (failure) throw boost::system::system_error(failure);
    }

    Task<> close(int code, std::string reason) override {
        if (!stream_.is_open() || closing_) co_return;
        closing_ = true;
        // A reason longer than a control frame may carry is cut (RFC 6455, 5.5).
        websocket::close_reason why(static_cast<websocket::close_code>(code), reason.substr(0, 120));
        ErrorCode ignored;
        co_await stream_.async_close(why, asio::redirect_error(asio::use_awaitable, ignored));
    }

    void close_all() override { beast_close_socket(stream_.next_layer()); }

    /// A write in progress must end first: then its handler finds the server draining, or the cut comes.
    void drain() override {
        if (writing_ || closing_ || !stream_.is_open()) return;
        closing_ = true;
        auto ended = [](const ErrorCode&) {};
        stream_.async_close(websocket::close_code::going_away, std::move(ended));
    }

  private:
    Connection& connection_;
    websocket::stream<EarlierBytes> stream_;
    bool writing_ = false;
    bool closing_ = false;  // A close frame is on its way: nothing may be written any more.
};

Task<> run_websocket(Connection& connection, const Response& response, const Headers& request,
                     const std::string& target, std::string earlier) {
    ServerWebSocket socket(connection, std::move(earlier));
    co_await socket.accept(request, target, response);
    int code = 1000;
    try {
        co_await response.websocket(socket);
    } catch (const boost::system::system_error& error) {
        code = 1001;  // The peer has gone, or the server stops.
    } catch (const std::exception& error) {
        log::error("websocket failed", {{"error", error.what()}});
        code = 1011;
    }
    if (connection.draining) code = 1001;
    co_await socket.close(code, {});
}

}  // namespace

bool wants_websocket(const RequestHead& head) {
    return head.method == "GET" && has_word(head.upgrade, "websocket") &&
           head.find("sec-websocket-version") == "13" && head.find("sec-websocket-key").size() == 24;
}

Work<After> serve_websocket(Connection& connection, Response response, Headers request, std::string target) {
    std::string earlier(connection.inbox.bytes());
    connection.inbox.consume(earlier.size());
    try {
        auto running =
            asio::co_spawn(asio::any_io_executor(connection.loop.executor()),
                           run_websocket(connection, response, request, target, std::move(earlier)),
                           asio::bind_cancellation_slot(connection.cancel.slot(), await));
        co_await std::move(running);
    } catch (const boost::system::system_error&) {
        // The peer went away in the middle: nothing is left to tell it.
    }
    co_return After::close;
}

}  // namespace berth::net
