#include "engine/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

#include "base/timeout.hpp"

namespace berth::engine {
namespace {

constexpr std::chrono::seconds dial_limit{2};
constexpr std::chrono::seconds answer_limit{5};
constexpr std::chrono::seconds program_limit{10};

int find_port(const std::vector<Port>& ports, const std::string& name) {
    const auto found = std::ranges::find(ports, name, &Port::name);
    if (found == ports.end()) throw Error(Kind::invalid, "invalid_field", "there is no port " + quoted(name));
    return found->port;
}

Task<std::string> ask(Stream stream, std::string path) {
    auto request = fmt::format(
        "GET {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: berth-probe\r\nConnection: close\r\n\r\n", path);
    co_await asio::async_write(stream, asio::buffer(request), asio::use_awaitable);
    std::string answer(256, '\0');
    std::size_t filled = 0;
    while (filled < answer.size() && answer.find('\n') == std::string::npos) {
        boost::system::error_code ec;
        filled += co_await stream.async_read_some(asio::buffer(answer) + filled,
                                                  asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        if (ec) break;
    }
    answer.resize(filled);
    co_return answer.substr(0, answer.find_first_of("\r\n"));
}

Task<std::optional<std::string>> probe_http(InitClient init, Clock& clock, int port, std::string path) {
    auto stream = co_await init.dial(port, dial_limit);
    auto work = ask(std::move(stream), path);
    auto what = fmt::format("GET {} on port {}", path, port);
    const auto line = co_await finish_within(clock, answer_limit, what, std::move(work));
    const auto status = read_status_line(line);
    if (!status) co_return what + ": no HTTP answer";
    if (*status >= 500) co_return fmt::format("{}: {}", what, *status);
    co_return std::nullopt;
}

Task<int> run_to_end(std::unique_ptr<Process> process) {
    while (true) {
        const auto event = co_await process->read();
        if (!event) co_return -1;
        if (event->kind == TerminalEvent::Kind::exited) co_return event->status;
    }
}

Task<std::optional<std::string>> probe_exec(InitClient init, Clock& clock, std::vector<std::string> command) {
    ExecRequest request{.command = command};
    auto process = co_await init.exec(std::move(request));
    auto work = run_to_end(std::move(process));
    auto what = "probe " + quoted(command.front());
    const int status = co_await finish_within(clock, program_limit, what, std::move(work));
    if (status == 0) co_return std::nullopt;
    co_return fmt::format("{} ended with {}", what, status);
}

Task<std::optional<std::string>> probe_some(InitClient init, Clock& clock, std::optional<Probe> probe,
                                            std::vector<Port> ports) {
    if (probe && probe->http) {
        const int port = find_port(ports, probe->http->port);
        co_return co_await probe_http(init, clock, port, probe->http->path);
    }
    if (probe && probe->exec && !probe->exec->empty())
        co_return co_await probe_exec(init, clock, *probe->exec);
    if (probe && probe->tcp) {
        const int port = find_port(ports, *probe->tcp);
        co_await init.dial(port, dial_limit);
    } else {
        co_await init.ping(answer_limit);
    }
    co_return std::nullopt;
}

}  // namespace

std::optional<int> read_status_line(std::string_view line) {
    if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return std::nullopt;
    int status = 0;
    const auto* const end = line.data() + 12;
    const auto [stop, ec] = std::from_chars(line.data() + 9, end, status);
    if (ec != std::errc{} || stop != end || status < 100) return std::nullopt;
    return status;
}

Task<std::optional<std::string>> probe_once(InitClient init, Clock& clock, std::optional<Probe> probe,
                                            std::vector<Port> ports) {
    try {
        auto work = probe_some(init, clock, std::move(probe), std::move(ports));
        co_return co_await std::move(work);
    } catch (const Error& error) {
        co_return error.user;
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        co_return error.code().message();
    }
}

}  // namespace berth::engine
