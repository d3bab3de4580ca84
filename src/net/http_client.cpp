#include "net/http_client.hpp"

#include <fmt/format.h>

#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "base/timeout.hpp"
#include "net/http_client_connection.hpp"
#include "net/http_client_exchange.hpp"
#include "net/http_client_websocket.hpp"

namespace berth::net {
namespace {

constexpr std::size_t idle_max = 32;  // Kept connections of one loop.
constexpr std::chrono::seconds idle_time{20};

using Context = const asio::execution_context*;

Task<Context> current_context() {
    const auto executor = co_await asio::this_coro::executor;
    co_return &asio::query(executor, asio::execution::context);
}

bool may_be_sent_again(const CallRequest& request) {
    return request.method == "GET" || request.method == "HEAD" || request.method == "PUT" ||
           request.method == "DELETE";
}

/// A server that was reached and then hung up: it may have acted on what it was sent.
Error lost(const Address& address, const boost::system::system_error& error) {
    auto reached = unreachable(address, error.code().message());
    reached.code = "connection_lost";
    return reached;
}

}  // namespace

struct HttpClient::Pool : std::enable_shared_from_this<HttpClient::Pool> {
    struct Idle {
        std::unique_ptr<ClientConnection> connection;
        std::chrono::steady_clock::time_point since;
    };

    Pool(Address where, Clock& time, const TlsOptions& options)
        : address(std::move(where)), clock(time), server_name(options.server_name) {
        if (server_name.empty()) server_name = address.host;
        if (address.tls) tls_context = std::make_unique<asio::ssl::context>(make_client_tls(options));
    }

    /// A kept connection of this loop that is still good, or null.
    std::unique_ptr<ClientConnection> take(Context context) {
        const std::lock_guard lock(mutex);
        auto& kept = idle[context];
        while (!kept.empty()) {
            auto last = std::move(kept.back());
            kept.pop_back();
            const bool fresh = std::chrono::steady_clock::now() - last.since < idle_time;
            if (fresh && last.connection->still_good()) return std::move(last.connection);
        }
        return nullptr;
    }

    void keep(Context context, std::unique_ptr<ClientConnection> connection) {
        const std::lock_guard lock(mutex);
        auto& kept = idle[context];
        if (kept.size() >= idle_max) kept.pop_front();
        kept.push_back({std::move(connection), std::chrono::steady_clock::now()});
    }

    void close_idle() {
        const std::lock_guard lock(mutex);
        idle.clear();
    }

    Task<std::unique_ptr<ClientConnection>> connect() {
        auto socket = co_await connect_socket(address);
        if (!address.tls) co_return make_connection(std::move(socket));
        auto stream = co_await start_tls(std::move(socket), server_name, *tls_context);
        co_return make_connection(std::move(stream));
    }

    static Task<CallResponse> call(std::shared_ptr<Pool> pool, CallRequest request, std::size_t body_max);
    static Task<std::unique_ptr<Exchange>> begin(std::shared_ptr<Pool> pool, CallRequest request);
    static Task<OpenedStream> open(std::shared_ptr<Pool> pool, CallRequest request);

