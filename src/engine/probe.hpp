#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/init_client.hpp"

namespace berth::engine {

/// What a component says of itself to whoever has to probe it, also after Berth has started anew.
struct ProbeSpec {
    std::optional<Probe> readiness;
    std::vector<Port> ports;
    bool operator==(const ProbeSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(ProbeSpec, (), (readiness, ports))

/// Asks once whether a component is ready; nothing when it is, else why not: `port 8888: connection refused`.
///
/// Without a probe its process 1 has to answer. Never throws for what the component does; takes at most 10 s.
Task<std::optional<std::string>> probe_once(InitClient init, Clock& clock, std::optional<Probe> probe,
                                            std::vector<Port> ports);

/// The number after the protocol of an HTTP status line, `HTTP/1.1 200 OK`; nothing when it is none.
std::optional<int> read_status_line(std::string_view line);

}  // namespace berth::engine
