#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <charconv>
#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"
#include "net/answer.hpp"
#include "net/body.hpp"
#include "net/text.hpp"

namespace berth::net {
namespace {

/// Decodes path and query; false when they do not decode.
bool read_target(std::string_view target, Request& request) {
    const auto question = target.find('?');
    auto path = percent_decode(target.substr(0, question));
    if (!path) return false;
    request.path = std::move(*path);
    if (question == std::string_view::npos) return true;
    auto rest = target.substr(question + 1);
    while (!rest.empty()) {
        auto pair = cut_front(rest, '&');
        if (pair.empty()) continue;
        auto name = percent_decode(cut_front(pair, '='), true);
        auto value = percent_decode(pair, true);
        if (!name || !value) return false;
        request.query.emplace_back(std::move(*name), std::move(*value));
    }
    return true;
}

Request make_request(const Connection& connection) {
    const auto& head = connection.head;
    Request request;
    request.method = head.method;
    request.target = head.path;
    request.host = lower(head.host);
    request.remote = connection.client_address();
    request.by_proxy = connection.config.proxies.hold(connection.remote);
    request.local = connection.local;
    request.tls = connection.config.tls;
    request.id = connection.request_id();
    request.headers.reserve(head.fields.size());
    for (const auto& field : head.fields) request.headers.emplace_back(field.name, field.value);
    return request;
}

enum class BodyRead { whole, too_large, too_many, malformed, gone };

/// A place among the large bodies of a loop: who sends one has proved nothing yet, and memory has an end.
class LargeBody {
  public:
    explicit LargeBody(Loop& loop) : loop_(loop) {}
    LargeBody(const LargeBody&) = delete;
    LargeBody& operator=(const LargeBody&) = delete;
    ~LargeBody() { loop_.large_bodies -= taken_ ? 1 : 0; }
    /// False when all places are taken.
    bool take() {
        if (taken_) return true;
        if (loop_.large_bodies >= Loop::large_bodies_max) return false;
        ++loop_.large_bodies;
        return taken_ = true;
    }

  private:
    Loop& loop_;
    bool taken_ = false;
};

Work<bool> allow_body(Connection& connection) {
    if (!connection.head.expect_continue || !connection.inbox.empty()) co_return true;
    const Slices slices{"HTTP/1.1 100 Continue\r\n\r\n"};
    co_return co_await connection.client.write(slices);
}

/// Reads the body into `body`. The head was consumed; its views are not used any more.
Work<BodyRead> read_body(Connection& connection, BodyScanner scanner, std::string& body) {
    const std::size_t most = connection.config.body_max;
    LargeBody large(connection.loop);
    if (scanner.remaining() > most) co_return BodyRead::too_large;
    if (scanner.remaining() > Loop::small_block && !large.take()) co_return BodyRead::too_many;
    if (!scanner.ended() && !co_await allow_body(connection)) co_return BodyRead::gone;
    auto& inbox = connection.inbox;
    while (true) {
        const auto take = [&](std::string_view piece) {
            if (body.size() + piece.size() <= most + 1)
                body += piece;
            else
                body.resize(most + 1);
        };
        const auto step = scanner.advance(inbox.bytes(), take);
        inbox.consume(step.consumed);
        if (scanner.bad()) co_return BodyRead::malformed;
        if (body.size() > most) co_return BodyRead::too_large;
        if (body.size() > Loop::small_block && !large.take()) co_return BodyRead::too_many;
        if (scanner.ended()) co_return BodyRead::whole;
        connection.arm(connection.config.body_timeout);
        const auto [room, size] = inbox.prepare();
        const auto [failure, count] = co_await connection.client.read_some(room, size);
        connection.disarm();
        if (failure) co_return BodyRead::gone;
        inbox.commit(count);
    }
}

/// A body that its handler asks for piece by piece. Nothing is read before that: who is refused sends in
/// vain, and nobody's memory is filled.
class StreamedBody final : public BodyReader {
  public:
    StreamedBody(Connection& connection, BodyScanner scanner)
        : connection_(connection), scanner_(scanner), begun_(scanner.ended()) {
        if (scanner.framing() != Framing::chunked) size_ = scanner.remaining();
    }

