#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace berth::container {

/// A container engine that says what a test wants, on a real Unix socket in a folder of its own. For tests
/// only.
///
/// `answer` gives the raw bytes for a request (its head, `GET /x HTTP/1.1…`), piece by piece; an empty piece
/// closes the connection.
class Imposter {
  public:
    using Socket = asio::local::stream_protocol::socket;
    using Answer = std::function<std::vector<std::string>(const std::string& head)>;

    explicit Imposter(Answer answer) : answer_(std::move(answer)) {
        std::string pattern = std::filesystem::temp_directory_path() / "berth-imposter-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        listen();
    }
    ~Imposter() {
        loop_.stop();
        std::filesystem::remove_all(folder_);
    }

    std::string path() const { return folder_ + "/engine.sock"; }

    void listen() {
        std::filesystem::remove(path());
        acceptor_ = std::make_unique<asio::local::stream_protocol::acceptor>(
            loop_, asio::local::stream_protocol::endpoint(path()));
        asio::co_spawn(loop_, accept(), [](const std::exception_ptr&) {});
    }
    /// The socket is gone, and so are its connections.
    void vanish() {
        acceptor_.reset();
        std::filesystem::remove(path());
        for (auto& socket : open_) socket->close();
        open_.clear();
    }

    /// Runs a coroutine to its end, at most 20 s.
    template <class T>
    T run(Task<T> task) {
        auto result = asio::co_spawn(loop_, std::move(task), asio::use_future);
        loop_.restart();
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
            if (std::chrono::steady_clock::now() > until) throw std::runtime_error("no end within 20 s");
            loop_.run_one_for(std::chrono::milliseconds(50));
        }
        return result.get();
    }

    asio::io_context& loop() { return loop_; }
    std::vector<std::string> heads;  ///< Of every request, in order.
    int connections = 0;

  private:
    Task<> accept() {
        while (acceptor_) {
            boost::system::error_code ec;
            auto socket = std::make_shared<Socket>(loop_);
            co_await acceptor_->async_accept(*socket, asio::redirect_error(asio::use_awaitable, ec));
            if (ec) co_return;
            ++connections;
            open_.push_back(socket);
            asio::co_spawn(loop_, serve(socket), [](const std::exception_ptr&) {});
        }
    }

    Task<> serve(std::shared_ptr<Socket> socket) {
        std::string bytes;
        while (true) {
            const auto end = co_await asio::async_read_until(*socket, asio::dynamic_buffer(bytes), "\r\n\r\n",
                                                             asio::use_awaitable);
            heads.push_back(bytes.substr(0, end));
            bytes.erase(0, end);
            // Bodies of requests are short here and are not looked at.
            bytes.clear();
            const auto pieces = answer_(heads.back());
            for (const auto& piece : pieces) {
                if (piece.empty()) {
                    socket->close();
                    co_return;
                }
                co_await asio::async_write(*socket, asio::buffer(piece), asio::use_awaitable);
            }
        }
    }

    asio::io_context loop_;
    Answer answer_;
    std::string folder_;
    std::unique_ptr<asio::local::stream_protocol::acceptor> acceptor_;
    std::vector<std::shared_ptr<Socket>> open_;
};

/// A whole answer with a body.
inline std::string http_answer(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

}  // namespace berth::container
