#pragma once

namespace berth::init {

/// What a component exits with when it could not even be set up, as container engines have it.
inline constexpr int setup_failed = 125;

/// Process 1: starts the program, serves the socket, collects every process that ends, passes signals on.
///
/// Guarantees
/// - The result is the program's status, 128 + n for signal n; 127 and 126 when it is not there or cannot be
///   run, 125 when the socket cannot be made.
/// - Every orphan below is collected, also when we are not process 1 (child subreaper).
/// - When the program ends, terminals and exec'd programs get SIGHUP and `stop_time` to go.
///
/// `arguments` ends with a null pointer and has at least one entry.
int run(char* const* arguments, const char* socket_path);

}  // namespace berth::init
