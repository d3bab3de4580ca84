#include "init/pty.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace berth::init {

namespace {

char terminal_type[] = "TERM=xterm-256color";
char color_type[] = "COLORTERM=truecolor";

}  // namespace

const std::array<char*, 2> terminal_variables{terminal_type, color_type};

Refusal open_pty(WindowSize size, Pty& pty) {
    Fd master(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (!master) return {errno, "no terminals here: /dev/ptmx cannot be opened"};
    char name[32];
    if (::unlockpt(master.get()) != 0 || ::ptsname_r(master.get(), name, sizeof name) != 0) {
        return {errno, "no terminals here: /dev/ptmx gives none"};
    }
    Fd slave(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!slave) return {errno, "no terminals here: /dev/pts is not mounted"};
    pty.master = std::move(master);
    pty.slave = std::move(slave);
    if (size.rows == 0) size.rows = 24;
    if (size.columns == 0) size.columns = 80;
    resize(pty.master.get(), size);
    return {};
}

WindowSize resize(int terminal, WindowSize size) {
    winsize cells{};
    ::ioctl(terminal, TIOCGWINSZ, &cells);
    if (size.rows != 0) cells.ws_row = size.rows;
    if (size.columns != 0) cells.ws_col = size.columns;
    ::ioctl(terminal, TIOCSWINSZ, &cells);
    return {.rows = cells.ws_row, .columns = cells.ws_col};
}

}  // namespace berth::init
