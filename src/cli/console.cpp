#include "cli/console.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "base/error.hpp"

extern char** environ;  // NOLINT: POSIX names it so.

namespace berth::cli {
namespace {

/// Keeps a terminal from showing what is typed. Interrupting keys become errors of `read`, so that the
/// destructor runs.
class Hidden {
  public:
    explicit Hidden(int terminal) : terminal_(terminal) {
        if (tcgetattr(terminal_, &before_) != 0) return;
        auto quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
        changed_ = tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
    }
    ~Hidden() {
        if (changed_) tcsetattr(terminal_, TCSAFLUSH, &before_);
    }
    Hidden(const Hidden&) = delete;
    Hidden& operator=(const Hidden&) = delete;

  private:
    int terminal_;
    termios before_{};
    bool changed_ = false;
};

std::string read_line(int descriptor) {
    std::string line;
    for (char letter = 0;;) {
        const auto count = ::read(descriptor, &letter, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0 && line.empty())
            throw Error(Kind::invalid, "no_input", "standard input ended before an answer");
        if (count <= 0 || letter == '\n') return line;
        if (letter == 3) throw Error(Kind::invalid, "no_input", "interrupted");
        if (letter != '\r') line += letter;
    }
}

}  // namespace

std::string Console::variable(const std::string& name) const {
    const auto found = environment.find(name);
    return found == environment.end() ? "" : found->second;
}

Console system_console() {
    Console console{.out = std::cout, .err = std::cerr};
    console.in_terminal = isatty(STDIN_FILENO) != 0;
    console.out_terminal = isatty(STDOUT_FILENO) != 0;
    console.err_terminal = isatty(STDERR_FILENO) != 0;
    winsize size{};
    const int terminal = console.out_terminal ? STDOUT_FILENO : STDERR_FILENO;
    if (ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) console.columns = size.ws_col;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string text = *entry;
        const auto equals = text.find('=');
        if (equals != std::string::npos)
            console.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return console;
}

std::string ask_line(Console& console, const std::string& prompt) {
    console.err << prompt << std::flush;
    return read_line(console.in);
}

SecretText ask_secret(Console& console, const std::string& prompt) {
    if (console.in_terminal) console.err << prompt << std::flush;
    std::string line;
    {
        const Hidden hidden(console.in);
        line = read_line(console.in);
    }
    if (console.in_terminal) console.err << "\n" << std::flush;
    return SecretText(std::move(line));
}

bool ask_yes(Console& console, const std::string& question) {
    const auto answer = ask_line(console, question + " [y/N] ");
    return !answer.empty() && (answer.front() == 'y' || answer.front() == 'Y');
}

std::string read_input(Console& console, std::size_t limit) {
    std::string text;
    char piece[16384];
    for (;;) {
        const auto count = ::read(console.in, piece, sizeof(piece));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw Error(Kind::invalid, "no_input", "cannot read standard input");
        if (count == 0) return text;
        text.append(piece, static_cast<std::size_t>(count));
        if (text.size() > limit) throw Error(Kind::invalid, "too_large", "standard input is too large");
    }
}

std::string find_program(const Console& console, const std::string& name) {
    const auto path = console.variable("PATH");
    for (std::size_t from = 0; from <= path.size();) {
        const auto to = std::min(path.find(':', from), path.size());
        const auto folder = path.substr(from, to - from);
        const auto file = folder + "/" + name;
        if (!folder.empty() && access(file.c_str(), X_OK) == 0) return file;
        from = to + 1;
    }
    return {};
}

}  // namespace berth::cli
