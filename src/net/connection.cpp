#include "net/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/error.hpp"
#include "net/answer.hpp"
#include "net/text.hpp"

namespace berth::net {
namespace {

constexpr std::size_t linger_bytes_max = 1 << 20;
constexpr Duration linger_limit{2000};

/// A head that was read, or why there is none.
enum class Got { head, nothing, problem };

/// Reads until a whole head is in the inbox and scanned.
Work<Got> read_head(Connection& connection, HeadProblem& problem) {
    auto& inbox = connection.inbox;
    HeadFinder finder(connection.config.head);
    bool blank_line_seen = false;
    bool begun = false;
    connection.idle = inbox.empty();
    while (true) {
        // One empty line before a request is forgiven (RFC 9112, 2.2).
        if (!blank_line_seen && inbox.bytes().starts_with("\r\n")) {
            inbox.consume(2);
            blank_line_seen = true;
        }
        const auto bytes = inbox.bytes();
        if (!bytes.empty() && bytes != "\r") {
            const auto size = finder.look(bytes, problem);
            if (problem) co_return Got::problem;
            if (size > 0) {
                problem = scan_request(bytes.substr(0, size), connection.head);
                co_return problem ? Got::problem : Got::head;
            }
        }
        if (connection.draining && inbox.empty()) co_return Got::nothing;
        if (!begun || connection.idle)
            connection.arm(!inbox.empty()       ? connection.config.header_timeout
                           : connection.leaving ? connection.config.last_idle_timeout
                                                : connection.config.idle_timeout);
        begun = true;
        const auto [room, size] = inbox.prepare();
        const auto [failure, count] = co_await connection.client.read_some(room, size);
        if (failure) co_return Got::nothing;
        inbox.commit(count);
        if (connection.idle) connection.arm(connection.config.header_timeout);
        connection.idle = false;
    }
}

/// The scanner could not make a head: answers in HTTP/1.1 and gives up, for where the next request starts is
/// unknown.
Work<> refuse_head(Connection& connection, HeadProblem why) {
    connection.head = RequestHead();
    connection.head.keep_alive = false;
    auto response = problem(why.status, "malformed_request", why.why, {}, connection.request_id());
    co_await connection.answer(std::move(response), false);
    co_await connection.linger();
}

Work<After> refuse_host(Connection& connection) {
    auto response =
        problem(421, "unknown_host", "no session and no page is served at " + quoted(connection.head.host),
                "check the address", connection.request_id());
    return connection.answer(std::move(response), false);
}

bool is_anywhere(const Dispatch& dispatch, std::string_view target) {
    const auto path = target.substr(0, target.find('?'));
    return std::ranges::find(dispatch.anywhere, path) != dispatch.anywhere.end();
}

Work<After> dispatch_request(Connection& connection, const Dispatch& dispatch) {
    auto to = connection.local ? Destination::platform : dispatch.decide(connection.head.host);
    if (to == Destination::unknown && is_anywhere(dispatch, connection.head.path)) to = Destination::platform;
    if (to == Destination::session) return dispatch.session(connection);
    if (to == Destination::platform) return serve_platform(connection, dispatch);
    return refuse_host(connection);
}

}  // namespace

Connection::Connection(Loop& its_loop, const ServerConfig& its_config, Socket socket, std::string its_remote,
                       bool is_local)
    : Deadline(its_loop),
      loop(its_loop),
      config(its_config),
      client(std::move(socket)),
      remote(std::move(its_remote)),
      local(is_local) {
    static thread_local std::mt19937_64 numbers{std::random_device{}()};
    number_ = numbers();
}

Connection::~Connection() = default;

std::string Connection::request_id() const {
    static thread_local std::uint32_t count = 0;
    return fmt::format("req_{:016x}{:08x}", number_, ++count);
}

Work<After> Connection::answer(Response response, bool body_consumed) {
    const bool keep = body_consumed && head.keep_alive && !leaving;
    std::string text;
    write_head(text, *this, response, response.body.size(), keep);
    const bool bodyless = head.method == "HEAD" || response.status == 204 || response.status == 304;
    arm(config.write_timeout);
    Slices slices{text, bodyless ? std::string_view() : std::string_view(response.body)};
    auto sent = client.try_write(slices);
    if (sent == Outcome::would_block) sent = co_await client.write(slices) ? Outcome::done : Outcome::failed;
    disarm();
    if (sent == Outcome::done && !keep && !body_consumed) co_await linger();
    co_return sent == Outcome::done&& keep ? After::keep : After::close;
}

Work<> Connection::linger() {
    client.shut_down_writing();
    arm(linger_limit);
    const auto block = loop.take_small();
    for (std::size_t taken = 0; taken < linger_bytes_max;) {
        const auto [failure, count] = co_await client.read_some(block.data(), block.size());
        if (failure) break;
        taken += count;
    }
    disarm();
}

void Connection::leave() {
    leaving = true;
    if (idle) arm(config.last_idle_timeout);
}

void Connection::drain() {
    leaving = draining = true;
    if (idle) client.close();
    if (closer != nullptr) closer->drain();
}

void Connection::cut() {
    if (!upgraded) client.close();
    if (closer != nullptr) closer->close_all();
    cancel.emit(asio::cancellation_type::terminal);
}

Work<> serve_connection(std::shared_ptr<Connection> connection, const Dispatch& dispatch) {
    while (true) {
        static thread_local std::uint64_t waits = 0;
        HeadProblem problem;
        connection->waiting_since = ++waits;
        const auto got = co_await read_head(*connection, problem);
        connection->waiting_since = 0;
        connection->disarm();
        if (got == Got::problem) co_await refuse_head(*connection, problem);
        if (got != Got::head) break;
        const auto after = co_await dispatch_request(*connection, dispatch);
        if (after == After::close || connection->draining) break;
        connection->inbox.shrink();
    }
    connection->disarm();
    if (!connection->upgraded) connection->client.close();
}

}  // namespace berth::net
