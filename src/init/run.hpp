#pragma once

#include <cstdint>

namespace berth::init {

/// What a component exits with when it could not even be set up, as container engines have it.
inline constexpr int setup_failed = 125;

/// Where clients come in.
struct Doors {
    const char* socket_path = nullptr;
    std::uint16_t port = 0;          ///< Of TCP; 0: none.
    const char* key_path = nullptr;  ///< With a port: the file with the key of its clients.
};

/// When the program is started.
enum class Begin {
    at_once,
    when_delivered,  ///< Once a client has brought what it is to start with, see `Delivery`.
};

/// Process 1: starts the program, serves the doors, collects every process that ends, passes signals on.
///
/// Guarantees
/// - The result is the program's status, 128 + n for signal n; 127 and 126 when it is not there or cannot be
///   run, 125 when a door cannot be made. Beside a port the Unix socket may be missing.
/// - Every orphan below is collected, also when we are not process 1 (child subreaper).
/// - When the program ends, terminals and exec'd programs get SIGHUP and `stop_time` to go.
///
/// `arguments` ends with a null pointer and has at least one entry.
int run(char* const* arguments, const Doors& doors, Begin begin);

/// Serves a port without a program, in the background, until SIGTERM or SIGINT.
///
/// 0 as soon as it listens, also when somebody else with that key already does; 125 when it cannot.
int serve(const Doors& doors);

}  // namespace berth::init
