#include "init/terminal.hpp"

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "init/spawn.hpp"

namespace berth::init {

namespace {

bool is_program(const char* path) {
    struct stat file;
    return ::stat(path, &file) == 0 && S_ISREG(file.st_mode) && ::access(path, X_OK) == 0;
}

const char* find_shell() {
    const char* wanted = ::getenv("SHELL");
    for (const char* shell : {wanted, static_cast<const char*>("/bin/bash"), "/bin/sh"}) {
        if (shell != nullptr && is_program(shell)) return shell;
    }
    return nullptr;
}

const char* home_directory() {
    const char* home = ::getenv("HOME");
    struct stat file;
    const bool usable =
        home != nullptr && ::stat(home, &file) == 0 && S_ISDIR(file.st_mode) && ::access(home, X_OK) == 0;
    return usable ? home : "/";
}

/// The name under which a login shell is started: `-bash` for /bin/bash.
std::array<char, 256> login_name(const char* shell) {
    const char* slash = std::strrchr(shell, '/');
    const std::string_view name = slash != nullptr ? slash + 1 : shell;
    std::array<char, 256> login{'-'};
    name.copy(login.data() + 1, login.size() - 2);
    return login;
}

Refusal why(const Spawned& spawned) {
    switch (spawned.step) {
        case Step::directory:
            return {spawned.error, "the home directory cannot be entered"};
        case Step::program:
            return {spawned.error, "the program cannot be started"};
        default:
            return {spawned.error, "the terminal cannot be given to the program"};
    }
}

Spawned start(char* const* arguments, const char* file, int slave) {
    char* const variables[] = {terminal_variables[0], terminal_variables[1], nullptr};
    return spawn({.place = Place::terminal,
                  .file = file,
                  .arguments = arguments,
                  .variables = variables,
                  .directory = home_directory(),
                  .standard = {slave, slave, slave}});
}

}  // namespace

std::size_t Terminal::input(std::string_view bytes) {
    if (state != State::live) return bytes.size();
    const auto took = ::write(pty.master.get(), bytes.data(), bytes.size());
    if (took >= 0) return static_cast<std::size_t>(took);
    return errno == EAGAIN || errno == EINTR ? 0 : bytes.size();
}

bool Terminal::read() {
    const auto room = ring.room();
    const auto got = ::read(pty.master.get(), room.data(), room.size());
    if (got > 0) ring.wrote(static_cast<std::size_t>(got));
    return got > 0;
}

Terminal* Terminals::find(std::string_view id) {
    const auto found = std::ranges::find_if(all_, [id](const Terminal& terminal) {
        return terminal.state != Terminal::State::unused && terminal.id() == id;
    });
    return found == all_.end() ? nullptr : found;
}

Terminals::Opened Terminals::make(const Request& request) {
    const auto refused = [](Refusal refusal) { return Opened{nullptr, false, refusal}; };
    const auto live = std::ranges::count(all_, Terminal::State::live, &Terminal::state);
    if (static_cast<std::size_t>(live) >= terminals_max) return refused({EAGAIN, "16 terminals are open"});
    auto& terminal = *std::ranges::find(all_, Terminal::State::unused, &Terminal::state);

    const char* shell = nullptr;
    if (request.arguments[0] == nullptr) {
        shell = find_shell();
        if (shell == nullptr)
            return refused({ENOENT, "there is no shell: neither $SHELL, /bin/bash nor /bin/sh"});
    }
    terminal = Terminal();
    if (!terminal.ring.open()) return refused({ENOMEM, "no memory for another terminal"});
    if (const auto refusal = open_pty(request.size, terminal.pty)) {
        terminal = Terminal();
        return refused(refusal);
    }
    const int slave = terminal.pty.slave.get();
    Spawned spawned;
    if (shell != nullptr) {
        auto login = login_name(shell);
        char* const arguments[] = {login.data(), nullptr};
        spawned = start(arguments, shell, slave);
        terminal.command.add(shell);
    } else {
        spawned = start(request.arguments.data(), request.arguments[0], slave);
        for (std::size_t i = 0; request.arguments[i] != nullptr; ++i) {
            terminal.command.add(i == 0 ? "" : " ").add(request.arguments[i]);
        }
    }
    if (spawned.error != 0) {
        terminal = Terminal();
        return refused(why(spawned));
    }
    terminal.state = Terminal::State::live;
    terminal.pid = spawned.pid;
    terminal.size = resize(terminal.pty.master.get(), {});
    terminal.id_size = request.id.copy(terminal.id_bytes.data(), id_max);
    return {.terminal = &terminal, .created = true, .refusal = {}};
}

void Terminals::list(Text<8192>& into) const {
    constexpr std::string_view nul("\0", 1);
    for (const auto& terminal : all_) {
        if (terminal.state != Terminal::State::live) continue;
        into.add(terminal.id()).add(nul).add(static_cast<std::uint64_t>(terminal.pid)).add(nul);
        into.add(terminal.size.rows).add(nul).add(terminal.size.columns).add(nul);
        into.add(terminal.command.view()).add(nul);
    }
}

void Terminals::close(Terminal& terminal, Time now) {
    if (terminal.state != Terminal::State::live) return;
    terminal.doomed = groups_of(terminal.pid, terminal.pty.master.get());
    hang_up(terminal.doomed);
    if (!terminal.kill_at) terminal.kill_at = now + kill_time;
}

void Terminals::close_all(Time now) {
    for (auto& terminal : all_) close(terminal, now);
}

Terminal* Terminals::ended(pid_t pid, int status) {
    const auto found = std::ranges::find_if(all_, [pid](const Terminal& terminal) {
        return terminal.state == Terminal::State::live && terminal.pid == pid;
    });
    if (found == all_.end()) return nullptr;
    // The program's last words are in the kernel's hands still. Bounded: what it left in the background may
    // write for ever. When the master closes, the kernel hangs up on those.
    for (std::size_t read = 0; read < last_words_max && found->read(); read += 4096) continue;
    found->pty = Pty();
    found->state = Terminal::State::ended;
    found->status = status;
    found->ended_as = ended_count_++;
    return found;
}

Terminal* Terminals::surplus() {
    Terminal* oldest = nullptr;
    std::size_t count = 0;
    for (auto& terminal : all_) {
        if (terminal.state != Terminal::State::ended) continue;
        ++count;
        if (oldest == nullptr || terminal.ended_as < oldest->ended_as) oldest = &terminal;
    }
    return count > ended_terminals_max ? oldest : nullptr;
}

void Terminals::forget(Terminal& terminal) {
    if (terminal.kill_at) kill(terminal.doomed);
    terminal = Terminal();
}

void Terminals::watch(PollSet& poll) {
    for (auto& terminal : all_) {
        terminal.place = -1;
        if (terminal.kill_at) poll.wake_at(*terminal.kill_at);
        if (terminal.state != Terminal::State::live) continue;
        terminal.place = poll.add(terminal.pty.master.get(), POLLIN | (terminal.input_waits ? POLLOUT : 0));
        terminal.input_waits = false;
    }
}

void Terminals::tick(Time now) {
    for (auto& terminal : all_) {
        if (!terminal.kill_at || now < *terminal.kill_at) continue;
        kill(terminal.doomed);
        terminal.kill_at.reset();
    }
}

void Terminals::kill_all() {
    for (auto& terminal : all_) {
        if (terminal.state == Terminal::State::live) {
            kill(groups_of(terminal.pid, terminal.pty.master.get()));
        } else if (terminal.kill_at) {
            kill(terminal.doomed);
        }
    }
}

bool Terminals::any_live() const {
    return std::ranges::find(all_, Terminal::State::live, &Terminal::state) != all_.end();
}

}  // namespace berth::init
