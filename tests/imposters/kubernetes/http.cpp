#include "imposters/kubernetes/http.hpp"

#include <fmt/format.h>

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <cctype>

namespace berth::imposter {
namespace {

std::string decode(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            plain += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            plain += text[i] == '+' ? ' ' : text[i];
        }
    }
    return plain;
}

std::string lower(std::string text) {
    for (auto& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    return text;
}

HttpRequest parse_head(const std::string& head) {
    HttpRequest request{.head = head};
    const auto line = head.substr(0, head.find("\r\n"));
    const auto blank = line.find(' ');
    request.method = line.substr(0, blank);
    auto target = line.substr(blank + 1, line.rfind(' ') - blank - 1);
    const auto mark = std::min(target.find('?'), target.size());
    request.path = decode(target.substr(0, mark));
    for (auto from = mark + 1; from < target.size();) {
        const auto end = std::min(target.find('&', from), target.size());
        const auto pair = target.substr(from, end - from);
        const auto equals = std::min(pair.find('='), pair.size());
        request.query[decode(pair.substr(0, equals))] =
            equals < pair.size() ? decode(pair.substr(equals + 1)) : "";
        from = end + 1;
    }
    for (auto from = head.find("\r\n") + 2; from < head.size();) {
        const auto end = head.find("\r\n", from);
        if (end == from || end == head.npos) break;
        const auto header = head.substr(from, end - from);
        const auto colon = header.find(':');
        auto value = header.substr(colon + 1);
        value.erase(0, value.find_first_not_of(' '));
        request.headers[lower(header.substr(0, colon))] = value;
        from = end + 2;
    }
    return request;
}

}  // namespace

std::string HttpRequest::parameter(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
}

std::string HttpRequest::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

void Connection::close() {
    gone = true;
    boost::system::error_code ignored;
    socket.close(ignored);
}

Task<std::optional<HttpRequest>> read_request(Connection& connection) {
    boost::system::error_code ec;
    auto& bytes = connection.read;
    const auto end =
        co_await asio::async_read_until(connection.socket, asio::dynamic_buffer(bytes), "\r\n\r\n",
                                        asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return std::nullopt;
    auto request = parse_head(bytes.substr(0, end));
    bytes.erase(0, end);
    const auto length = request.header("content-length");
    const auto size = length.empty() ? 0 : std::stoul(length);
    if (bytes.size() < size) {
        const auto missing = size - bytes.size();
        co_await asio::async_read(connection.socket, asio::dynamic_buffer(bytes),
                                  asio::transfer_exactly(missing),
                                  asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return std::nullopt;
    }
    request.body = bytes.substr(0, size);
    bytes.erase(0, size);
    co_return request;
}

Task<bool> send(Connection& connection, std::string bytes) {
    if (connection.gone) co_return false;
    boost::system::error_code ec;
    co_await asio::async_write(connection.socket, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, ec));
    co_return !ec;
}

std::string http_answer(int status, const std::string& body, const std::string& headers) {
    return fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}",
                       status, headers, body.size(), body);
}

std::string http_chunk(const std::string& bytes) {
    return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

}  // namespace berth::imposter
