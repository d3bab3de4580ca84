#pragma once

#include <string>

#include "cli/client.hpp"
#include "cli/console.hpp"

namespace berth::cli {

enum class Tty { none, raw };

/// Runs a program in a session over the WebSocket at `path` and connects it to this console: standard input
/// until its end, output and error output apart. With a terminal the keys go there as they are typed, and its
/// size follows. SIGINT and SIGTERM are passed on; the second of a kind ends this side.
///
/// Gives the program's exit status. Throws the server's words when it could not run, `unavailable`
/// (`connection_lost`) when the connection broke first.
int run_remote(Client& client, Console& console, std::string path, Tty tty);

}  // namespace berth::cli
