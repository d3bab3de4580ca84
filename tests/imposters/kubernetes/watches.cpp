// What an API server says as it happens: watches, logs, and connections to pods.

#include <fmt/format.h>

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket.hpp>

#include "base/timeout.hpp"
#include "imposters/kubernetes/api_server.hpp"

namespace berth::imposter {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

constexpr std::chrono::minutes bookmark_every{1};
constexpr Duration event_late_most{std::chrono::seconds(8)};
constexpr Duration silence_begins{std::chrono::minutes(2)};
const std::string stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

json::value error_event(const Refusal& refusal) {
    return json::object{{"type", "ERROR"}, {"object", refusal.body()}};
}

std::string line_of(const json::value& event) {
    return json::write(event) + "\n";
}

/// A watch's place among those that wait for something new.
class Waiting {
  public:
    Waiting(std::list<asio::steady_timer*>& list, const asio::any_io_executor& executor)
        : list_(list), timer_(executor, asio::steady_timer::time_point::max()) {
        list_.push_back(&timer_);
    }
    ~Waiting() { list_.remove(&timer_); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    Task<> wait(Clock& clock, Time until) {
        auto executor = co_await asio::this_coro::executor;
        auto race = asio::experimental::make_parallel_group(
            asio::co_spawn(executor, clock.sleep_until(until), asio::deferred),
            timer_.async_wait(asio::deferred));
        co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    }

  private:
    std::list<asio::steady_timer*>& list_;
    asio::steady_timer timer_;
};

/// Counts a watch while it is open.
struct OpenWatch {
    explicit OpenWatch(Tally& count) : tally(count) { ++tally.watches; }
    ~OpenWatch() { --tally.watches; }
    OpenWatch(const OpenWatch&) = delete;
    OpenWatch& operator=(const OpenWatch&) = delete;
    Tally& tally;
};

}  // namespace

void ApiServer::ring() {
    for (auto* timer : waiting_) timer->cancel();
}

/// As the watch's selector sees it: what no longer matches has gone.
std::string ApiServer::event_line(const Request& request, const Change& change) const {
    const Selector selector{request.where.namespace_, request.http.parameter("labelSelector"),
                            request.http.parameter("fieldSelector")};
    if (change.where.plural != request.where.plural) return {};
    const bool now = selector.matches(change.where, change.object);
    const bool before = !change.before.is_null() && selector.matches(change.where, change.before);
    if (!now && !before) return {};
    auto type = change.type;
    if (type == "MODIFIED" && !before) type = "ADDED";
    if (type == "MODIFIED" && !now) type = "DELETED";
    const bool metadata =
        request.http.header("accept").find("as=PartialObjectMetadata;") != std::string::npos;
    return line_of(
        json::object{{"type", type}, {"object", metadata ? only_metadata(change.object) : change.object}});
}

Task<bool> ApiServer::send_events(Wire wire, const Request& request, std::vector<Told> changes) {
    std::vector<std::string> lines;
    for (const auto& change : changes)
        if (auto line = event_line(request, *change); !line.empty()) lines.push_back(std::move(line));
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (dice_.chance(faults.watch_cut)) co_return false;
        if (dice_.chance(faults.event_late)) co_await clock_.sleep(dice_.up_to(event_late_most));
        auto piece = lines[i];
        if (dice_.chance(faults.event_twice)) piece += lines[i];
        if (i + 1 < lines.size() && dice_.chance(faults.event_swapped)) {
            piece = lines[i + 1] + piece;
            ++i;
        }
        // Pieces end anywhere.
        auto bytes = http_chunk(piece);
        const auto half = dice_.number(bytes.size() - 1);
        if (!co_await send(*wire, bytes.substr(0, half))) co_return false;
        if (!co_await send(*wire, bytes.substr(half))) co_return false;
    }
    co_return true;
}

