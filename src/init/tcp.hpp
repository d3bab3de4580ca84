#pragma once

#include <cstdint>

#include "init/fd.hpp"

namespace berth::init {

/// A listener on `port` of all addresses: of both families, or of IPv4 where there is no IPv6. Empty, with
/// errno set, when the port cannot be had.
Fd listen_tcp(std::uint16_t port);

/// Small pieces go out at once, since we pass on what others have already put together.
void send_at_once(int socket);

/// Lets the kernel ask an idle peer for signs of life: one that vanished is found out after a minute.
void expect_life(int socket);

/// True when a peer of `expect_life` has acknowledged nothing for a minute although something is on its way
/// to it: the kernel itself would try for a quarter of an hour. Who only takes nothing more is still there.
bool vanished(int socket);

}  // namespace berth::init
