#pragma once

#include "net/handed_socket.hpp"
#include "net/http_client.hpp"

namespace berth::net {

/// One request on a connection that somebody else made, and its answer as it is: nothing is followed. The
/// connection ends with it; how long it may take is the caller's to say.
///
/// Throws `unavailable` (`connection_lost`) for one that breaks off or is no HTTP, and `internal`
/// (`answer_too_large`) for a body above `body_max`.
Task<CallResponse> call_on(HandedSocket<> socket, CallRequest request, std::size_t body_max);

}  // namespace berth::net
