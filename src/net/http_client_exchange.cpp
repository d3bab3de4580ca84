#include "net/http_client_exchange.hpp"

#include <fmt/format.h>

#include <boost/beast/http/error.hpp>

namespace berth::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t piece_max = 64u << 10;
constexpr std::size_t head_max = 64u << 10;
constexpr std::size_t refusal_max = 1u << 20;

bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
}

/// A body, or after 101 the connection itself.
class ExchangeStream final : public ByteStream {
  public:
    explicit ExchangeStream(std::unique_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

    Task<std::string> read() override {
        try {
            if (exchange_->status() == 101) co_return co_await exchange_->read_raw();
            co_return co_await exchange_->read_piece();
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
            throw Error(Kind::unavailable, "connection_lost",
                        "the answer broke off: " + error.code().message());
        }
    }
    Task<> write(std::string bytes) override { co_await exchange_->connection().write(asio::buffer(bytes)); }
    Task<> shut_down_writing() override { co_await exchange_->connection().shut_down_writing(); }
    void close() override { exchange_->connection().close(); }

  private:
    std::unique_ptr<Exchange> exchange_;
};

}  // namespace

std::string host_header(const Address& address) {
    const bool literal6 = address.host.find(':') != std::string::npos;
    auto host = literal6 ? "[" + address.host + "]" : address.host;
    const int usual = address.tls ? 443 : 80;
    if (address.unix_path.empty() && address.port != usual) host += ":" + std::to_string(address.port);
    return host;
}

std::string render_head(const Address& address, const CallRequest& request) {
    if (has_line_break(request.target) || request.target.find(' ') != std::string::npos)
        throw Error(Kind::invalid, "invalid_url", "a request target cannot hold blanks or line breaks");
    std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
    bool named = false;
    for (const auto& [name, value] : request.headers) {
        if (has_line_break(name) || has_line_break(value))
            throw Error(Kind::invalid, "invalid_header", "header " + quoted(name) + " holds a line break");
        head += fmt::format("{}: {}\r\n", name, value);
        named = named || name == "Host" || name == "host";
    }
    if (!named) head += fmt::format("Host: {}\r\n", host_header(address));
    const bool carries = request.method != "GET" && request.method != "HEAD";
    if (carries || !request.body.empty()) head += fmt::format("Content-Length: {}\r\n", request.body.size());
    return head + "\r\n";
}

Exchange::Exchange(std::unique_ptr<ClientConnection> connection, const std::string& method)
    : connection_(std::move(connection)) {
    parser_.header_limit(head_max);
    parser_.body_limit(boost::none);
    parser_.skip(method == "HEAD");
}

Task<> Exchange::send(std::string head, std::string body) {
    head += body;
    co_await connection_->write(asio::buffer(head));
}

Task<bool> Exchange::fill() {
    const auto room = buffer_.prepare(piece_max);
    const auto count = co_await connection_->read_some(room);
    buffer_.commit(count);
    heard_ = heard_ || count > 0;
    co_return count > 0;
}

Task<> Exchange::read_head() {
    while (!parser_.is_header_done()) {
        boost::system::error_code ec = http::error::need_more;
        if (buffer_.size() > 0) buffer_.consume(parser_.put(buffer_.data(), ec));
        if (ec && ec != http::error::need_more) throw boost::system::system_error(ec);
        if (!ec) continue;
        const bool more = co_await fill();
        if (!more) throw boost::system::system_error(http::make_error_code(http::error::end_of_stream));
    }
}

Task<std::string> Exchange::read_piece() {
    std::string piece(piece_max, '\0');
    std::size_t filled = 0;
    while (!parser_.is_done() && filled == 0) {
        auto& body = parser_.get().body();
        body.data = piece.data();
        body.size = piece.size();
        body.more = true;
        boost::system::error_code ec = http::error::need_more;
        if (buffer_.size() > 0) buffer_.consume(parser_.put(buffer_.data(), ec));
        filled = piece.size() - body.size;
        if (ec && ec != http::error::need_more && ec != http::error::need_buffer)
            throw boost::system::system_error(ec);
        if (ec != http::error::need_more || filled > 0) continue;
        const bool more = co_await fill();
        if (more) continue;
        ec = {};
        parser_.put_eof(ec);
        if (ec) throw boost::system::system_error(ec);
    }
    piece.resize(filled);
    co_return piece;
}

Task<std::string> Exchange::read_body(std::size_t most) {
    std::string body;
    while (true) {
        auto piece = co_await read_piece();
        if (piece.empty()) break;
        if (body.size() + piece.size() > most)
            throw Error(Kind::internal, "answer_too_large",
                        fmt::format("an answer is larger than {} bytes", most));
        body += piece;
    }
    co_return body;
}

Task<std::string> Exchange::read_raw() {
    if (buffer_.size() == 0) {
        const bool more = co_await fill();
        if (!more) co_return "";
    }
    std::string bytes(static_cast<const char*>(buffer_.data().data()), std::min(buffer_.size(), piece_max));
    buffer_.consume(bytes.size());
    co_return bytes;
}

int Exchange::status() const {
    return static_cast<int>(parser_.get().result_int());
}

Headers Exchange::headers() const {
    Headers headers;
    for (const auto& field : parser_.get())
        headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    return headers;
}

bool Exchange::reusable() const {
    return parser_.is_done() && parser_.get().keep_alive() && buffer_.size() == 0 && status() != 101;
}

Task<OpenedStream> open_body(std::unique_ptr<Exchange> exchange) {
    OpenedStream opened;
    opened.status = exchange->status();
    opened.headers = exchange->headers();
    if (opened.status >= 400)
        opened.error_body = co_await exchange->read_body(refusal_max);
    else
        opened.stream = std::make_unique<ExchangeStream>(std::move(exchange));
    co_return opened;
}

}  // namespace berth::net
