#include "cli/wait.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <ostream>
#include <sstream>

#include "base/task.hpp"
#include "base/timeout.hpp"
#include "cli/time_text.hpp"

namespace berth::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_poll = 100ms;
constexpr Duration slowest_poll = 3s;
constexpr Duration poll_beside_events = 5s;  // Also when the feed is up: a proxy may swallow it.
constexpr Duration redraw = 100ms;
constexpr int lines_shown = 10;
constexpr std::size_t log_max = 64u << 10;

/// What wakes the waiting: an event about the session, or Ctrl-C.
struct Bell {
    explicit Bell(const asio::any_io_executor& executor) : timer(executor) {}

    void ring() {
        rung = true;
        timer.cancel();
    }
    /// Returns after `length`, or sooner when it rings.
    Task<> wait(Duration length) {
        if (rung) co_return;
        timer.expires_after(length);
        boost::system::error_code ec;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }

    asio::steady_timer timer;
    bool rung = false;
    bool interrupted = false;
    bool feed = false;
};

bool concerns(const std::string& text, const std::string& id) {
    const auto tree = json::parse(text);
    const auto* entries = tree.if_object();
    if (entries == nullptr) return false;
    const auto* subject = entries->if_contains("subject");
    const auto* kind = entries->if_contains("kind");
    // Frames of the feed itself: what happened before the first one was missed.
    if (kind == nullptr) return true;
    if (subject != nullptr && subject->is_string() && subject->get_string() == id) return true;
    return kind->is_string() && kind->get_string() == "image.progress";
}

/// Rings for every event about the session while the feed lasts.
Task<> listen(Client& client, std::string id, std::shared_ptr<Bell> bell) {
    try {
        const auto feed = co_await client.websocket("/events");
        bell->feed = true;
        while (true) {
            const auto message = co_await feed->read();
            if (!message) break;
            if (message->text && concerns(message->bytes, id)) bell->ring();
        }
    } catch (const Error&) {  // Without a feed the polling goes on.
    }
    bell->feed = false;
}

/// The session as it is now, null when there is none any more.
Task<json::value> look(Client& client, std::string id) {
    try {
        co_return co_await client.ask("GET", "/sessions/" + segment(id), nullptr);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
    }
    co_return nullptr;
}

/// What the session wrote last, for a failure that brings no lines of its own; empty when there is nothing to
/// read.
Task<std::vector<std::string>> last_lines(Client& client, std::string id) {
    std::vector<std::string> lines;
    try {
        const auto log =
            co_await client.open(fmt::format("/sessions/{}/logs?tail={}", segment(id), lines_shown));
        std::string text;
        while (text.size() < log_max) {
            const auto piece = co_await log->read();
            if (piece.empty()) break;
            text += piece;
        }
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) lines.push_back(line);
    } catch (const Error&) {  // The cause matters more than its log.
    }
    co_return lines;
}

struct Watch {
    Client& client;
    std::ostream& out;
    StepReport report;
    Goal goal;
    std::string id;
    bool live;
};

/// Looks until the goal is reached; what is drawn meanwhile goes to `watch.out`.
Task<json::value> watch_session(Watch& watch, std::shared_ptr<Bell> bell) {
    const auto start = watch.client.clock().now();
    auto pause = first_poll;
    while (true) {
        bell->rung = false;
        auto session = co_await look(watch.client, watch.id);
        if (session.is_null()) {
            watch.out << watch.report.erase() << std::flush;
            co_return session;
        }
        auto view = json::from_json<SessionView>(session);
        auto& status = view.status;
        const bool failed = status.phase == "failed" && status.incarnation > watch.goal.after_incarnation;
        const bool ending = watch.goal.phase != "running";
        if (failed && !ending && status.last_log.empty())
            status.last_log = co_await last_lines(watch.client, watch.id);
        if (reached(view, watch.goal)) {
            watch.out << watch.report.finish(view) << std::flush;
            co_return session;
        }
        const auto next_look = watch.client.clock().now() + (bell->feed ? poll_beside_events : pause);
        pause = std::min(pause * 3 / 2, slowest_poll);
        while (!bell->rung && !bell->interrupted && watch.client.clock().now() < next_look) {
            const auto elapsed = std::chrono::duration<double>(watch.client.clock().now() - start).count();
            watch.out << watch.report.show(view, elapsed) << std::flush;
            co_await bell->wait(
                std::min(watch.live ? redraw : slowest_poll, next_look - watch.client.clock().now()));
        }
        if (!bell->interrupted) continue;
        throw Interrupted(
            fmt::format("{} is still {}", view.name, view.status.phase),
            ending ? fmt::format("it goes on; see it with: berth get {}", shell_word(view.name))
                   : fmt::format("it goes on; come back with: berth open {}", shell_word(view.name)));
    }
}

