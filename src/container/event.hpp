#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "container/types.hpp"

namespace berth::container {

/// Something that happened in the engine.
struct Event {
    std::string type;    ///< container, image, network, volume
    std::string action;  ///< create, start, die, oom, destroy (Podman: remove), pull, tag…
    std::string id;
    Labels labels;                 ///< Labels and attributes alike: the API does not tell them apart.
    std::int64_t nanoseconds = 0;  ///< When, since the epoch.
    bool operator==(const Event&) const = default;
};

/// Reads one line of `GET /events`; nothing when it is none.
std::optional<Event> read_event(std::string_view line);

}  // namespace berth::container
