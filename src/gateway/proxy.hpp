#pragma once

#include "gateway/passage.hpp"

namespace berth::gateway {

/// Carries one request to the application and its answer back.
///
/// Bodies stream both ways with at most one buffer each, an answer may come before the body is over, an
/// accepted Upgrade becomes a tunnel. A kept connection that dies before it answers is replaced once: for a
/// method that may be sent twice (RFC 9110, 9.2.2) whose body is still here in full. Whatever else goes wrong
/// before an answer began is told as 502, 503 or 504.
net::Work<net::After> forward(LoopState& state, net::Connection& connection,
                              std::shared_ptr<const Route> route, std::shared_ptr<const Way> way,
                              std::shared_ptr<const Visitor> visitor, const Dial& dial,
                              const OwnCookies& cookies);

}  // namespace berth::gateway