Task<json::value> watch_and_listen(Watch& watch) {
    const auto executor = co_await asio::this_coro::executor;
    const auto bell = std::make_shared<Bell>(executor);
    asio::signal_set signals(executor, SIGINT);
    signals.async_wait([bell](const boost::system::error_code& ec, int) {
        if (ec) return;
        bell->interrupted = true;
        bell->ring();
    });
    TaskGroup group(executor);
    group.start("events", listen(watch.client, watch.id, bell));
    json::value session;
    std::exception_ptr failure;
    try {
        session = co_await watch_session(watch, bell);
    } catch (...) {
        failure = std::current_exception();
    }
    signals.cancel();
    group.cancel();
    auto joining = group.join();
    try {
        co_await finish_within(watch.client.clock(), 1s, "events", std::move(joining));
    } catch (const Error&) {  // The feed's socket closes with the loop at the latest.
    }
    if (failure) std::rethrow_exception(failure);
    co_return session;
}

/// Whether there may be a log: where nothing was ever started there is none to look at.
bool has_written(const StatusView& status) {
    return !status.last_log.empty() || std::ranges::any_of(status.steps, [](const StepView& step) {
        return step.name == "started" && step.state == "done";
    });
}

/// What asks for it again.
std::string verb_of(const Goal& goal) {
    if (goal.phase == "gone") return "rm";
    if (goal.phase == "hibernated") return "hibernate";
    return goal.phase == "frozen" ? "freeze" : "wake";
}

[[noreturn]] void refuse(const SessionView& session, const Goal& goal) {
    const auto& status = session.status;
    auto why = status.message.empty() ? status.reason : status.message;
    for (const auto& step : status.steps)
        if (why.empty() && step.state == "failed") why = step.name + ": " + step.message.value_or("failed");
    if (why.empty()) why = "no cause was given";
    const auto again = verb_of(goal);
    const auto* const more = has_written(status) ? "logs" : "get";
    throw SessionFailed(fmt::format("{} failed: {}", session.name, why), status.last_log,
                        fmt::format("see: berth {0} {1}, try again with: berth {2} {1}", more,
                                    shell_word(session.name), again));
}

}  // namespace

bool reached(const SessionView& session, const Goal& goal) {
    const auto& status = session.status;
    if (status.phase == "gone" && goal.phase == "gone") return true;
    if (status.incarnation <= goal.after_incarnation) return false;
    if (status.phase == goal.phase) return true;
    if (status.phase == "failed" && goal.phase != "gone") refuse(session, goal);
    const bool ended = status.phase == "terminating" || status.phase == "gone";
    if (ended && goal.phase != "gone")
        throw SessionFailed(fmt::format("{} was ended meanwhile", session.name), {}, "see: berth ls");
    // Somebody asked for the opposite, or used it: what was waited for will not come.
    if (goal.phase == "frozen" && session.state != "frozen")
        throw SessionFailed(fmt::format("{} was {} meanwhile", session.name,
                                        session.state == "running" ? "used" : session.state),
                            {}, fmt::format("see: berth why {}", shell_word(session.name)));
    if (goal.phase == "running" && session.state == "hibernated" && status.phase == "hibernated")
        throw SessionFailed(fmt::format("{} was hibernated meanwhile", session.name), {},
                            fmt::format("wake it with: berth wake {}", shell_word(session.name)));
    return false;
}

json::value wait_for(Run& run, const json::value& session, Goal goal) {
    const auto view = json::from_json<SessionView>(session);
    const bool data = run.format() != Format::table && run.format() != Format::wide;
    const bool live = (data ? run.console.err_terminal : run.console.out_terminal) &&
                      run.console.variable("TERM") != "dumb";
    auto& out = data ? run.console.err : run.console.out;
    const auto mode = live ? StepReport::Mode::live : StepReport::Mode::lines;
    const auto kind = goal.phase == "running" ? StepReport::Kind::start : StepReport::Kind::stop;
    Watch watch{run.client(),    out,     StepReport(view.name, kind, mode, run.console.columns),
                std::move(goal), view.id, live};
    try {
        return run.client().finish(watch_and_listen(watch));
    } catch (const Error&) {
        out << watch.report.erase() << std::flush;
        throw;
    }
}

}  // namespace berth::cli
