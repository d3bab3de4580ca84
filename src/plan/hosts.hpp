#pragma once

#include "plan/session.hpp"

/// Which hosts an engine is to lead to us, where it has to. Pure. See also `hosts_of`.
namespace berth::plan {

/// Whether whoever leads hosts to us has been told of this session's.
bool is_led(const Facts& facts, const Observed& have);

/// A session that has answered once keeps its hosts until it is ended: who comes there wakes it.
std::vector<std::string> kept_hosts(const Facts& facts, const Observed& have, const SessionStatus& status);

}  // namespace berth::plan