Task<bool> ApiServer::watch(Wire wire, Request request) {
    const OpenWatch guard(tally);
    const auto since = request.http.parameter("resourceVersion");
    const auto length = request.http.parameter("timeoutSeconds");
    const auto ends = clock_.now() + std::chrono::seconds(length.empty() ? 300 : std::stoi(length));
    const auto silent_from =
        dice_.chance(faults.watch_silent) ? clock_.now() + dice_.up_to(silence_begins) : ends;
    const Refusal expired{410, "Expired", "too old resource version: " + since};
    std::optional<Refusal> undefined;
    try {
        require_defined(request);
    } catch (const Refusal& refusal) {
        undefined = refusal;
    }
    if (undefined)
        co_return co_await send(*wire, http_answer(undefined->status, json::write(undefined->body())));
    if (dice_.chance(faults.forgotten) && dice_.chance(0.5))
        co_return co_await send(*wire, http_answer(410, json::write(expired.body())));
    if (!co_await send(*wire, stream_head)) co_return false;
    auto at = since.empty() ? objects.version() : std::stoull(since);
    bool forgotten = dice_.chance(faults.forgotten);
    auto bookmark = clock_.now() + bookmark_every;
    Waiting waiting(waiting_, executor_);
    while (!wire->gone && clock_.now() < ends) {
        if (clock_.now() >= silent_from) {
            co_await waiting.wait(clock_, ends);
            continue;
        }
        auto changes = forgotten ? std::nullopt : objects.since(at);
        if (!changes) {
            co_await send(*wire, http_chunk(line_of(error_event(expired))));
            break;
        }
        forgotten = false;
        const auto upto = objects.version();
        if (!co_await send_events(wire, request, std::move(*changes))) co_return false;
        at = upto;
        if (clock_.now() >= bookmark) {
            bookmark = clock_.now() + bookmark_every;
            const json::object about{{"resourceVersion", std::to_string(at)}};
            const json::object object{{"kind", kind_of(request.where.plural)}, {"metadata", about}};
            if (!co_await send(*wire,
                               http_chunk(line_of(json::object{{"type", "BOOKMARK"}, {"object", object}}))))
                co_return false;
        }
        if (objects.version() != at) continue;
        co_await waiting.wait(clock_,
                              std::min({bookmark, ends, std::max(silent_from, clock_.now() + Duration(1))}));
    }
    co_return co_await send(*wire, "0\r\n\r\n");
}

Task<bool> ApiServer::send_log(Wire wire, Request request) {
    co_await clock_.sleep(Duration(1) + dice_.up_to(pace.call));
    const auto* pod = objects.find(request.where);
    if (pod == nullptr) {
        const Refusal refusal{404, "NotFound", fmt::format("pods \"{}\" not found", request.where.name)};
        co_return co_await send(*wire, http_answer(404, json::write(refusal.body())));
    }
    if (dice_.chance(faults.refused)) {
        const Refusal refusal{500, "InternalError", "the node does not answer"};
        co_return co_await send(*wire, http_answer(500, json::write(refusal.body())));
    }
    const auto text = log ? log(*pod) : std::string();
    if (!co_await send(*wire, stream_head)) co_return false;
    if (dice_.chance(faults.stalled)) {
        co_await clock_.sleep(std::chrono::minutes(10));
        co_return false;
    }
    if (!text.empty() && !co_await send(*wire, http_chunk(text))) co_return false;
    co_return co_await send(*wire, "0\r\n\r\n");
}

/// `v4.channel.k8s.io`: channel 0 carries bytes, channel 1 what went wrong; each begins with the port.
Task<> ApiServer::forward(Wire wire, Request request) {
    boost::beast::http::request<boost::beast::http::string_body> head;
    head.method(boost::beast::http::verb::get);
    head.target(request.http.path);
    for (const auto& [name, value] : request.http.headers) head.set(name, value);
    const auto* pod = objects.find(request.where);
    if (pod == nullptr) {
        const Refusal refusal{404, "NotFound", fmt::format("pods \"{}\" not found", request.where.name)};
        co_await send(*wire, http_answer(404, json::write(refusal.body())));
        co_return;
    }
    const int port = std::stoi(request.http.parameter("ports"));
    websocket::stream<Socket&> socket(wire->socket);
    socket.binary(true);
    const auto protocol = request.http.header("sec-websocket-protocol");
    socket.set_option(websocket::stream_base::decorator(
        [protocol](websocket::response_type& answer) { answer.set("Sec-WebSocket-Protocol", protocol); }));
    boost::system::error_code ec;
    const auto token = [&ec] { return asio::redirect_error(asio::use_awaitable, ec); };
    co_await socket.async_accept(head, token());
    if (ec) co_return;
    const std::string number{static_cast<char>(port & 0xff), static_cast<char>(port >> 8)};
    for (const char channel : {'\0', '\1'}) {
        const auto hello = std::string{channel} + number;
        co_await socket.async_write(asio::buffer(hello), token());
    }
    std::unique_ptr<PortHandler> handler;
    std::string trouble;
    try {
        if (listener) handler = listener(*pod, port);
    } catch (const std::string& words) {
        trouble = words;
    }
    if (!handler) {
        const auto words = std::string("\1") + (trouble.empty() ? "connection refused" : trouble);
        co_await socket.async_write(asio::buffer(words), token());
        // The node keeps the connection open: who asked has to draw the conclusion.
    }
    while (!ec && !wire->gone) {
        beast::flat_buffer buffer;
        co_await socket.async_read(buffer, token());
        if (ec || wire->gone || !handler) continue;
        const auto message = beast::buffers_to_string(buffer.data());
        const auto said = handler->hear(message.substr(1));
        if (!said) break;
        if (said->empty()) continue;
        const auto bytes = std::string(1, '\0') + *said;
        co_await socket.async_write(asio::buffer(bytes), token());
    }
    if (!ec && !wire->gone) co_await socket.async_close(websocket::close_code::normal, token());
}

}  // namespace berth::imposter
