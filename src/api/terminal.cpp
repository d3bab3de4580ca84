#include "api/live.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/socket.hpp"
#include "plan/session.hpp"

namespace berth::api {
namespace {

constexpr int rows_default = 24, columns_default = 80, side_max = 1000;
constexpr std::size_t arguments_max = 256;
constexpr char output_mark = 1, error_mark = 2;
constexpr Duration wait_noted_every = std::chrono::seconds(5);

int side(const std::optional<int>& wanted, int fallback, std::string_view name) {
    const int number = wanted.value_or(fallback);
    if (number < 1 || number > side_max) json::refuse_type(name, "expected 1 to 1000");
    return number;
}

void check_command(const std::vector<std::string>& command) {
    if (command.size() > arguments_max) json::refuse_type("command", "expected at most 256 arguments");
}

/// An open terminal or program, and the socket that shows it.
struct Pump {
    net::WebSocket& wire;
    engine::Process& process;
    Services& services;
    SessionId session;
    const char* source = "terminal";  // What use of it is called.
    std::string id;                   // Of a terminal.
    std::optional<std::uint64_t> wanted_offset{};
    bool attached = false;  // Said so already; programs never say it.
};

/// What is typed, and what is shown to whoever is attached, is use of the session.
void note(Pump& pump) {
    pump.services.activity.note(pump.session, pump.services.now(), pump.source);
}

Task<> say_attached(Pump& pump, std::uint64_t offset, std::uint64_t live_from) {
    pump.attached = true;
    json::object message{
        {"type", "attached"}, {"offset", offset}, {"liveFrom", std::max(offset, live_from)}, {"id", pump.id}};
    co_await send(pump.wire, std::move(message));
}

Task<> say_exited(net::WebSocket& wire, int status) {
    json::object message{{"type", "exited"}, {"status", status}};
    co_await send(wire, std::move(message));
    co_await wire.close(1000, "exited");
}

Task<> say_offset(Pump& pump, const engine::TerminalEvent& event) {
    if (!pump.attached) co_return co_await say_attached(pump, event.offset, event.live_from);
    json::object message{{"type", "offset"}, {"offset", event.offset}};
    co_await send(pump.wire, std::move(message));
}

Error detached() {
    return Error(Kind::unavailable, "connection_lost", "the connection to the session broke",
                 "open it again");
}

/// From the terminal to the page, as fast as the page takes it.
Task<> show_terminal(Pump& pump) {
    using Event = engine::TerminalEvent::Kind;
    for (;;) {
        auto event = co_await pump.process.read();
        if (!event) throw detached();
        if (event->kind == Event::offset) {
            co_await say_offset(pump, *event);
            continue;
        }
        if (!pump.attached) co_await say_attached(pump, pump.wanted_offset.value_or(0), 0);
        if (event->kind == Event::exited) co_return co_await say_exited(pump.wire, event->status);
        net::Message message{.text = false, .bytes = std::move(event->bytes)};
        co_await pump.wire.write(std::move(message));
        note(pump);
    }
}

/// From the program to the client: the first byte says which of its outputs it is.
Task<> show_program(Pump& pump) {
    using Event = engine::TerminalEvent::Kind;
    for (;;) {
        auto event = co_await pump.process.read();
        if (!event) throw detached();
        if (event->kind == Event::exited) co_return co_await say_exited(pump.wire, event->status);
        if (event->kind == Event::offset) continue;
        net::Message message;
        message.bytes = event->kind == Event::error_output ? error_mark : output_mark;
        message.bytes += event->bytes;
        co_await pump.wire.write(std::move(message));
        note(pump);
    }
}

Task<> obey(Pump& pump, const json::object& message) {
    const auto* type = message.if_contains("type");
    if (type == nullptr || !type->is_string()) co_return;
    const std::string_view word = type->get_string();
    if (word == "resize") {
        const int rows = number_in(message, "rows", 0), columns = number_in(message, "cols", 0);
        const bool sane = rows >= 1 && rows <= side_max && columns >= 1 && columns <= side_max;
        if (sane) co_await pump.process.resize(rows, columns);
    } else if (word == "eof") {
        co_await pump.process.close_input();
    } else if (word == "signal") {
        const int number = number_in(message, "number", 0);
        if (number >= 1 && number <= 64) co_await pump.process.signal(number);
    }
}

/// From the client: binary messages are typed, text messages are told to the terminal.
Task<> listen(Pump& pump) {
    for (;;) {
        auto message = co_await pump.wire.read();
        if (!message) co_return;
        if (message->text) {
            const auto object = object_in(*message);
            if (object) co_await obey(pump, *object);
            continue;
        }
        co_await pump.process.write(std::move(message->bytes));
        note(pump);
    }
}

/// Somebody waits for a program to end, whether it says anything or not.
Task<> wait_with(Pump& pump) {
    for (;;) {
        note(pump);
        co_await pump.services.clock.sleep(wait_noted_every);
    }
}

/// A socket that is to be opened: everything that could be refused before the upgrade has been.
struct Opening {
    Services* services = nullptr;
    auth::Identity identity;
    Session session;
};

Task<> run_terminal(Opening opening, engine::TerminalRequest request, net::WebSocket& wire) {
    auto listener = co_await join(*opening.services, opening.identity, false, 0);
    auto& engine = opening.services->engine(opening.session.engine);
    const auto workload = plan::workload_of(opening.session.id);
    const auto id = request.id;
    const auto offset = request.offset;
    auto process = co_await engine.terminal(workload, std::move(request));
    Pump pump{.wire = wire,
              .process = *process,
              .services = *opening.services,
              .session = opening.session.id,
              .id = id,
              .wanted_offset = offset};
    std::vector<Task<>> tasks;
    tasks.push_back(show_terminal(pump));
    tasks.push_back(listen(pump));
    Socket socket{.wire = wire, .listener = listener, .services = *opening.services};
    co_await run_socket(std::move(socket), std::move(tasks));
}

Task<> run_exec(Opening opening, engine::ExecRequest request, net::WebSocket& wire) {
    auto listener = co_await join(*opening.services, opening.identity, false, 0);
    auto& engine = opening.services->engine(opening.session.engine);
    const auto workload = plan::workload_of(opening.session.id);
    const bool waited_for = !request.terminal;
    auto process = co_await engine.exec(workload, std::move(request));
    Pump pump{.wire = wire,
              .process = *process,
              .services = *opening.services,
              .session = opening.session.id,
              .source = "exec"};
    std::vector<Task<>> tasks;
    tasks.push_back(show_program(pump));
    tasks.push_back(listen(pump));
    if (waited_for) tasks.push_back(wait_with(pump));
    Socket socket{.wire = wire, .listener = listener, .services = *opening.services};
    co_await run_socket(std::move(socket), std::move(tasks));
}

}  // namespace

Task<Upgrade> session_terminal(Call call, std::string name, Params<view::TerminalQuery> query) {
    engine::TerminalRequest request{.id = query.id.value_or("main"),
                                    .rows = side(query.rows, rows_default, "rows"),
                                    .columns = side(query.cols, columns_default, "cols"),
                                    .command = query.command};
    check_command(request.command);
    if (request.id.empty() || request.id.size() > 64) json::refuse_type("id", "expected 1 to 64 characters");
    if (query.offset && *query.offset < 0) json::refuse_type("offset", "expected 0 or more");
    if (query.offset) request.offset = static_cast<std::uint64_t>(*query.offset);
    const auto live = co_await find_live(call, std::move(name));
    request.component = pick_terminal(live.spec, query.component).name;
    co_await require_running(call, live.session);
    const Opening opening{.services = call.services, .identity = call.who(), .session = live.session};
    co_return upgrade(
        [opening, request](net::WebSocket& wire) { return run_terminal(opening, request, wire); });
}

Task<Upgrade> session_exec(Call call, std::string name, Params<view::ExecQuery> query) {
    engine::ExecRequest request{.command = query.command,
                                .terminal = query.tty.value_or(false),
                                .rows = side(query.rows, rows_default, "rows"),
                                .columns = side(query.cols, columns_default, "cols")};
    check_command(request.command);
    if (request.command.empty()) json::refuse_type("command", "is required");
    const auto live = co_await find_live(call, std::move(name));
    request.component = pick_terminal(live.spec, query.component).name;
    co_await require_running(call, live.session);
    const Opening opening{.services = call.services, .identity = call.who(), .session = live.session};
    co_return upgrade([opening, request](net::WebSocket& wire) { return run_exec(opening, request, wire); });
}

}  // namespace berth::api
