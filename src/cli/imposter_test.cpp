#include "cli/imposter.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <mutex>
#include <thread>

namespace berth::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using HttpRequest = http::request<http::string_body>;

}  // namespace

/// Each connection has a thread of its own; the destructor ends them by shutting their sockets down.
struct Imposter::State {
    State() : acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

    asio::io_context loop;
    tcp::acceptor acceptor;
    mutable std::mutex mutex;
    std::map<std::string, std::vector<Canned>> answers;
    std::map<std::string, Talk> talks;
    std::vector<Arrived> arrived;
    std::vector<std::shared_ptr<tcp::socket>> open;
    std::vector<std::thread> threads;
    std::thread accepting;

    Canned next_answer(const HttpRequest& request) {
        const std::lock_guard lock(mutex);
        const auto line = std::string(request.method_string()) + " " + std::string(request.target());
        note(line, request);
        const auto found = answers.find(line);
        if (found == answers.end()) return problem(404, "not_found", "nothing is written down for " + line);
        const auto answer = found->second.front();
        if (found->second.size() > 1) found->second.erase(found->second.begin());
        return answer;
    }

    void note(const std::string& line, const HttpRequest& request) {
        const auto header = [&](std::string_view name) { return std::string(request[name]); };
        arrived.push_back(
            {line, header("Authorization"), header("Cookie"), header("Sec-Fetch-Site"), request.body()});
    }

    std::optional<Talk> find_talk(const HttpRequest& request) {
        const std::lock_guard lock(mutex);
        const std::string target(request.target());
        const auto found = talks.find(target.substr(0, target.find('?')));
        if (found == talks.end()) return std::nullopt;
        note("WS " + target, request);
        return found->second;
    }

    void serve(const std::shared_ptr<tcp::socket>& socket) {
        beast::flat_buffer buffer;
        boost::system::error_code ec;
        while (!ec) {
            HttpRequest request;
            http::read(*socket, buffer, request, ec);
            if (ec) break;
            if (beast::websocket::is_upgrade(request)) {
                if (const auto talk = find_talk(request)) return converse(*socket, request, *talk);
            }
            const auto canned = next_answer(request);
            http::response<http::string_body> response(static_cast<http::status>(canned.status), 11);
            response.set(http::field::content_type, "application/json");
            for (const auto& [name, value] : canned.headers) response.insert(name, value);
            response.body() = canned.body;
            response.prepare_payload();
            http::write(*socket, response, ec);
        }
    }

    static void converse(tcp::socket& socket, const HttpRequest& request, const Talk& talk) {
        beast::websocket::stream<tcp::socket&> stream(socket);
        boost::system::error_code ec;
        stream.accept(request, ec);
        bool close = false;
        const Frame* heard = nullptr;
        Frame last;
        while (!ec) {
            for (const auto& message : talk(heard, close)) {
                stream.text(message.text);
                stream.write(asio::buffer(message.bytes), ec);
            }
            if (close) stream.close(beast::websocket::close_code::normal, ec);
            beast::flat_buffer buffer;
            if (!ec) stream.read(buffer, ec);
            if (ec) break;
            last = {stream.got_text(), beast::buffers_to_string(buffer.data())};
            heard = &last;
        }
    }
};

Imposter::Imposter() : state_(std::make_shared<State>()) {
    state_->accepting = std::thread([state = state_.get()] {
        while (true) {
            const auto socket = std::make_shared<tcp::socket>(state->loop);
            boost::system::error_code ec;
            state->acceptor.accept(*socket, ec);
            if (ec) break;
            const std::lock_guard lock(state->mutex);
            state->open.push_back(socket);
            state->threads.emplace_back([state, socket] { state->serve(socket); });
        }
    });
}

Imposter::~Imposter() {
    ::shutdown(state_->acceptor.native_handle(), SHUT_RDWR);  // Ends the blocking accept.
    state_->accepting.join();
    for (const auto& socket : state_->open) ::shutdown(socket->native_handle(), SHUT_RDWR);
    for (auto& thread : state_->threads) thread.join();
}

void Imposter::answer(const std::string& line, Canned answer) {
    const std::lock_guard lock(state_->mutex);
    state_->answers[line].push_back(std::move(answer));
}

void Imposter::talk(const std::string& path, Talk talk) {
    const std::lock_guard lock(state_->mutex);
    state_->talks[path] = std::move(talk);
}

std::string Imposter::url() const {
    return "http://localhost:" + std::to_string(state_->acceptor.local_endpoint().port());
}

std::vector<Arrived> Imposter::arrived() const {
    const std::lock_guard lock(state_->mutex);
    return state_->arrived;
}

Canned problem(int status, const std::string& code, const std::string& detail, const std::string& next) {
    json::object document{{"type", "about:blank"}, {"title", "T"},     {"status", status},
                          {"code", code},          {"detail", detail}, {"requestId", "req_1"}};
    if (!next.empty()) document.emplace("next", next);
    return {status, json::write(document), {{"Cache-Control", "no-store"}}};
}

}  // namespace berth::cli
