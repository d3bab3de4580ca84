#include "engine/kubernetes/logs.hpp"

#include <fmt/format.h>

#include "base/json.hpp"

namespace berth::engine::kubernetes {
namespace {

constexpr std::size_t line_max = 16u << 10;  // A longer one comes in parts.

}  // namespace

LogLine read_log_line(std::string text) {
    LogLine line;
    const auto blank = text.find(' ');
    if (blank != text.npos && blank >= 20) {
        try {
            Time at;
            json::read(json::value(text.substr(0, blank)), at);
            line.at = at;
            text.erase(0, blank + 1);
        } catch (const Error&) {
            // Not a time: all of it is the line.
        }
    }
    line.text = std::move(text);
    return line;
}

Task<> read_log(kube::Client& client, kube::Key pod, std::string container, LogRequest request,
                std::function<Task<bool>(LogLine)> take) {
    auto query = fmt::format("container={}&timestamps=true&tailLines={}{}", net::percent_encode(container),
                             request.tail, request.follow ? "&follow=true" : "");
    auto stream = co_await client.open(kube::pods, std::move(pod), "log", std::move(query));
    std::string rest;
    while (true) {
        const auto bytes = co_await stream->read();
        rest += bytes;
        std::size_t begin = 0;
        for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n', begin)) {
            const bool more = co_await take(read_log_line(rest.substr(begin, end - begin)));
            if (!more) co_return;
            begin = end + 1;
        }
        rest.erase(0, begin);
        if (bytes.empty() || rest.size() > line_max) {
            if (!rest.empty()) co_await take(read_log_line(std::exchange(rest, "")));
            if (bytes.empty()) co_return;
        }
    }
}

}  // namespace berth::engine::kubernetes
