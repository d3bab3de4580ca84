#include "net/answer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "net/text.hpp"

namespace berth::net {
namespace {

bool may_have_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

void write_field(std::string& out, std::string_view name, std::string_view value) {
    const auto fits = [](char c) {
        return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    };
    const bool good = !name.empty() && std::all_of(name.begin(), name.end(), token_char) &&
                      std::all_of(value.begin(), value.end(), fits);
    if (!good)
        throw Error(Kind::internal, "internal", "the answer could not be sent", {},
                    "malformed header " + quoted(name));
    out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string_view reason_phrase(int status) {
    switch (status) {
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Unknown";
    }
}

void write_head(std::string& out, const Connection& connection, const Response& response,
                std::optional<std::size_t> length, bool keep) {
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                   reason_phrase(response.status), connection.loop.date());
    for (const auto& [name, value] : response.headers) {
        const auto id = classify(name);
        const bool ours =
            id == Name::content_length || id == Name::transfer_encoding || id == Name::connection;
        if (!ours && !same_word(name, "date")) write_field(out, name, value);
    }
    const bool old = connection.head.minor == 0;
    if (may_have_body(response.status)) {
        if (length)
            fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", *length);
        else if (!old)
            out += "Transfer-Encoding: chunked\r\n";
    }
    if (!keep)
        out += "Connection: close\r\n";
    else if (old)
        out += "Connection: keep-alive\r\n";
    out += "\r\n";
}

Response problem(int status, std::string_view code, std::string_view detail, std::string_view next,
                 std::string_view request_id) {
    json::object document{{"type", "about:blank"},
                          {"title", json::string(reason_phrase(status))},
                          {"status", status},
                          {"code", json::string(code)},
                          {"detail", json::string(detail)}};
    if (!next.empty()) document.emplace("next", json::string(next));
    document.emplace("requestId", json::string(request_id));
    Response response;
    response.status = status;
    response.headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}};
    response.body = json::write(document);
    return response;
}

}  // namespace berth::net
