// The calls whose answers are streams.

#include <fmt/format.h>

#include "base/timeout.hpp"
#include "container/client.hpp"
#include "container/refusal.hpp"
#include "container/request.hpp"
#include "container/stream.hpp"

namespace berth::container {
namespace {

using std::chrono::seconds;

constexpr seconds head_limit{30};
constexpr seconds pull_limit{600};  // To the first word: a registry may be slow to answer.
constexpr int tail_max = 10'000;

/// With `timestamps` each line starts with its time and a blank.
LogLine read_line(std::string text, bool error_output) {
    LogLine line{.error_output = error_output, .text = std::move(text)};
    const auto blank = line.text.find(' ');
    if (blank == std::string::npos || blank > 40) return line;
    try {
        line.at = parse_time(std::string_view(line.text).substr(0, blank));
        line.text.erase(0, blank + 1);
    } catch (const Error&) {
        // A line without a time is shown as it is.
    }
    return line;
}

/// The lines of both outputs, each assembled for itself.
class LogLines {
  public:
    std::vector<LogLine> feed(std::string_view bytes) {
        std::vector<LogLine> lines;
        for (const auto& piece : demultiplexer_.feed(bytes)) {
            auto& splitter = piece.error_output ? errors_ : output_;
            for (auto& text : splitter.feed(piece.bytes))
                lines.push_back(read_line(std::move(text), piece.error_output));
        }
        return lines;
    }

    std::vector<LogLine> rest() {
        std::vector<LogLine> lines;
        if (auto text = output_.rest(); !text.empty()) lines.push_back(read_line(std::move(text), false));
        if (auto text = errors_.rest(); !text.empty()) lines.push_back(read_line(std::move(text), true));
        return lines;
    }

  private:
    Demultiplexer demultiplexer_;
    LineSplitter output_, errors_;
};

/// Reads a stream of JSON lines in which a failure is a line too.
Task<> read_steps(std::unique_ptr<net::ByteStream> stream, std::function<void(const PullStep&)> progress) {
    LineSplitter splitter;
    std::string failure;
    while (true) {
        const auto bytes = co_await stream->read();
        auto lines = splitter.feed(bytes);
        if (bytes.empty()) lines.push_back(splitter.rest());
        for (const auto& line : lines) {
            if (line.empty()) continue;
            const auto step = read_pull_step(parse_answer(line));
            if (!step.error.empty()) failure = step.error;
            if (progress) progress(step);
        }
        if (bytes.empty()) break;
    }
    if (!failure.empty()) throw Error(Kind::not_found, "image_not_found", failure);
}

}  // namespace

Task<> Client::logs(std::string id, LogOptions options, std::function<Task<bool>(LogLine)> take) {
    net::CallRequest request;
    request.target = target(
        fmt::format("/containers/{}/logs?stdout=true&stderr=true&timestamps=true&tail={}&follow={}",
                    encode(id), std::clamp(options.tail, 0, tail_max), options.follow ? "true" : "false"));
    const auto stream = co_await open(std::move(request), head_limit);
    LogLines reader;
    while (true) {
        const auto bytes = co_await stream->read();
        auto lines = bytes.empty() ? reader.rest() : reader.feed(bytes);
        for (auto& line : lines) {
            const bool more = co_await take(std::move(line));
            if (!more) co_return;
        }
        if (bytes.empty()) break;
    }
}

Task<> Client::pull(std::string reference, std::function<void(const PullStep&)> progress) {
    const auto name = split_reference(reference);
    net::CallRequest request{.method = "POST"};
    request.target =
        target(fmt::format("/images/create?fromImage={}&tag={}", encode(name.name), encode(name.tag)));
    auto stream = co_await open(std::move(request), pull_limit);
    co_await read_steps(std::move(stream), std::move(progress));
}

Task<> Client::import_image(std::string archive, std::string repository) {
    net::CallRequest request{.method = "POST"};
    request.target = target(fmt::format("/images/create?fromSrc=-&repo={}&tag=latest", encode(repository)));
    request.headers = {{"Content-Type", "application/x-tar"}};
    request.body = std::move(archive);
    auto stream = co_await open(std::move(request), pull_limit);
    co_await read_steps(std::move(stream), nullptr);
}

Task<> Client::events(std::string filters, std::int64_t since, std::function<void()> opened,
                      std::function<void(const Event&)> heard) {
    net::CallRequest request;
    request.target = target("/events?filters=" + encode(filters));
    if (since > 0)
        request.target += fmt::format("&since={}.{:09}", since / 1'000'000'000, since % 1'000'000'000);
    const auto stream = co_await open(std::move(request), head_limit);
    opened();
    LineSplitter splitter(1u << 20);
    while (true) {
        const auto bytes = co_await stream->read();
        if (bytes.empty()) break;
        for (const auto& line : splitter.feed(bytes))
            if (const auto event = read_event(line)) heard(*event);
    }
}

}  // namespace berth::container
