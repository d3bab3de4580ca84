#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "net/http_client.hpp"

namespace berth::cli {

/// Which Berth to talk to, and as whom.
struct Server {
    std::string url;     ///< `http://localhost:8080`, without a slash at the end.
    std::string token;   ///< Empty: nobody.
    std::string socket;  ///< Set: over this Unix socket instead, as the machine's administrator.

    /// The server in messages: its URL or socket.
    const std::string& where() const { return socket.empty() ? url : socket; }
};

/// A URL as people write it, with its scheme (https, but http for this machine) and without a slash at the
/// end. Throws `invalid` (`bad_url`).
std::string tidy_url(std::string_view url);

/// The REST API as calls. Paths start with `/`; `api()` puts the prefix before them. Every failure is an
/// `Error` with the server's own words, and says how to start or sign in where that is the way out.
class Client {
  public:
    explicit Client(Server server);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    const Server& server() const { return server_; }

    /// Runs a task on this client's loop until it ends, and gives its result or throws its failure.
    template <class T>
    T finish(Task<T> task) {
        std::exception_ptr failure;
        std::optional<T> result;
        asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr error, T value) {
            failure = error;
            if (!failure) result = std::move(value);
            loop_.stop();
        });
        loop_.restart();
        loop_.run();
        if (failure) std::rethrow_exception(failure);
        return std::move(*result);
    }

    json::value get(std::string path) { return finish(ask("GET", std::move(path), nullptr)); }
    json::value post(std::string path, json::value body = {}) {
        return finish(ask("POST", std::move(path), std::move(body)));
    }
    json::value put(std::string path, json::value body) {
        return finish(ask("PUT", std::move(path), std::move(body)));
    }
    json::value patch(std::string path, json::value body) {
        return finish(ask("PATCH", std::move(path), std::move(body)));
    }
    json::value remove(std::string path) { return finish(ask("DELETE", std::move(path), nullptr)); }

    /// Sends a file; its answer is waited for as long as a slow line needs.
    json::value upload(std::string path, std::string content) {
        return finish(send_file(std::move(path), std::move(content)));
    }

    /// All pages of a list, as `{items, total}`; at most `most` items.
    json::value list(const std::string& path, std::size_t most = 10'000);

    /// One call below `/api/v1`. A null body sends none; an answer without a body is null.
    Task<json::value> ask(std::string method, std::string path, json::value body);

    Task<json::value> send_file(std::string path, std::string content);

    /// One call of any target, headers as given; the answer as it came, a problem included.
    Task<net::CallResponse> exchange(net::CallRequest request);

    /// The body below `/api/v1` as a stream.
    Task<std::unique_ptr<net::ByteStream>> open(std::string path);
    Task<std::unique_ptr<net::WebSocket>> websocket(std::string path);

    Clock& clock() { return clock_; }

  private:
    net::CallRequest request(std::string method, std::string target) const;
    [[noreturn]] void fail(const Error& error) const;

    Server server_;
    SystemClock clock_;
    asio::io_context loop_{1};
    std::unique_ptr<net::HttpClient> http_;
};

/// The error that a problem document tells, or one that says what answered instead.
Error read_problem(int status, const std::string& body, const std::string& where);

/// `a/b` as one segment of a path.
std::string segment(std::string_view name);

}  // namespace berth::cli
