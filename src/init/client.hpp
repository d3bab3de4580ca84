#pragma once

#include <cstdint>

#include "init/fd.hpp"

namespace berth::init {

/// Connects to the process 1 that serves `socket_path`; empty, with errno set, when nobody does.
Fd connect_to(const char* socket_path);

/// True when who listens on that port of this machine knows the key in that file.
bool is_served(std::uint16_t port, const char* key_path);

/// Writes what the descriptor takes at once, without changing it for others who share it; -1 with errno.
///
/// Call it when poll(2) says writable: a pipe then takes at least as much as this writes.
long write_some(int to, const char* bytes, unsigned long count);

/// `berth-init attach [--offset N] ID [PROGRAM ARGS...]`: a person's terminal.
///
/// Puts our own terminal into raw mode and joins it to terminal ID until that one ends (its status is the
/// result), our input ends (0) or the connection is lost (1).
int attach(int count, char** arguments, const char* socket_path);

/// `berth-init relay`: copies standard input to the socket and what it answers to standard output.
///
/// When input ends the socket's sending side is closed: a request that was complete is still answered, a
/// stream ends. 0 when the other side closed, 1 when a connection failed.
int relay(const char* socket_path);

/// `berth-init copy DEST`: puts this very program at DEST, for everybody to run. There is never a part of it.
int copy(const char* destination);

}  // namespace berth::init