    Task<std::string> read() override {
        co_return co_await asio::co_spawn(connection_.loop.executor(), read_here(), asio::use_awaitable);
    }
    std::optional<std::uint64_t> size() const override { return size_; }
    bool ended() const { return scanner_.ended(); }

  private:
    Work<std::string> read_here() {
        auto& inbox = connection_.inbox;
        if (!std::exchange(begun_, true) && !co_await allow_body(connection_))
            throw boost::system::system_error(asio::error::connection_reset);
        std::string piece;
        while (true) {
            const auto step = scanner_.advance(inbox.bytes().substr(0, piece_max),
                                               [&](std::string_view content) { piece += content; });
            inbox.consume(step.consumed);
            if (scanner_.bad())
                throw Error(Kind::invalid, "malformed_request", "the body is not framed as HTTP wants it");
            if (!piece.empty() || scanner_.ended()) co_return piece;
            connection_.arm(connection_.config.body_timeout);
            const auto [room, size] = inbox.prepare();
            const auto [failure, count] = co_await connection_.client.read_some(room, size);
            connection_.disarm();
            if (failure) throw boost::system::system_error(asio::error::connection_reset);
            inbox.commit(count);
        }
    }

    static constexpr std::size_t piece_max = std::size_t{64} << 10;
    Connection& connection_;
    BodyScanner scanner_;
    bool begun_;
    std::optional<std::uint64_t> size_;
};

/// A body that is written while it is made.
class ChunkWriter final : public BodyWriter {
  public:
    ChunkWriter(Connection& connection, bool chunked) : connection_(connection), chunked_(chunked) {}

    Task<> write(std::string_view bytes) override {
        if (bytes.empty()) co_return;
        char line[20];
        const auto end = std::to_chars(line, line + 16, bytes.size(), 16).ptr;
        end[0] = '\r', end[1] = '\n';
        Slices slices{};
        if (chunked_) slices.add({line, static_cast<std::size_t>(end + 2 - line)});
        slices.add(bytes);
        if (chunked_) slices.add("\r\n");
        while (true) {
            const auto sent = connection_.client.try_write(slices);
            if (sent == Outcome::done) co_return;
            ErrorCode failure;
            if (sent == Outcome::would_block) {
                connection_.arm(connection_.config.write_timeout);
                co_await connection_.client.wait_writable(asio::redirect_error(asio::use_awaitable, failure));
                connection_.disarm();
            }
            if (sent != Outcome::would_block || failure)
                throw boost::system::system_error(asio::error::connection_reset);
        }
    }

  private:
    Connection& connection_;
    bool chunked_;
};

/// Returns once the client has gone. One that pipelines its next request is taken to be there.
Task<> watch_for_end(Connection& connection) {
    while (true) {
        ErrorCode failure;
        co_await connection.client.wait_readable(asio::redirect_error(asio::use_awaitable, failure));
        if (failure || connection.client.look_at_peer() != Outcome::done) co_return;
        asio::steady_timer pause(connection.loop.executor(), std::chrono::seconds(1));
        co_await pause.async_wait(asio::use_awaitable);
    }
}

/// Runs the stream; a client that goes away ends it. False when it did not come to its end.
Task<bool> run_stream(Connection& connection, const Response& response, ChunkWriter& writer) {
    auto executor = asio::any_io_executor(connection.loop.executor());
    auto race = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, response.stream(writer), asio::deferred),
        asio::co_spawn(executor, watch_for_end(connection), asio::deferred));
    const auto [order, failure, watch_failure] =
        co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] != 0) co_return false;
    if (failure) std::rethrow_exception(failure);
    co_return true;
}

