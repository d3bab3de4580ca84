#pragma once

#include <array>

#include "init/fd.hpp"
#include "init/request.hpp"

namespace berth::init {

/// Both ends of a pseudo-terminal, close-on-exec; the master does not block.
///
/// Whoever owns it keeps the slave open as well: then the master never reports a hang-up of its own, and the
/// end of the program is the one end there is.
struct Pty {
    Fd master;
    Fd slave;
};

/// What a program on a terminal is told about it, `NAME=value` as putenv(3) takes it.
extern const std::array<char*, 2> terminal_variables;

/// Makes a pseudo-terminal of that size (24 x 80 where it is 0). On failure the error says what is missing.
Refusal open_pty(WindowSize size, Pty& pty);

/// Sets the size where it is not 0, which tells the programs (SIGWINCH), and gives what holds now.
WindowSize resize(int terminal, WindowSize size);

}  // namespace berth::init
