#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/task.hpp"

namespace berth::imposter {

using Socket = asio::local::stream_protocol::socket;

/// A request as it came, decoded.
struct HttpRequest {
    std::string method, path;
    std::map<std::string, std::string> query;
    std::map<std::string, std::string> headers;  ///< Names in lower case.
    std::string head, body;
    std::string parameter(const std::string& name) const;
    std::string header(const std::string& name) const;
};

/// One client's connection.
struct Connection {
    explicit Connection(Socket open) : socket(std::move(open)) {}
    Socket socket;
    std::string read;   ///< Bytes that came and are not taken yet.
    bool gone = false;  ///< It was cut: nobody hears an answer.
    void close();
};

/// The next request; nothing when the connection ended.
Task<std::optional<HttpRequest>> read_request(Connection& connection);

/// False when the peer is gone.
Task<bool> send(Connection& connection, std::string bytes);

/// A whole answer. `headers`: lines with their ends.
std::string http_answer(int status, const std::string& body, const std::string& headers = {});
/// A piece of a chunked body.
std::string http_chunk(const std::string& bytes);

}  // namespace berth::imposter
