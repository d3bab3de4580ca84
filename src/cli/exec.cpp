#include <fmt/format.h>

#include <ostream>

#include "cli/remote.hpp"
#include "cli/run.hpp"
#include "cli/terminal_mode.hpp"

namespace berth::cli {
namespace {

struct Said {
    std::string name, component;
    std::vector<std::string> command;
    bool tty = false, input = false, follow = false;
    int tail = -1;
};

// What a shell ends with when it cannot run a command (POSIX.1-2017, Shell, 2.8.2).
constexpr int not_executable = 126, not_found = 127;

/// The shell of whatever the image has, as a login shell.
const std::vector<std::string> shell{"sh", "-c", "exec \"$(command -v bash || command -v sh)\" -l"};

int exec(Run& run, const Said& said) {
    const bool terminals = run.console.in_terminal && run.console.out_terminal;
    const auto tty = said.tty || (said.command.empty() && terminals) ? Tty::raw : Tty::none;
    auto command = said.command;
    if (command.empty()) command = tty == Tty::raw ? shell : std::vector<std::string>{"sh"};
    auto path = fmt::format("/sessions/{}/exec?tty={}", segment(said.name), tty == Tty::raw ? 1 : 0);
    if (tty == Tty::raw) {
        const auto size = terminal_size(run.console.in);
        path += fmt::format("&rows={}&cols={}", size.rows, size.columns);
    }
    if (!said.component.empty()) path += "&component=" + segment(said.component);
    for (const auto& argument : command) path += "&command=" + segment(argument);
    try {
        return run_remote(run.client(), run.console, std::move(path), tty);
    } catch (const Error& error) {
        if (error.code != "program_not_found" && error.code != "cannot_run") throw;
        write_error(run.console, error);
        return error.code == "cannot_run" ? not_executable : not_found;
    }
}

Task<int> copy_stream(Client& client, std::ostream& out, std::string path) {
    const auto stream = co_await client.open(std::move(path));
    while (true) {
        const auto piece = co_await stream->read();
        if (piece.empty()) break;
        out << piece << std::flush;
    }
    co_return 0;
}

int logs(Run& run, const Said& said) {
    auto path = fmt::format("/sessions/{}/logs?follow={}", segment(said.name), said.follow);
    if (said.tail >= 0) path += fmt::format("&tail={}", said.tail);
    if (!said.component.empty()) path += "&component=" + segment(said.component);
    try {
        return run.client().finish(copy_stream(run.client(), run.console.out, std::move(path)));
    } catch (const Error& error) {
        if (error.code != "connection_lost") throw;
        throw Error(Kind::unavailable, "connection_lost", fmt::format("{}: the log broke off", said.name),
                    "go on with: berth logs -f " + shell_word(said.name), error.what());
    }
}

}  // namespace

void add_exec_verb(Grammar& grammar) {
    const auto said = std::make_shared<Said>();
    auto& verb = grammar.verb("exec", "Run a command, or a shell, in a session", "Sessions");
    verb.add_option("name", said->name, "Name or id")->required()->type_name("SESSION");
    verb.add_option("command", said->command, "The command, best after --; none: a shell")
        ->type_name("COMMAND");
    verb.add_option("-c,--component", said->component, "Another component than that of the default access")
        ->type_name("COMPONENT");
    verb.add_flag("-t,--tty", said->tty, "With a terminal, as when there is no command");
    verb.add_flag("-i,--interactive", said->input,
                  "Accepted as elsewhere: standard input is always connected");
    grammar.verbs[&verb] = [&run = grammar.run, said] { return exec(run, *said); };
}

void add_logs_verb(Grammar& grammar) {
    const auto said = std::make_shared<Said>();
    auto& verb = grammar.verb("logs", "Print what a session has written", "Sessions");
    verb.add_option("name", said->name, "Name or id")->required()->type_name("SESSION");
    verb.add_flag("-f,--follow", said->follow, "Go on as it is written");
    verb.add_option("--tail", said->tail, "Only this many lines from the end")
        ->type_name("N")
        ->check(CLI::Range(0, 10000));
    verb.add_option("-c,--component", said->component, "Another component than that of the default access")
        ->type_name("COMPONENT");
    grammar.verbs[&verb] = [&run = grammar.run, said] { return logs(run, *said); };
}

}  // namespace berth::cli