    const Address address;
    Clock& clock;
    std::mutex mutex;
    std::unordered_map<Context, std::deque<Idle>> idle;
    std::string server_name;
    std::unique_ptr<asio::ssl::context> tls_context;  ///< Null without TLS.
};

/// Sends the request and reads the head of its answer.
Task<std::unique_ptr<Exchange>> HttpClient::Pool::begin(std::shared_ptr<Pool> pool, CallRequest request) {
    const auto context = co_await current_context();
    const auto head = render_head(pool->address, request);
    auto connection = pool->take(context);
    const bool kept = connection != nullptr;
    bool again = false;
    if (!kept) connection = co_await pool->connect();
    auto exchange = std::make_unique<Exchange>(std::move(connection), request.method);
    try {
        co_await exchange->send(head, request.body);
        co_await exchange->read_head();
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        again = kept && !exchange->heard_anything() && may_be_sent_again(request);
        if (!again) throw lost(pool->address, error);
    }
    if (!again) co_return exchange;
    connection = co_await pool->connect();
    exchange = std::make_unique<Exchange>(std::move(connection), request.method);
    try {
        co_await exchange->send(head, request.body);
        co_await exchange->read_head();
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        throw lost(pool->address, error);
    }
    co_return exchange;
}

Task<CallResponse> HttpClient::Pool::call(std::shared_ptr<Pool> pool, CallRequest request,
                                          std::size_t body_max) {
    auto exchange = co_await begin(pool, std::move(request));
    CallResponse response{.status = exchange->status(), .headers = exchange->headers()};
    try {
        response.body = co_await exchange->read_body(body_max);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        throw lost(pool->address, error);
    }
    if (exchange->reusable()) {
        const auto context = co_await current_context();
        pool->keep(context, exchange->release());
    }
    co_return response;
}

Task<OpenedStream> HttpClient::Pool::open(std::shared_ptr<Pool> pool, CallRequest request) {
    auto exchange = co_await begin(pool, std::move(request));
    co_return co_await open_body(std::move(exchange));
}

HttpClient::HttpClient(Address address, Clock& clock, TlsOptions tls)
    : pool_(std::make_shared<Pool>(std::move(address), clock, tls)) {}

HttpClient::~HttpClient() = default;

Task<CallResponse> HttpClient::call(CallRequest request, Duration limit, std::size_t body_max) {
    const auto pool = pool_;
    auto what = request.method + " " + request.target.substr(0, request.target.find('?'));
    auto work = Pool::call(pool, std::move(request), body_max);
    co_return co_await finish_within(pool->clock, limit, std::move(what), std::move(work));
}

void HttpClient::close_idle() {
    pool_->close_idle();
}

Task<OpenedStream> HttpClient::open(CallRequest request, Duration limit) {
    const auto pool = pool_;
    auto what = request.method + " " + request.target.substr(0, request.target.find('?'));
    auto work = Pool::open(pool, std::move(request));
    co_return co_await finish_within(pool->clock, limit, std::move(what), std::move(work));
}

Task<std::unique_ptr<WebSocket>> HttpClient::websocket(CallRequest request, Duration limit) {
    const auto pool = pool_;
    auto what = "WebSocket " + request.target.substr(0, request.target.find('?'));
    auto work = open_websocket(pool->address, pool->tls_context.get(), pool->server_name, std::move(request));
    co_return co_await finish_within(pool->clock, limit, std::move(what), std::move(work));
}

std::pair<Address, std::string> parse_url(std::string_view url) {
    const auto refuse = [&](std::string_view why) {
        return Error(Kind::invalid, "invalid_url", fmt::format("{} is not an address: {}", quoted(url), why),
                     "write it as http://host:port or https://host");
    };
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed) throw refuse(parsed.error().message());
    const auto scheme = parsed->scheme();
    if (scheme != "http" && scheme != "https") throw refuse("expected http:// or https://");
    if (parsed->has_userinfo()) throw refuse("a name or password does not belong there");
    Address address{.host = std::string(parsed->host_address()), .port = 0, .tls = scheme == "https"};
    if (address.host.empty()) throw refuse("the host is missing");
    address.port = address.tls ? 443 : 80;
    if (parsed->has_port()) {
        const std::string_view digits(parsed->port());
        const auto* const end = digits.data() + digits.size();
        const auto [stop, ec] = std::from_chars(digits.data(), end, address.port);
        if (ec != std::errc{} || stop != end || address.port < 1 || address.port > 65535)
            throw refuse("the port is not a number from 1 to 65535");
    }
    std::string target(parsed->encoded_path());
    if (target.empty()) target = "/";
    if (parsed->has_query()) target += "?" + std::string(parsed->encoded_query());
    return {address, target};
}

}  // namespace berth::net
