#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace berth::cli {

/// What an imposter answers to one request; `location` and cookies go into `headers`.
struct Canned {
    int status = 200;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// One WebSocket message, either way.
struct Frame {
    bool text = false;
    std::string bytes;
    bool operator==(const Frame&) const = default;
};

/// What an imposter does with a WebSocket: gets the next message of the client (nothing: it opened, or it
/// closed), and gives the messages to send; the last one may be followed by a close.
using Talk = std::function<std::vector<Frame>(const Frame* heard, bool& close)>;

/// A request as it arrived.
struct Arrived {
    std::string line;  ///< `POST /api/v1/sessions`
    std::string authorization, cookie, fetch_site;
    std::string body;
};

/// A server on a loopback port that speaks the contract of the REST API with answers written down beforehand.
///
/// It is a real HTTP/1.1 and WebSocket server: what the client sends is parsed, what it gets went over a
/// socket. It keeps nothing: of several answers to one request line the last is repeated. What is not written
/// down is answered 404 with a problem document. Faults it can show: any status, broken bodies, closed
/// WebSockets.
class Imposter {
  public:
    Imposter();
    ~Imposter();
    Imposter(const Imposter&) = delete;
    Imposter& operator=(const Imposter&) = delete;

    void answer(const std::string& line, Canned answer);
    void answer(const std::string& line, const json::value& body, int status = 200) {
        answer(line, Canned{status, json::write(body), {}});
    }
    /// The request target before its `?`, such as `/api/v1/events`.
    void talk(const std::string& path, Talk talk);

    std::string url() const;
    /// All requests so far, in order, WebSockets included.
    std::vector<Arrived> arrived() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

/// A problem document of the contract.
Canned problem(int status, const std::string& code, const std::string& detail, const std::string& next = {});

}  // namespace berth::cli