Work<After> send_stream(Connection& connection, Response response) {
    const bool chunked = connection.head.minor == 1;
    const bool keep = chunked && connection.head.keep_alive && !connection.leaving;
    const bool head_only = connection.head.method == "HEAD";
    std::string text;
    write_head(text, connection, response, std::nullopt, keep);
    const Slices slices{text};
    if (!co_await connection.client.write(slices)) co_return After::close;
    if (head_only) co_return keep ? After::keep : After::close;
    ChunkWriter writer(connection, chunked);
    try {
        auto running = asio::co_spawn(asio::any_io_executor(connection.loop.executor()),
                                      run_stream(connection, response, writer),
                                      asio::bind_cancellation_slot(connection.cancel.slot(), await));
        if (!co_await std::move(running)) co_return After::close;
    } catch (const boost::system::system_error&) {
        co_return After::close;
    } catch (const std::exception& error) {
        // The status has gone out: only a missing last chunk can still say that something is wrong.
        log::warning("a streamed answer broke off", {{"error", error.what()}});
        co_return After::close;
    }
    const Slices end{chunked ? std::string_view("0\r\n\r\n") : std::string_view()};
    if (!co_await connection.client.write(end)) co_return After::close;
    co_return keep ? After::keep : After::close;
}

/// What the handler gives, or a problem for what it throws. The API writes its own problems; this is the last
/// net.
Work<Response> run_handler(Connection& connection, const Handler& handler, Request request) {
    const std::string id = request.id;
    std::string failure;
    try {
        auto running =
            asio::co_spawn(asio::any_io_executor(connection.loop.executor()), handler(std::move(request)),
                           asio::bind_cancellation_slot(connection.cancel.slot(), await));
        co_return co_await std::move(running);
    } catch (const std::exception& error) {
        failure = error.what();
    }
    log::error("request failed", {{"request", id}, {"error", failure}});
    co_return problem(500, "internal", "something went wrong here", "look for the request id in the log", id);
}

Response refusal(BodyRead why, const Connection& connection, const std::string& id) {
    if (why == BodyRead::too_large)
        return problem(413, "too_large",
                       "the body is larger than " +
                           to_string(Bytes{static_cast<std::int64_t>(connection.config.body_max)}),
                       "send less", id);
    if (why == BodyRead::too_many)
        return problem(503, "busy", "too many large requests arrive at once", "try again in a moment", id);
    return problem(400, "malformed_request", "the body is not framed as HTTP wants it", {}, id);
}

}  // namespace

Work<After> serve_platform(Connection& connection, const Dispatch& dispatch) {
    auto& head = connection.head;
    Request request = make_request(connection);
    if (!read_target(head.path, request)) {
        auto bad_path = problem(400, "malformed_request", "path or query are not valid percent-encoded UTF-8",
                                {}, request.id);
        co_return co_await connection.answer(std::move(bad_path), false);
    }
    // What the answer depends on outlives the inbox: these stay, the views go.
    const bool is_head = head.method == "HEAD";
    const bool websocket = wants_websocket(head);
    const auto method = request.method;
    connection.inbox.consume(head.size);
    head.fields.clear();
    head.method = is_head ? std::string_view("HEAD") : std::string_view();
    const BodyScanner scanner(head.framing, head.length);
    std::shared_ptr<StreamedBody> streamed;
    if (dispatch.streams && dispatch.streams(method, request.path)) {
        request.stream = streamed = std::make_shared<StreamedBody>(connection, scanner);
    } else {
        const auto read = co_await read_body(connection, scanner, request.body);
        if (read == BodyRead::gone) co_return After::close;
        if (read != BodyRead::whole) {
            auto refused = refusal(read, connection, request.id);
            co_return co_await connection.answer(std::move(refused), false);
        }
    }
    const std::string id = request.id;
    auto kept_headers = websocket ? request.headers : Headers();
    const std::string target = request.target;
    Response response = co_await run_handler(connection, dispatch.platform, std::move(request));
    if (response.websocket && !websocket) {
        response = problem(426, "websocket_needed", "this address speaks WebSocket only", {}, id);
        response.headers.emplace_back("Upgrade", "websocket");
    }
    try {
        if (response.websocket)
            co_return co_await serve_websocket(connection, std::move(response), std::move(kept_headers),
                                               target);
        if (response.stream) co_return co_await send_stream(connection, std::move(response));
        const bool consumed = !streamed || streamed->ended();
        co_return co_await connection.answer(std::move(response), consumed);
    } catch (const std::exception& error) {
        log::error("answer failed", {{"request", id}, {"error", error.what()}});
    }
    co_return After::close;
}

}  // namespace berth::net
